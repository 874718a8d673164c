"""``gateway demo``: a whole ticket over real SMTP, with nothing but a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--stay", is_flag=True, help="Keep running afterwards, for mail of your own.")
@click.option(
    "--folder", type=click.Path(file_okay=False), help="Where to put it all. Default: a new temporary folder."
)
@click.pass_context
def demo(ctx: click.Context, stay: bool, folder: str | None) -> None:
    """Play a client and an agent through a whole ticket over real SMTP, and print the conversation."""
    from gateway.cli.demo_desk import run

    home = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    ctx.exit(run(home, stay=stay))
