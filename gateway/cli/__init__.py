"""The command line: a module a noun, loaded when it is called for, so that start-up stays quick."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway import __version__
from gateway.errors import ConfigError, GatewayError

if TYPE_CHECKING:
    from gateway.config import Settings

COMMANDS = {
    "init": "Write a commented configuration and a fresh signing key.",
    "check": "Find every mistake in the configuration before the daemon does.",
    "run": "Run the daemon in the foreground.",
    "demo": "Play a whole ticket over real SMTP; no server and no configuration needed.",
    "ingest": "Take in one raw message, from a file or stdin.",
    "explain": "Show what the gateway reads in a message; changes nothing.",
    "ticket": "List, show and work on tickets.",
    "queue": "Notices that wait to be sent, and dead letters.",
    "quarantine": "Mail that could not become a ticket.",
    "template": "Notices as their readers would see them.",
    "status": "Backlog, mailboxes and dead letters at a glance.",
    "agent": "The people who work here.",
    "database": "Create, upgrade and check the database.",
}
"""Every command and its line of help: ``name`` is the function ``name`` of the module ``gateway.cli.name``."""

DONE, FAILED, MISUSED = 0, 1, 2
NUMBER = click.IntRange(0, 2**63 - 1)
"""What names a ticket, a notice or a mail: no more than a database can hold."""


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, so that one with a defect leaves the others working."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = f"gateway.cli.{cmd_name}"
        try:
            command: click.Command = getattr(importlib.import_module(module), cmd_name)
        except ModuleNotFoundError as error:
            if error.name == module:
                return None
            raise
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            fail(*(line(path, advice) for path, advice in error.problems), status=MISUSED)
        except GatewayError as error:
            fail(" ".join(str(error).split()))
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read along has gone; click ends quietly
                raise
            fail(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or type(error).__name__)


@dataclass
class Invocation:
    """What ``ctx.obj`` holds: which file was named, and the settings once somebody asked for them."""

    config: str | None = None
    loaded: Settings | None = field(default=None, repr=False)


@click.group(
    "gateway", cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--config",
    metavar="FILE",
    help="Default: $GATEWAY_CONFIG, ./config/gateway.toml, /etc/ticket-gateway/gateway.toml.",
)
@click.version_option(__version__, prog_name="gateway")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """A help desk that lives in mail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a name still shows the rest
    ctx.obj = Invocation(config)


def settings(ctx: click.Context) -> Settings:
    """The configuration of this call; found, read and checked the first time, when logging is set up as it says.

    Raises ConfigError with every mistake.
    """
    from gateway import config, log

    call = ctx.ensure_object(Invocation)
    if call.loaded is None:
        os.umask(os.umask(0o077) | 0o027)  # what is made from here on holds mail: not for everybody on this machine
        call.loaded = config.load(config.find(call.config))
        log.configure(call.loaded.log.level, call.loaded.log.format)
    return call.loaded


def fail(*lines: str, status: int = FAILED) -> NoReturn:
    """End the command with lines on stderr and an exit status."""
    click.echo("\n".join(lines), err=True)
    raise click.exceptions.Exit(status)


def line(path: str, advice: str) -> str:
    """One mistake of the configuration, as it is printed."""
    return f"{path}: {advice}" if path else advice
