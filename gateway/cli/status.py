"""``gateway status``: how the desk does, at a glance; status 1 when something is stuck."""

from __future__ import annotations

from typing import Any

import click

from gateway import cli
from gateway.cli import terminal
from gateway.cli.desk import opened_store
from gateway.cli.ticket_view import stamp
from gateway.store import fleet, utcnow
from gateway.store.health import Backlog, backlog

STUCK_SECONDS = 900
"""A mail undecided, or a notice overdue, for a quarter of an hour: somebody should look."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Backlog, mailboxes and dead letters. Ends with 1 when something is stuck."""
    names = [box.name for box in cli.settings(ctx).inbound.imap]
    now = utcnow()
    with opened_store(ctx) as store:
        found = store.read(backlog)
        hosts = store.read(fleet.daemons)
    view = _view(found, names, now.timestamp())
    view["daemons"] = [{"host": d.host, "pid": d.pid, "since": stamp(d.started_at)} for d in hosts]
    if as_json:
        terminal.show_json(view)
    else:
        terminal.show(_text(view))
    if view["stuck"]:
        ctx.exit(cli.FAILED)


def _view(found: Backlog, names: list[str], now: float) -> dict[str, Any]:
    boxes = {row.name: row for row in found.mailboxes}
    mailboxes = [
        {
            "name": name,
            "last_success": stamp(boxes[name].ok_at) if name in boxes else None,
            "failing_since": stamp(boxes[name].failed_since) if name in boxes else None,
            "error": boxes[name].error if name in boxes else "",
        }
        for name in names
    ]
    mail_age = now - found.oldest_mail.timestamp() if found.oldest_mail else 0.0
    notice_age = now - found.oldest_notice.timestamp() if found.oldest_notice else 0.0
    stuck = []
    if mail_age > STUCK_SECONDS:
        stuck.append(f"a mail has waited for {mail_age:.0f} s")
    if notice_age > STUCK_SECONDS:
        stuck.append(f"a notice has been overdue for {notice_age:.0f} s")
    if found.dead_letters:
        many = "dead letter" if found.dead_letters == 1 else "dead letters"
        stuck.append(f"{found.dead_letters} {many}: gateway queue list")
    stuck += [
        f"mailbox {m['name']} fails since {m['failing_since']}: {m['error']}" for m in mailboxes if m["failing_since"]
    ]
    return {
        "mail_waiting": found.mail_waiting,
        "oldest_mail": stamp(found.oldest_mail),
        "quarantined": found.quarantined,
        "notices_waiting": found.notices_waiting,
        "oldest_notice": stamp(found.oldest_notice),
        "dead_letters": found.dead_letters,
        "tickets": found.tickets,
        "mailboxes": mailboxes,
        "stuck": stuck,
    }


def _text(view: dict[str, Any]) -> str:
    tickets = ", ".join(f"{count} {name}" for name, count in view["tickets"].items()) or "none"
    lines = [
        f"Tickets        {tickets}",
        f"Mail waiting   {view['mail_waiting']}"
        + (f", the oldest since {view['oldest_mail']}" if view["oldest_mail"] else ""),
        f"Quarantine     {view['quarantined']}",
        f"Notices        {view['notices_waiting']} waiting, {view['dead_letters']} dead",
    ]
    for box in view["mailboxes"]:
        lines.append(f"Mailbox        {box['name']}: last read {box['last_success'] or 'never'}")
    lines += [f"Daemon         {d['host']}, process {d['pid']}, since {d['since']}" for d in view["daemons"]]
    lines += [f"STUCK          {reason}" for reason in view["stuck"]]
    return "\n".join(lines)
