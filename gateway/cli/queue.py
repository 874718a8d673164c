"""``gateway queue``: notices that wait to be sent, and dead letters."""

from __future__ import annotations

import json
from typing import Any

import click
import sqlalchemy as sa

from gateway import cli
from gateway.cli import terminal
from gateway.cli.desk import opened_store
from gateway.cli.ticket_view import stamp
from gateway.errors import Permanent
from gateway.store import outbox, utcnow


@click.group()
def queue() -> None:
    """Notices that wait to be sent, and dead letters."""


def _row(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "ticket": row.ticket,
        "recipient": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "message_id": row.message_id,
        "created_at": stamp(row.created_at),
        "next_attempt_at": stamp(row.due_at) if row.state != "dead" else None,
        "reply": row.reply,
    }


@queue.command("list")
@click.option("--json", "as_json", is_flag=True, help="An array of notices.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """What has not been sent, the oldest first."""
    with opened_store(ctx) as store:
        rows = [_row(r) for r in store.read(outbox.unsent)]
    if as_json:
        terminal.show_json(rows)
        return
    for row in rows:
        when = f"next {row['next_attempt_at']}" if row["next_attempt_at"] else "given up"
        number = f"#{row['ticket']}" if row["ticket"] else "-"
        first = f"{row['id']:>6}  {row['state']:<11} {row['kind']:<22} {number:<7}"
        terminal.show(f"{first} {row['recipient']}  {when}  {row['reply']}")
    if not rows:
        click.echo("Nothing waits.")


@queue.command()
@click.argument("id", type=cli.NUMBER)
@click.pass_context
def show(ctx: click.Context, id: int) -> None:
    """One notice, as it was composed if it has been tried."""
    with opened_store(ctx) as store:
        row = store.read(lambda c: outbox.get(c, id))
    if row is None:
        raise Permanent(f"there is no notice {id}")
    for key, value in _row(row).items():
        terminal.show(f"{key:<16} {value if value is not None else '-'}")
    if row.composed is not None:
        terminal.show("\n" + bytes(row.composed).decode("utf-8", "replace"))
    else:
        terminal.show("\n" + json.dumps(row.draft["context"], ensure_ascii=False, indent=1))


@queue.command()
@click.argument("id", type=cli.NUMBER)
@click.pass_context
def retry(ctx: click.Context, id: int) -> None:
    """Send a waiting notice or a dead letter now."""
    with opened_store(ctx) as store:
        if not store.transact(lambda c: outbox.retry(c, id, utcnow())):
            raise Permanent(f"there is no unsent notice {id}")
    click.echo(f"Notice {id} is due now.")


@queue.command()
@click.argument("id", type=cli.NUMBER)
@click.pass_context
def drop(ctx: click.Context, id: int) -> None:
    """Never send a notice."""
    with opened_store(ctx) as store:
        if not store.transact(lambda c: outbox.drop(c, id, utcnow())):
            raise Permanent(f"there is no unsent notice {id}")
    click.echo(f"Notice {id} will not be sent.")
