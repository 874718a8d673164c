"""The demo's desk: its configuration, its services, and the play that runs beside them."""

from __future__ import annotations

import shlex
import shutil
import sys
import threading
from pathlib import Path

import click

from gateway import config, log
from gateway.app import Gateway
from gateway.cli.demo_play import Play, PlayFailed
from gateway.cli.demo_stage import Stage
from gateway.config import Settings
from gateway.errors import Permanent
from gateway.inbound.smtp import SmtpListener
from gateway.supervisor import Supervisor
from gateway.threading.token import Keyring

_CONFIG = """\
# The demo's desk. Everything it needs is in this folder.
[desk]
name = "Acme Support"
address = "support@desk.example"

[[inbound.smtp]]
listen = "127.0.0.1:0"

[outbound.maildir]
path = "outgoing"

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
role = "agent"
title = "Tax advisor"

[[agents]]
handle = "lindsey"
name = "Lindsey Park"
address = "lindsey@desk.example"
role = "lead"

[routing]
default_owner = "olivia"

[log]
level = "warning"
format = "console"
"""
_READY_SECONDS = 20


def run(home: Path, *, stay: bool) -> int:
    """Play, and with ``stay`` go on until SIGINT or SIGTERM. Returns the exit status.

    Raises Permanent when the folder holds a desk already.
    """
    settings = prepare(home)
    log.configure(settings.log.level, settings.log.format)
    desk = Gateway.open(settings)
    try:
        return _supervise(desk, home, stay)
    finally:
        desk.close()


def prepare(home: Path) -> Settings:
    """Write the demo's configuration and key. Raises Permanent when there is one already."""
    path = home / "gateway.toml"
    if path.exists():
        raise Permanent(f"{path} exists already; name a new folder")
    home.mkdir(parents=True, exist_ok=True)
    path.write_text(_CONFIG, encoding="utf-8")
    key = home / "secret.key"
    key.touch(mode=0o600)
    key.write_text(Keyring.fresh_line() + "\n", encoding="utf-8")
    return config.load(path)


def _supervise(desk: Gateway, home: Path, stay: bool) -> int:
    services = desk.services()
    listener = next(s for group in services for s in group if isinstance(s, SmtpListener))
    supervisor = Supervisor(services)
    outcome: list[int] = []

    def play() -> None:
        outcome.append(_play(desk, listener, home, stay))
        if not stay or outcome[0]:
            supervisor.stop("the play is over")

    player = threading.Thread(target=play, name="play", daemon=True)
    player.start()
    status = supervisor.run()
    player.join(timeout=1)
    return status or (outcome[0] if outcome else 0)


def _play(desk: Gateway, listener: SmtpListener, home: Path, stay: bool) -> int:
    try:
        if not listener.ready.wait(_READY_SECONDS):
            raise PlayFailed("the listener did not start")
        host, port = listener.address
        Play(Stage(desk, host, port, home / "outgoing")).perform()
    except PlayFailed as failure:
        click.echo(f"The demo failed: {failure}", err=True)
        return 1
    click.echo(_afterwards(home, host, port, stay))
    return 0


def _afterwards(home: Path, host: str, port: int, stay: bool) -> str:
    command = "gateway" if shutil.which("gateway") else _own_call()
    call = f"{command} --config {shlex.quote(str(home / 'gateway.toml'))}"
    look = [
        "Where to look",
        f"  all tickets       {call} ticket list",
        f"  this one          {call} ticket show 1001",
        f"  what was sent     {home / 'outgoing' / 'new'}  (one file a mail)",
        f"  every notice      {call} template preview staff_new",
    ]
    if not stay:
        return "\n".join(["", *look])
    mail = "From: You <you@client.example>\\nTo: support@desk.example\\nSubject: Hello\\n\\nMy question.\\n"
    send = [
        "",
        f"The desk stays open: SMTP on {host} port {port}, for support@desk.example.",
        "",
        "Send a mail of your own, in another terminal",
        f"  printf '{mail}' | {call} ingest",
        f"  or with any SMTP client: server {host}, port {port}, no login, no TLS",
        "",
    ]
    return "\n".join([*send, *look, "", "Press Ctrl-C to end it."])


def _own_call() -> str:
    """How this program was called, for people to copy."""
    called = sys.argv[0]
    return f"{shlex.quote(sys.executable)} -m gateway" if called.endswith("__main__.py") else shlex.quote(called)
