"""``gateway agent``: the people who work here."""

from __future__ import annotations

import click

from gateway.cli.desk import opened
from gateway.store import people


@click.group()
def agent() -> None:
    """The people who work here."""


@agent.command("list")
@click.pass_context
def list_(ctx: click.Context) -> None:
    """Agents, their open tickets, and the personal address with which each starts new conversations."""
    with opened(ctx) as desk:
        agents = desk.store.read(people.agents)
        counts = desk.store.read(people.open_counts)
    for person in agents:
        click.echo(f"{person.handle}  {person.name} <{person.address}>  {person.role.value}")
        click.echo(f"    open tickets     {counts.get(person.id, 0)}")
        click.echo(f"    command address  {desk.setup.minter.command_address(person.id)}")
    if not agents:
        click.echo("There are no agents; add [[agents]] to the configuration.")
