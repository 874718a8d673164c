"""``gateway run`` as a process of its own, as systemd would start it; killed, stopped and asked from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from harness.nursery import Child, Nursery
from harness.waiting import Waiting
from servers.ports import greets, wait_until

from gateway import config
from gateway.cli import ticket_view
from gateway.cli.desk import ticket_or_fail
from gateway.store import open_store, tickets
from gateway.threading.token import Keyring

T = TypeVar("T")
_COMMAND = [sys.executable, "-m", "gateway"]


@dataclass
class Daemon:
    """Configuration in ``folder``; ``text`` is its gateway.toml. ``close`` it.

    ``command`` starts another program in its place, e.g. ``harness.launch`` or strace; a ``nursery`` starts it by
    fork, with what ``harness.launch`` reads in ``environment``.
    """

    folder: Path
    text: str
    smtp_port: int = 0
    process: subprocess.Popen[bytes] | Child | None = None
    environment: dict[str, str] = field(default_factory=dict)
    starts: int = 0
    command: list[str] = field(default_factory=lambda: list(_COMMAND))
    nursery: Nursery | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "gateway.toml").write_text(self.text)
        (self.folder / "secret.key").write_text(Keyring.fresh_line())
        (self.folder / "secret.key").chmod(0o600)

    @property
    def config(self) -> str:
        return str(self.folder / "gateway.toml")

    def start(self, *arguments: str, wait: bool = True) -> None:
        self.starts += 1
        self.process = self._started(["--config", self.config, "run", *arguments])
        if wait and self.smtp_port:
            wait_until(lambda: self.dead() or greets(self.smtp_port, b"220"), "the daemon's greeting", 120)
            assert not self.dead(), self.log()[-3000:]

    def _started(self, arguments: list[str]) -> subprocess.Popen[bytes] | Child:
        if self.nursery is not None:
            return self.nursery.start(arguments, self.environment, self.folder / "log.jsonl")
        paths = os.pathsep.join(p for p in sys.path if p)
        with (self.folder / "log.jsonl").open("ab") as log:
            return subprocess.Popen(
                [*self.command, *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment, "PYTHONPATH": paths},
            )

    def dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, as an OOM killer or a power cut would end it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 90) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def close(self) -> None:
        if self.dead():
            return
        if isinstance(self.process, subprocess.Popen):  # what strace traces would outlive strace
            os.killpg(self.process.pid, signal.SIGKILL)
        self.kill()

    def log(self) -> str:
        return (self.folder / "log.jsonl").read_text(errors="replace")

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = (line for line in self.log().splitlines() if line.startswith("{"))
        return [entry for entry in map(json.loads, lines) if entry.get("event") == event]

    def cli(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        """Run another command of the gateway on the same configuration; its stdout."""
        done = subprocess.run(
            [*_COMMAND, "--config", self.config, *arguments],
            input=stdin,
            capture_output=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        if check:
            assert done.returncode == 0, (done.returncode, done.stderr.decode())
        return done.stdout.decode()

    def json(self, *arguments: str) -> Any:
        return json.loads(self.cli(*arguments, "--json"))

    def ticket(self, number: int = 1001) -> dict[str, Any]:
        """As ``ticket show --json``, without the seconds of CPU time that a process takes to start."""

        def look(c: sa.Connection) -> dict[str, Any]:
            whole = ticket_or_fail(c, number, whole=True)
            return ticket_view.whole(whole, tickets.events(c, number), tickets.links(c, number))

        return self.look(look)

    def tickets(self) -> list[dict[str, Any]]:
        """As ``ticket list --json``."""
        return self.look(lambda c: [ticket_view.head(t) for t in tickets.listed(c, limit=100_000)])

    def look(self, work: Callable[[sa.Connection], T]) -> T:
        """Read the daemon's database from here."""
        store = open_store(config.load(Path(self.config)).database_url(), upgrade=False)
        try:
            return store.read(work)
        finally:
            store.close()

    def idle(self, seconds: float = 60) -> None:
        """Wait until no mail and no notice waits."""
        with Waiting(config.load(Path(self.config)).database_url()) as there:
            end = time.monotonic() + seconds
            while left := there.work():
                if time.monotonic() > end:
                    raise TimeoutError(f"{left} mails and notices are not at an end after {seconds} s")
                time.sleep(0.1)
