"""``gateway run``: the daemon, in the foreground."""

from __future__ import annotations

import os
import sys

import click

from gateway import cli

_SWITCH_SECONDS = 0.0005
"""A thread that computes gives way to those that answer mail; the usual 5 ms, at each of their steps, add up."""


@click.command()
@click.option(
    "--only",
    metavar="ROLES",
    help="Run a part: a comma-separated list of inbound, worker, sender, clock.",
)
@click.pass_context
def run(ctx: click.Context, only: str | None) -> None:
    """Run the daemon until SIGTERM, which drains; SIGHUP reads the configuration again."""
    from gateway import config, memory
    from gateway.app import ROLES, check_templates, wait_for_database
    from gateway.supervisor import Supervisor

    settings = cli.settings(ctx)
    roles = frozenset(part.strip() for part in only.split(",")) if only else frozenset(ROLES)
    if not roles <= set(ROLES):
        raise click.UsageError(f"--only takes {', '.join(ROLES)}")
    check_templates(settings)
    memory.return_large_blocks()
    sys.setswitchinterval(_SWITCH_SECONDS)
    desk = wait_for_database(settings)
    try:
        desk.store.lock_for_daemon()
        path = config.find(ctx.obj.config)
        supervisor = Supervisor(desk.services(roles), reload=lambda: desk.reload(config.load(path)))
        memory.keep_what_is_loaded()
        status = supervisor.run()
        if status:  # the drain was cut short: whatever still hangs must not keep the process alive
            os._exit(status)
    finally:
        desk.close()
