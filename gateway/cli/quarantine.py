"""``gateway quarantine``: mail that could not become a ticket."""

from __future__ import annotations

import sys
from typing import Any

import click

from gateway import cli
from gateway.cli import terminal
from gateway.cli.desk import opened_store
from gateway.cli.ticket_view import stamp
from gateway.errors import Permanent
from gateway.store import inbox, utcnow


@click.group()
def quarantine() -> None:
    """Mail that could not become a ticket: unreadable, or written by no person."""


def _row(row: inbox.InboxRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "reason": row.reason,
        "source": row.source,
        "envelope_sender": row.sender,
        "recipients": list(row.recipients),
        "size": row.size,
        "received_at": stamp(row.received_at),
    }


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="An array of mails.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Mail in quarantine, the oldest first."""
    with opened_store(ctx) as store:
        rows = [_row(r) for r in store.read(inbox.quarantined)]
    if as_json:
        terminal.show_json(rows)
        return
    for row in rows:
        terminal.show(f"{row['id']:>6}  {row['received_at']}  {row['size']:>9} bytes  {row['reason']}")
    click.echo("Show one: gateway quarantine show ID" if rows else "Nothing is in quarantine.")


@quarantine.command()
@click.argument("id", type=cli.NUMBER)
@click.option("--raw", is_flag=True, help="The raw bytes alone.")
@click.pass_context
def show(ctx: click.Context, id: int, raw: bool) -> None:
    """One mail with its reason and its raw bytes."""
    with opened_store(ctx) as store:
        row = store.read(lambda c: inbox.row(c, id))
        data = store.read(lambda c: inbox.raw_of(c, id))
    if row is None or data is None:
        raise Permanent(f"there is no mail {id}")
    if raw:
        sys.stdout.buffer.write(data)
        return
    for key, value in {**_row(row), "state": row.state}.items():
        terminal.show(f"{key:<16} {value}")
    terminal.show("\n" + data[:20_000].decode("utf-8", "replace"))


@quarantine.command()
@click.argument("id", type=cli.NUMBER)
@click.pass_context
def release(ctx: click.Context, id: int) -> None:
    """Decide a mail again, as one that a person wrote."""
    with opened_store(ctx) as store:
        if not store.transact(lambda c: inbox.release(c, id, utcnow())):
            raise Permanent(f"mail {id} is not in quarantine")
    click.echo(f"Mail {id} becomes a ticket as soon as a worker is free.")


@quarantine.command()
@click.argument("id", type=cli.NUMBER)
@click.pass_context
def drop(ctx: click.Context, id: int) -> None:
    """Take a mail off the list; its raw bytes are kept."""
    with opened_store(ctx) as store:
        if not store.transact(lambda c: inbox.drop(c, id, utcnow())):
            raise Permanent(f"mail {id} is not in quarantine")
    click.echo(f"Mail {id} is off the list.")
