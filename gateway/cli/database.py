"""``gateway database``: create, upgrade, check and move it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import click

from gateway import cli
from gateway.cli.desk import opened_store
from gateway.errors import Permanent
from gateway.store import Store, open_store
from gateway.store.migrate import HEAD, revision


@click.group()
def database() -> None:
    """Create, upgrade, check and move the database."""


@database.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema up to date; `gateway run` does it too."""
    with opened_store(ctx) as store:
        rows = store.check()
    click.echo("\n".join(f"{'ok' if ok else 'FAIL':<5} {what}" for what, ok, _ in rows))


@database.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Is it intact, and as durable as it must be?"""
    with opened_store(ctx) as store:
        rows = store.check()
    for what, ok, advice in rows:
        click.echo(f"{'ok' if ok else 'FAIL':<5} {what}" + ("" if ok else f": {advice}"))
    if not all(ok for _, ok, _ in rows):
        ctx.exit(cli.FAILED)


@database.command()
@click.argument("urls", nargs=-1, required=True, metavar="[FROM] TO")
@click.pass_context
def copy(ctx: click.Context, urls: tuple[str, ...]) -> None:
    """Copy a database into a new, empty one: from SQLite to PostgreSQL, or back.

    FROM and TO are URLs (sqlite:///gateway.db, postgresql://...); FROM is that of the configuration unless given.
    Stop the gateway first. Every row is read back and compared; when anything is not right, TO stays empty. A password
    need not stand in the URL: PGPASSWORD and ~/.pgpass are read.
    """
    from gateway.store import copy as copying

    if len(urls) > 2:
        raise click.UsageError("one or two URLs: [FROM] TO")
    origin = urls[0] if len(urls) == 2 else cli.settings(ctx).database_url()
    if origin == urls[-1]:
        raise click.UsageError("FROM and TO are the same database")
    with ExitStack() as stack:
        source = stack.enter_context(closing(_source(origin)))
        target = stack.enter_context(closing(open_store(urls[-1])))
        with _progress(2 * copying.total(source)) as progress:
            held = copying.copy(source, target, progress)
    for name, content in held.items():
        click.echo(f"{name:<16} {content.rows:>10,} rows  {content.digest:064x}"[:60])
    click.echo("Copied and compared. Now set database.url to the new one, and start the gateway.")


def _source(url: str) -> Store:
    """Raises Permanent when there is nothing of ours, or something of another version."""
    store = open_store(url, upgrade=False)
    found = revision(store.engine)
    if found != HEAD:
        store.close()
        what = "holds no gateway's data" if found is None else f"has schema revision {found}, not {HEAD}"
        raise Permanent(f"the source {what}: name another one, or run `gateway database upgrade` on it")
    return store


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr where somebody looks at it, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda table, count: None
        return
    with click.progressbar(length=rows, file=sys.stderr, item_show_func=lambda name: name) as bar:
        yield lambda table, count: bar.update(count, table)
