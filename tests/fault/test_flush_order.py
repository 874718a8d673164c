"""Nothing is promised before it is on the disk: the order of the daemon's system calls, as strace saw it."""

from __future__ import annotations

import os
import signal
import smtplib
import sys
import time
from pathlib import Path

import pytest
from harness.field import Field, field
from harness.flushes import Order, order, strace
from harness.traffic import mail
from servers.ports import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def deliver(desk: Field, mails: int) -> None:
    with smtplib.SMTP("127.0.0.1", desk.daemon.smtp_port, timeout=60) as smtp:
        for number in range(mails):
            token = f"token-smtp-{number}"
            smtp.sendmail(f"{token}@client.example", ["support@desk.example"], mail(token))


def watched(folder: Path, mails: int, controls: str = "") -> Order:
    trace = folder / "trace"
    with field(folder, None, controls=controls, imap=("move",), gone=False) as desk:
        desk.daemon.command = [*strace(trace), sys.executable, "-m", "harness.launch"]
        desk.daemon.start()
        deliver(desk, mails)
        server = desk.mailboxes["move"]
        for number in range(mails // 10):
            server.deliver(mail(f"token-move-{number}"), "move@desk.example")
            time.sleep(0.05)
        wait_until(lambda: not server.raw_mails("move@desk.example"), "the mailbox to be empty", 120)
        desk.sink.wait_for(2 * (mails + mails // 10), 300)
        daemon = int(trace.read_text(errors="replace").split(maxsplit=1)[0])
        os.kill(daemon, signal.SIGTERM)
        assert desk.daemon.process is not None
        assert desk.daemon.process.wait(60) == 0
    with trace.open(errors="replace") as lines:
        return order(lines)


def test_the_log_is_flushed_before_each_promise(tmp_path: Path) -> None:
    found = watched(tmp_path, 100)
    assert found.broken == {"250": 0, "move": 0, "dot": 0}
    assert found.kept["250"] == 100
    assert found.kept["move"] >= 1
    assert found.kept["dot"] >= 2 * 110


def test_without_flushes_the_order_is_seen_to_be_broken(tmp_path: Path) -> None:
    found = watched(tmp_path, 20, "synchronous_normal")
    assert found.broken["250"] == 20
    assert found.broken["dot"] >= 40
    assert found.broken["move"] >= 1


@pytest.mark.soak
def test_a_thousand_promises_come_after_their_flush(tmp_path: Path) -> None:
    found = watched(tmp_path, 1000)
    assert found.broken == {"250": 0, "move": 0, "dot": 0}
    assert found.kept["250"] == 1000
