"""``gateway template``: the notices as their readers would see them."""

from __future__ import annotations

import click

from gateway import cli
from gateway.desk.notices import KINDS
from gateway.outbound.render import Renderer


@click.group()
def template() -> None:
    """Notices as their readers would see them."""


@template.command("list")
@click.pass_context
def list_notices(ctx: click.Context) -> None:
    """Every notice: who gets it, in which languages, and which of its files are your own."""
    for info in Renderer(cli.settings(ctx)).names():
        own = f"  [yours: {', '.join(info.overridden)}]" if info.overridden else ""
        click.echo(f"{info.kind.name:<26} {info.kind.audience.value:<7} {info.locale:<6} {info.kind.purpose}{own}")


@template.command()
@click.argument("name", metavar="NAME", type=click.Choice(sorted(KINDS)))
@click.option("--html", is_flag=True, help="Print the HTML alternative, to open in a browser.")
@click.option("--locale", default="", metavar="TAG", help="Language; default: that of the desk.")
@click.pass_context
def preview(ctx: click.Context, name: str, html: bool, locale: str) -> None:
    """Print one notice, made from an example ticket. `gateway template list` shows the names."""
    settings = cli.settings(ctx)
    shown = Renderer(settings).preview(name, locale=locale or settings.desk.locale)
    click.echo(shown.html if html else f"Subject: {shown.subject}\n\n{shown.text}", nl=False)
