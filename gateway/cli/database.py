"""``gateway database``: create, upgrade and check it."""

from __future__ import annotations

import click

from gateway import cli
from gateway.cli.desk import opened_store


@click.group()
def database() -> None:
    """Create, upgrade and check the database."""


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
