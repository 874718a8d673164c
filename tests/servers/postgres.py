"""A PostgreSQL cluster of our own in a temporary folder; a fresh database for whoever asks."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from servers.ports import HOST, as_user, end, free_port, launch, missing, owner, remove, scratch, wait_until

PACKAGES = "postgresql"


def binaries() -> Path:
    """The newest /usr/lib/postgresql/*/bin; skips the test when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[4]))
    if not found:
        missing(f"PostgreSQL is not installed: apt-get install {PACKAGES}")
    return found[-1].parent


class Postgres:
    """Started on creation, gone after ``close()``; root hands it to the user postgres or nobody.

    Only a ``durable`` one waits for the disk, as a real one does. ``settings`` are more of postgresql.conf, and
    ``disk`` is where the data shall lie: a file system that the server's user may write to; segments of its log are
    small there.
    """

    host = HOST

    def __init__(
        self, *, durable: bool = False, settings: Mapping[str, str] | None = None, disk: Path | None = None
    ) -> None:
        self._settings = {"fsync": "on" if durable else "off", "shared_buffers": "16MB", "max_connections": "60"}
        self._settings |= settings or {}
        self._disk = disk
        self._bin = binaries()
        self._user = owner(("postgres", "nobody"))
        self.folder = scratch("postgres", self._user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        try:
            segments = ["--wal-segsize=1"] if disk else []
            who = ["-U", "gateway", "-A", "trust"]
            self._run("initdb", "-D", self._data, *who, "-E", "UTF8", "--locale=C", "-N", *segments)
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def _data(self) -> str:
        return str((self._disk or self.folder) / "data")

    def _run(self, program: str, *arguments: str) -> str:
        command = as_user(self._user, [str(self._bin / program), *arguments])
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.folder)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-1000:]}")
        return done.stdout

    @property
    def pid(self) -> int:
        """The first process of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start (again) on the same port with the same data."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        where = ["-D", self._data, "-p", str(self.port), "-h", HOST, "-k", str(self.folder)]
        command = as_user(self._user, [str(self._bin / "postgres"), *where, *options])
        for left in reversed(range(40)):
            self._process = launch(command, self.folder / "postgres.log")
            try:
                wait_until(self.ready, "PostgreSQL's readiness")
            except RuntimeError as error:  # a process of the one that was killed still dies
                if not left or "is still in use" not in str(error):
                    raise
                time.sleep(0.25)
            else:
                return

    def ready(self) -> bool:
        """Does it serve? RuntimeError with its log when it has ended."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError((self.folder / "postgres.log").read_text(errors="replace")[-2000:])
        command = [str(self._bin / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        return subprocess.run(command, timeout=10).returncode == 0

    def stop(self) -> None:
        """Cut every connection and refuse new ones; the data stays."""
        end(self._process, first=signal.SIGINT, seconds=10)  # SIGINT is PostgreSQL's fast shutdown
        self._process = None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def backends(self) -> list[int]:
        """The processes that serve a database of ours at the moment."""
        return [pid for pid in self._children() if b" gateway_" in _command(pid)]

    def _children(self) -> list[int]:
        """Each has a process group of its own: a signal to the first one's group reaches none of them."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def kill(self) -> int:
        """SIGKILL all of it at once, in whatever it is doing; returns how many processes that were."""
        os.kill(self.pid, signal.SIGSTOP)  # it makes no more of them meanwhile
        family = [self.pid, *self._children()]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        wait_until(lambda: not any(_command(pid) for pid in family), "every process of PostgreSQL to be gone", 10)
        return len(family)

    def close(self) -> None:
        """Stop, and remove everything."""
        self.stop()
        remove(self.folder)

    def database(self) -> str:
        """A new, empty database; returns its postgresql:// URL."""
        name = f"gateway_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://gateway@{HOST}:{self.port}/{database}"

    def drop(self, url: str) -> None:
        self.psql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as superuser; raises RuntimeError."""
        return self._run(
            "psql", "-X", "-q", "-t", "-h", HOST, "-p", str(self.port), "-U", "gateway", database, "-c", statement
        )


def _command(pid: int) -> bytes:
    """What a process calls itself; nothing when it is gone, or dead and not yet waited for."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
