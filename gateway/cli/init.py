"""``gateway init``: the first two files of a desk."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gateway import cli
from gateway.resources import shipped
from gateway.threading.token import Keyring

_NEXT = """\
Wrote {config} and {secret}.

Next:
  1. In {config}, set [desk] address and name, your mailbox or listener, your relay, and the people under [[agents]].
  2. gateway --config {config} check
  3. gateway --config {config} run

Keep {secret} safe and in your backups: whoever has it can forge reply addresses, and without it
replies to mail that was sent before are known by their references alone."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write DIR/gateway.toml, every setting with its default, and a fresh DIR/secret.key.

    Never overwrites a file.
    """
    config, secret = folder / "gateway.toml", folder / "secret.key"
    for path in (config, secret):
        if os.path.lexists(path):
            cli.fail(f"{path} exists already and is left as it is; name another folder, or move the file away first")
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        _write(
            secret, f"# The first key signs, all are believed: see docs/operations.md.\n{Keyring.fresh_line()}\n", 0o600
        )
        _write(config, (shipped("config") / "gateway.toml").read_text(encoding="utf-8"), 0o640)
    except OSError as error:
        cli.fail(f"cannot write {error.filename}: {error.strerror}")
    click.echo(_NEXT.format(config=config, secret=secret))


def _write(path: Path, text: str, mode: int) -> None:
    """A new file that is never readable by more people than ``mode`` says, not even for a moment."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
