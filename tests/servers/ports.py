"""What every real server of the tests needs: free ports, an unprivileged user, a sure end, and a loud skip."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

HOST = "127.0.0.1"


_PORTS = range(10_000, 30_000)
"""Below those that systems give to outgoing connections: one of these would take the port of a server that is down."""
_NEXT = Path(tempfile.gettempdir()) / f"gateway-test-port-{os.geteuid()}"


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on, and that no other test is given for a long time."""
    with _NEXT.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last = int(file.read() or _PORTS.start)
        port = next(port for port in (*_PORTS[last + 1 - _PORTS.start :], *_PORTS) if _is_free(port))
        file.truncate(0)
        file.write(str(port))
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((HOST, port))
        return True
    return False


def require(binary: str, packages: str) -> Path:
    """The path of a server's program; skips the test loudly when it is missing, fails it where CI=true."""
    found = (
        shutil.which(str(binary), path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") if binary else None
    )
    if found is None:
        missing(f"{binary or 'the server'} is not installed: apt-get install {packages}")
    return Path(str(found))


def missing(why: str) -> None:
    """Skip with one loud line, or fail in CI, where every server has to be there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"SERVER MISSING IN CI: {why}", pytrace=False)
    pytest.skip(f"SERVER MISSING: {why}")


def owner(preferred: Sequence[str] = ("nobody",)) -> pwd.struct_passwd:
    """Who shall run a server that refuses root: ourselves, or when we are root the first user that exists."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in preferred:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError(f"none of the users {preferred} exists")


def as_user(user: pwd.struct_passwd, command: Sequence[str]) -> list[str]:
    """``command`` as it has to be started so that ``user`` runs it."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


def scratch(prefix: str, user: pwd.struct_passwd | None = None) -> Path:
    """A short-named temporary folder (UNIX socket paths are limited to 107 bytes) that ``user`` may enter.

    pytest's own tmp_path lies below a folder of mode 0700, where no other user gets in.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"gw-{prefix}-"))
    if user is not None and os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def give(path: Path, user: pwd.struct_passwd) -> None:
    """Hand a tree over to ``user`` when we are root."""
    if os.geteuid() == 0:
        for item in [path, *path.rglob("*")]:
            os.chown(item, user.pw_uid, user.pw_gid, follow_symlinks=False)


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll until ``ready()``; raises TimeoutError naming ``what``. A minute, for a machine with much else to do."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(0.01)


def greets(port: int, greeting: bytes) -> bool:
    """True when something on ``port`` starts to talk with ``greeting``."""
    try:
        with socket.create_connection((HOST, port), timeout=10) as connection:
            return connection.recv(len(greeting)).startswith(greeting)
    except OSError:
        return False


def wait_for_greeting(process: subprocess.Popen[bytes], port: int, greeting: bytes, log: Path) -> None:
    """Wait until a server that was just started greets; raises RuntimeError with its log when it dies first."""

    def ready() -> bool:
        if process.poll() is not None:
            text = log.read_text(errors="replace") if log.exists() else "no log"
            raise RuntimeError(f"server ended with status {process.returncode}: {text[-2000:]}")
        return greets(port, greeting)

    wait_until(ready, f"greeting on port {port}")


def launch(command: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own, so that ``end`` reaches its children too."""
    with output.open("ab") as sink:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True)


def end(process: subprocess.Popen[bytes] | None, first: signal.Signals = signal.SIGTERM, seconds: float = 5.0) -> None:
    """Stop a server: politely, then its whole group by SIGKILL. Returns when all of it is gone."""
    if process is None:
        return
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def remove(folder: Path) -> None:
    """Remove a scratch folder; a server's last child may still be writing for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
