"""``gateway database``: create, upgrade, check and move it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click
import sqlalchemy as sa

from gateway import cli
from gateway.errors import Permanent
from gateway.store import Store, moved, open_store, utcnow
from gateway.store.migrate import HEAD, advice, revision


@click.group()
def database() -> None:
    """Create, upgrade, check and move the database."""


@database.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema up to date; `gateway run` does it too."""
    with closing(open_store(cli.settings(ctx).database_url())) as store:
        rows = store.check()
    click.echo("\n".join(f"{'ok' if ok else 'FAIL':<5} {what}" for what, ok, _ in rows))


@database.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Is it intact, as durable as it must be, and of this version? Changes nothing."""
    with closing(_existing(cli.settings(ctx).database_url())) as store:
        rows = store.check()
    for what, ok, text in rows:
        click.echo(f"{'ok' if ok else 'FAIL':<5} {what}" + ("" if ok else f": {text}"))
    if not all(ok for _, ok, _ in rows):
        ctx.exit(cli.FAILED)


@database.command()
@click.argument("urls", nargs=-1, required=True, metavar="[FROM] TO")
@click.option("--move", is_flag=True, help="Mark FROM as left, once the copy is proven: no gateway starts on it again.")
@click.pass_context
def copy(ctx: click.Context, urls: tuple[str, ...], move: bool) -> None:
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
            held = copying.copy(source, target, progress, moved_at=utcnow() if move else None)
    for name, content in held.items():
        click.echo(f"{name:<16} {content.rows:>10,} rows  {content.digest:064x}"[:60])
    click.echo(_MOVED if move else _COPIED)


_MOVED = "Copied, compared, and the old one marked as left. Now set database.url to the new one, and start the gateway."
_COPIED = (
    "Copied and compared. The old one stays in use. Let no gateway run on both: what waits to be sent would be sent "
    "twice. To move the desk, copy with --move."
)


@database.command()
@click.argument("url", required=False)
@click.pass_context
def reopen(ctx: click.Context, url: str | None) -> None:
    """Take back what `copy --move` said: a gateway may start on this database again.

    URL is that of the configuration unless given. What waited here when the desk left may have been sent since then.
    """
    with closing(_existing(url or cli.settings(ctx).database_url())) as store:
        if not store.read(moved.advice):
            raise Permanent("nothing to do: this database is not marked as left")
        store.transact(moved.unmark)
    click.echo("A gateway may start here again. What waits to be sent: gateway queue list")


def _existing(url: str) -> Store:
    """As it is. Raises Permanent when there is no such file: looking must not make it."""
    if url.startswith("sqlite:") and not (path := Path(sa.engine.make_url(url).database or "")).exists():
        raise Permanent(f"there is no {path}: `gateway run`, or `gateway database upgrade`, makes it")
    return open_store(url, upgrade=False)


def _source(url: str) -> Store:
    """Raises Permanent when there is nothing of ours, or something of another version."""
    store = _existing(url)
    found = revision(store.engine)
    text = "it holds no gateway's data; name another one" if found is None else advice(found)
    if found == HEAD:
        text = store.read(moved.advice)
    if text:
        store.close()
        raise Permanent(f"the source: {text}")
    return store


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr where somebody looks at it, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda table, count: None
        return
    with click.progressbar(length=rows, file=sys.stderr, item_show_func=lambda name: name) as bar:
        yield lambda table, count: bar.update(count, table)
