"""``gateway check``: everything that would trouble the daemon, a row each."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from gateway import cli
from gateway.cli import check_services, check_settings
from gateway.cli.check_rows import Row, State, run


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--offline", is_flag=True, help="Look at settings, secrets and files alone; connect to nothing.")
@click.pass_context
def check(ctx: click.Context, as_json: bool, offline: bool) -> None:
    """Find every mistake in the configuration before the daemon does.

    Looks at settings, secrets, templates, the database, every mailbox and the relay. Ends with status 1 when
    a row says FAIL; "warn" is worth a thought. A configuration that cannot be read at all ends with status 2.
    """
    settings = cli.settings(ctx)
    rows = list(run(check_settings.CHECKS if offline else check_settings.CHECKS + check_services.CHECKS, settings))
    click.echo(json.dumps([asdict(row) for row in rows], indent=2) if as_json else "\n".join(map(_line, rows)))
    if any(row.state is State.FAIL for row in rows):
        ctx.exit(cli.FAILED)


def _line(row: Row) -> str:
    said = " ".join(f"{row.what}: {row.advice}".split()) if row.advice else row.what
    return f"{row.state.value:<5} {said}"
