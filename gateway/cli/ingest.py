"""``gateway ingest``: one raw message through the door, for a pipe transport or a .forward file."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from gateway import cli
from gateway.errors import ConfigError, GatewayError

EX_DATAERR, EX_TEMPFAIL = 65, 75
"""sysexits(3), as MTAs read them: 75 means try again, 65 refuse."""


class Patient(click.Command):
    """Whatever goes wrong, a slip in the call included, the MTA keeps the mail: it would send it back for a 1 or 2."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*args, **more)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(EX_TEMPFAIL) from None


@click.command(cls=Patient)
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option("--sender", default=None, help="Envelope sender, as the MTA knows it; empty for the null path.")
@click.option("--recipient", "recipients", multiple=True, help="Envelope recipient; may be given several times.")
@click.pass_context
def ingest(ctx: click.Context, file: str | None, sender: str | None, recipients: tuple[str, ...]) -> None:
    """Take in one raw message from FILE or standard input.

    Ends with 0 once it is stored for good, 75 when it should be tried again, 65 when it is refused.
    """
    try:
        status = _ingest(ctx, file, sender, recipients)
    except ConfigError as error:  # whoever is piping must keep the mail until somebody has mended this
        click.echo("; ".join(cli.line(path, text) for path, text in error.problems), err=True)
        status = EX_TEMPFAIL
    except GatewayError as error:
        click.echo(f"could not be stored: {error}", err=True)
        status = EX_TEMPFAIL
    except Exception as error:  # noqa: BLE001 - a defect of ours must not send a client's mail back
        click.echo(f"could not be stored: {type(error).__name__}: {error}", err=True)
        status = EX_TEMPFAIL
    ctx.exit(status)


def _ingest(ctx: click.Context, file: str | None, sender: str | None, recipients: tuple[str, ...]) -> int:
    from gateway.from_settings import minter
    from gateway.inbound.door import Door
    from gateway.mail import Envelope
    from gateway.store import open_current

    settings = cli.settings(ctx)
    limit = max([listener.max_size for listener in settings.inbound.smtp], default=52_428_800)
    try:
        raw = _raw(file, limit)
    except OSError as error:
        click.echo(f"cannot read {file or 'standard input'}: {error.strerror}", err=True)
        return EX_TEMPFAIL
    if not raw.strip():
        click.echo("refused: the message is empty", err=True)
        return EX_DATAERR
    if len(raw) > limit:
        click.echo(f"refused: the message is larger than {limit} bytes", err=True)
        return EX_DATAERR
    ours = minter(settings)
    foreign = [r for r in recipients if not ours.takes(r)]
    if foreign:
        click.echo(f"refused: {', '.join(foreign)}: not an address of this desk", err=True)
        return EX_DATAERR
    store = open_current(settings.database_url())
    try:
        Door(store, ours.takes).accept(raw, Envelope(sender, recipients), source="ingest")
    finally:
        store.close()
    return cli.DONE


def _raw(file: str | None, limit: int) -> bytes:
    """The message with CRLF or LF as it came, at most one byte more than the limit."""
    if file is None or file == "-":
        if sys.stdin is None:
            raise OSError(errno.EBADF, "it is closed")
        return _bounded(sys.stdin.buffer, limit)
    with Path(file).open("rb") as stream:
        return _bounded(stream, limit)


def _bounded(stream: BinaryIO, limit: int) -> bytes:
    return stream.read(limit + 1)
