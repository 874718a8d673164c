"""Nothing is promised before it is on the disk: the order of system calls, as strace saw it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness.commits import SERVER_CALLS, Commits, flushed, promised
from harness.field import Field, field
from harness.figures import Figures
from harness.flushes import CALLS, Order, order, strace
from harness.orders import asked
from harness.scale import scaled
from harness.traffic import mail
from servers.ports import wait_until
from servers.postgres import Postgres

pytestmark = pytest.mark.timeout(scaled(600, 0))

MAILS = scaled(20, 1000)
FEW = 5
_SQLITE = "a flush of the log between the dot and each 250, by strace, SQLite"
_POSTGRESQL = "COMMIT and a flush of the log between the dot and each 250, by strace, PostgreSQL"


def tokens(mails: int) -> list[str]:
    return [f"token-smtp-{number}" for number in range(mails)]


def deliver(desk: Field, mails: int) -> None:
    with smtplib.SMTP("127.0.0.1", desk.daemon.smtp_port, timeout=60) as smtp:
        for token in tokens(mails):
            smtp.sendmail(f"{token}@client.example", ["support@desk.example"], mail(token))


@contextlib.contextmanager
def traced(desk: Field, trace: Path, names: str = CALLS) -> Iterator[None]:
    """The daemon under strace, which has seen it end well when we leave."""
    desk.daemon.command = [*strace(trace, names), sys.executable, "-m", "harness.launch"]
    desk.daemon.start()
    yield
    daemon = int(trace.read_text(errors="replace").split(maxsplit=1)[0])
    os.kill(daemon, signal.SIGTERM)
    assert desk.daemon.process is not None
    assert desk.daemon.process.wait(120) == 0


def watched(folder: Path, mails: int, controls: str = "") -> Order:
    trace = folder / "trace"
    with field(folder, None, controls=f"inside,{controls}", imap=("move",), gone=False) as desk:
        with traced(desk, trace):
            deliver(desk, mails)
            server, moved = desk.mailboxes["move"], max(1, mails // 10)
            for number in range(moved):
                server.deliver(mail(f"token-move-{number}"), "move@desk.example")
                time.sleep(0.05)
            wait_until(lambda: not server.raw_mails("move@desk.example"), "the mailbox to be empty", 300)
            desk.sink.wait_for(2 * (mails + moved), scaled(300, 3600))
        with trace.open(errors="replace") as lines:
            return order(lines)


def test_the_log_is_flushed_before_each_promise(tmp_path: Path, figures: Figures) -> None:
    found = watched(tmp_path, MAILS)
    assert found.broken == {"250": 0, "move": 0, "dot": 0}
    assert found.kept["250"] == MAILS
    assert found.kept["move"] >= 1
    assert found.kept["dot"] >= 2 * (MAILS + MAILS // 10)
    kept = (
        f"{found.kept['250']:,} of {MAILS:,}; moves {found.kept['move']:,}, sent mails {found.kept['dot']:,} likewise"
    )
    figures.measured("G3", _SQLITE, kept)


def test_without_flushes_the_order_is_seen_to_be_broken(tmp_path: Path, figures: Figures) -> None:
    found = watched(tmp_path, FEW, "synchronous_normal")
    assert found.broken["250"] == FEW
    assert found.broken["dot"] >= 2 * FEW
    assert found.broken["move"] >= 1
    figures.control("G3", _SQLITE, "synchronous = NORMAL", f"{found.broken['250']} of {FEW} without a flush")


# --- PostgreSQL


@dataclass(frozen=True)
class Seen:
    """By the daemon, and by the server."""

    daemon: Commits
    server: Commits


@pytest.fixture(scope="module")
def durable() -> Iterator[Postgres]:
    """What a server does by itself is overruled by the daemon, session by session."""
    server = Postgres(durable=True, settings={"synchronous_commit": "off"})
    yield server
    server.close()


@contextlib.contextmanager
def attached(server: Postgres, trace: Path) -> Iterator[None]:
    """strace on a server and on every process that it starts from now on."""
    watch = subprocess.Popen([*strace(trace, SERVER_CALLS), "-p", str(server.pid)])
    try:
        wait_until(lambda: _is_traced(server.pid), "strace to be attached", 30)
        yield
    finally:
        watch.send_signal(signal.SIGINT)
        watch.wait(30)


def _is_traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


def committed(folder: Path, server: Postgres, mails: int, controls: str = "") -> Seen:
    url, daemon, backends = server.database(), folder / "daemon", folder / "server"
    with field(folder, None, url, controls=f"inside,{controls}", imap=(), gone=False) as desk:
        with attached(server, backends), traced(desk, daemon, "recvfrom,sendto"):
            deliver(desk, mails)
            wait_until(lambda: asked(url, "SELECT count(*) FROM inbox") == [mails], "every mail to be stored", 120)
        digests = {token: hashlib.sha256(mail(token)).hexdigest() for token in tokens(mails)}
        with daemon.open(errors="replace") as said, backends.open(errors="replace") as done:
            return Seen(promised(said, digests), flushed(done))


def test_postgresql_has_committed_and_flushed_before_each_promise(
    tmp_path: Path, durable: Postgres, figures: Figures
) -> None:
    found = committed(tmp_path, durable, MAILS)
    assert found.daemon == found.server == Commits(kept=MAILS)
    names = ("fsync", "full_page_writes", "synchronous_commit")
    assert [durable.psql(f"SHOW {name}").strip() for name in names] == ["on", "on", "off"]
    heard = f"{found.daemon.kept:,} of {MAILS:,} after COMMIT was heard, {found.server.kept:,} COMMITs after a flush"
    kept = f"{heard}, on a server whose own synchronous_commit is off"
    figures.measured("G3", _POSTGRESQL, kept)


@pytest.mark.parametrize(
    ("control", "daemon", "server"),
    [
        ("commit_after_250", Commits(broken=FEW), Commits(kept=FEW)),
        ("synchronous_off", Commits(broken=FEW), Commits(broken=FEW)),
    ],
)
def test_a_promise_before_commit_or_flush_is_seen(
    tmp_path: Path, durable: Postgres, figures: Figures, control: str, daemon: Commits, server: Commits
) -> None:
    found = committed(tmp_path, durable, FEW, control)
    assert found == Seen(daemon, server)
    seen = f"{found.daemon.broken} of {FEW} 250s, {found.server.broken} COMMITs"
    figures.control("G3", _POSTGRESQL, control.replace("_", " "), seen)
