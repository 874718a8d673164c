"""``gateway ticket``: list, show and work on tickets."""

from __future__ import annotations

import sys

import click

from gateway import cli
from gateway.cli import terminal, ticket_view
from gateway.cli.desk import opened, opened_store, order, ticket_or_fail
from gateway.desk import orders
from gateway.desk.model import STATUS_WORDS, Status
from gateway.errors import Permanent

_OPEN = (Status.NEW, Status.IN_PROGRESS)


@click.group()
def ticket() -> None:
    """List, show and work on tickets."""


@ticket.command("list")
@click.option("--json", "as_json", is_flag=True, help="An array of tickets.")
@click.option("--status", default="", help="new, in_progress, pending, client_responded, to_be_checked, closed, open …")
@click.option("--owner", default="", help="An agent's handle.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.pass_context
def list_(ctx: click.Context, as_json: bool, status: str, owner: str, limit: int) -> None:
    """Tickets, the most recently changed first."""
    from gateway.store import tickets

    wanted = _statuses(status)
    with opened_store(ctx) as store:
        found = store.read(lambda c: tickets.listed(c, statuses=wanted, owner=owner, limit=limit))
    if as_json:
        terminal.show_json([ticket_view.head(t) for t in found])
    else:
        terminal.show(ticket_view.table(found))


def _statuses(word: str) -> tuple[str, ...]:
    if not word:
        return ()
    if word.casefold() == "open":
        return tuple(s.value for s in _OPEN)
    status = STATUS_WORDS.get(word.casefold())
    if status is None:
        raise click.UsageError(f"there is no status {word!r}; there are {', '.join(s.value for s in Status)}, open")
    return (status.value,)


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.option("--json", "as_json", is_flag=True, help="One object with messages and events.")
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool) -> None:
    """Everything about a ticket."""
    from gateway.store import tickets

    with opened_store(ctx) as store:
        found = store.read(lambda c: ticket_or_fail(c, number, whole=True))
        events = store.read(lambda c: tickets.events(c, number))
        links = store.read(lambda c: tickets.links(c, number))
    if as_json:
        terminal.show_json(ticket_view.whole(found, events, links))
    else:
        terminal.show(ticket_view.page(found, events, links))


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.argument("name")
@click.pass_context
def file(ctx: click.Context, number: int, name: str) -> None:
    """The bytes of a file of a ticket; the last one of that name."""
    from gateway.store import inbox

    with opened_store(ctx) as store:
        found = store.read(lambda c: ticket_or_fail(c, number, whole=True))
        files = {f.filename: f.sha256 for message in found.messages for f in message.files}
        if name not in files:
            raise Permanent(f"ticket {number} has no file {name!r}; it has: {', '.join(files) or 'none'}")
        data = store.read(lambda c: inbox.get_blob(c, files[name]))
    sys.stdout.buffer.write(data or b"")


def _run(ctx: click.Context, number: int, command: str, text: str = "", *, note: bool = False) -> None:
    with opened(ctx) as desk:
        lines = order(desk, number, lambda t, policy, now: orders.act(t, command, text, policy, now, note=note))
    terminal.show("\n".join(lines) or "Nothing to change.")


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.option("--quiet", is_flag=True, help="Write nothing to the client.")
@click.pass_context
def close(ctx: click.Context, number: int, quiet: bool) -> None:
    """Close a ticket and send the closing notice."""
    _run(ctx, number, "#close quiet" if quiet else "#close")


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.argument("agent")
@click.option("--reason", default="", help="Told to the new owner.")
@click.pass_context
def assign(ctx: click.Context, number: int, agent: str, reason: str) -> None:
    """Give a ticket to an agent or a team."""
    _run(ctx, number, f"#assign {_line(agent)}" + (f": {_line(reason)}" if reason else ""))


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.argument("text")
@click.pass_context
def note(ctx: click.Context, number: int, text: str) -> None:
    """Add an internal note."""
    _something(text)
    _run(ctx, number, "", text, note=True)


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.argument("text")
@click.pass_context
def reply(ctx: click.Context, number: int, text: str) -> None:
    """Write to the client."""
    _something(text)
    _run(ctx, number, "", text)


@ticket.command()
@click.argument("number", type=cli.NUMBER)
@click.argument("status")
@click.pass_context
def status(ctx: click.Context, number: int, status: str) -> None:
    """Set a status by hand; nobody is written to."""
    with opened(ctx) as desk:
        lines = order(desk, number, lambda t, policy, now: orders.set_status(t, status, policy, now))
    terminal.show("\n".join(lines) or "Nothing to change.")


def _something(text: str) -> None:
    if not text.strip():
        raise Permanent("the text is empty")


def _line(text: str) -> str:
    return " ".join(text.split())
