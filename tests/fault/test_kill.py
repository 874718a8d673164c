"""kill -9 at random moments while mail pours in by SMTP and IMAP: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import os
import random
import re
import smtplib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.daemon import Daemon
from harness.oracle import Verdict, judge
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.sink import SmtpSink

KILLS = int(os.environ.get("GATEWAY_KILLS", "12"))
MAILS = int(os.environ.get("GATEWAY_KILL_MAILS", "240"))
_TOKEN = re.compile(r"token-[a-z]+-\d+")

pytestmark = pytest.mark.timeout(120 + 4 * KILLS + MAILS)

CONFIG = """
[desk]
name = "Acme Support"
address = "support@desk.example"

[[inbound.smtp]]
listen = "127.0.0.1:{smtp}"

[[inbound.imap]]
name = "mailbox"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "help@desk.example"
password = "pw"
scan_interval = 1

[outbound.smtp]
host = "127.0.0.1"
port = {out}
tls = "none"

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
role = "lead"

[notices]
acks_per_sender_per_day = 1000
generated_per_minute = 100000
"""


class Pour:
    """Sends until everything has been accepted; what was answered 250 stands in ``accepted``."""

    def __init__(self, port: int, dovecot: Dovecot, mails: int) -> None:
        self.port, self.dovecot = port, dovecot
        self.accepted: list[str] = []
        half = mails // 2
        self._threads = [
            threading.Thread(target=self._smtp, args=(range(0, half, 2),), daemon=True),
            threading.Thread(target=self._smtp, args=(range(1, half, 2),), daemon=True),
            threading.Thread(target=self._imap, args=(range(mails - half),), daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _smtp(self, numbers: range) -> None:
        for number in numbers:
            token = f"token-smtp-{number}"
            while not self._try(token):
                time.sleep(0.05)
            self.accepted.append(token)

    def _try(self, token: str) -> bool:
        """One attempt as a retrying MTA makes it: the same bytes until somebody says 250."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as smtp:
                smtp.sendmail(f"{token}@client.example", ["support@desk.example"], mail(token))
        except smtplib.SMTPServerDisconnected as error:
            return "after 250" in str(error)
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def _imap(self, numbers: range) -> None:
        for number in numbers:
            token = f"token-imap-{number}"
            self.dovecot.deliver(mail(token), "help@desk.example")
            self.accepted.append(token)
            time.sleep(0.02)


def mail(token: str) -> bytes:
    return (
        f"From: {token} <{token}@client.example>\r\nTo: support@desk.example\r\nSubject: A question\r\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{token}@client.example>\r\n\r\n"
        f"My question is {token}.\r\n"
    ).encode()


@pytest.fixture
def daemon(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink) -> Iterator[Daemon]:
    dovecot.add_user("help@desk.example")
    port = free_port()
    text = CONFIG.format(smtp=port, imap=dovecot.port, out=smtp_sink.port)
    made = Daemon(tmp_path / "desk", text, smtp_port=port)
    yield made
    made.close()


def test_kill_minus_nine_at_random_moments_loses_and_doubles_nothing(
    daemon: Daemon, dovecot: Dovecot, smtp_sink: SmtpSink
) -> None:
    draw = random.Random(20261121)
    pour = Pour(daemon.smtp_port, dovecot, MAILS)
    daemon.start()
    pour.start()
    for _ in range(KILLS):
        time.sleep(draw.uniform(0.05, 2.5))
        daemon.kill()
        daemon.start(wait=False)
    wait_until(pour.over, "every mail to be accepted", 60 + MAILS)
    daemon.idle(60 + MAILS / 2)
    wait_until(lambda: not dovecot.raw_mails("help@desk.example"), "the mailbox to be empty", 60)
    daemon.idle(60)
    assert daemon.stop() == 0

    verdict = judge(pour.accepted, *ledgers(daemon.folder / "gateway.db"), delivered(smtp_sink))
    assert verdict == Verdict()
    assert len(pour.accepted) == MAILS
    assert daemon.starts == KILLS + 1
    statuses = {t["status"] for t in daemon.tickets()}
    assert statuses == {"new"}


def test_sigterm_under_load_drains_and_loses_nothing(daemon: Daemon, dovecot: Dovecot, smtp_sink: SmtpSink) -> None:
    pour = Pour(daemon.smtp_port, dovecot, 60)
    daemon.start()
    pour.start()
    for _ in range(3):
        time.sleep(1.0)
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 30
        daemon.start()
    wait_until(pour.over, "every mail to be accepted", 90)
    daemon.idle(90)
    wait_until(lambda: not dovecot.raw_mails("help@desk.example"), "the mailbox to be empty", 60)
    daemon.idle(60)
    assert daemon.stop() == 0
    stored, notices = ledgers(daemon.folder / "gateway.db")
    assert not any(notices.values()), "a drained sender leaves nothing undecided"
    assert judge(pour.accepted, stored, notices, delivered(smtp_sink)) == Verdict()


def ledgers(database: Path) -> tuple[dict[str, list[int]], dict[str, bool]]:
    """What the database holds: tokens with their tickets, and notices with whether they may be doubled."""
    connection = sqlite3.connect(database)
    stored: dict[str, list[int]] = {}
    for ticket, text in connection.execute("SELECT ticket, text FROM message WHERE direction = 'in'"):
        for token in set(_TOKEN.findall(text)):
            stored.setdefault(token, []).append(ticket)
    notices = {
        message_id: bool(ambiguous)
        for message_id, ambiguous in connection.execute("SELECT message_id, ambiguous FROM notice")
    }
    unsent = connection.execute("SELECT count(*) FROM notice WHERE state <> 'sent'").fetchone()[0]
    waiting = connection.execute("SELECT count(*) FROM inbox WHERE state <> 'done'").fetchone()[0]
    connection.close()
    assert (unsent, waiting) == (0, 0), "something is stuck"
    return stored, notices


def delivered(sink: SmtpSink) -> list[str]:
    """Message-IDs as they arrived; copies of one Message-ID must be the same to the byte."""
    seen: dict[str, bytes] = {}
    ids = []
    for message in sink.messages:
        found = re.search(rb"(?im)^Message-ID: <([^>]+)>", message.raw)
        assert found is not None
        message_id = found[1].decode()
        assert seen.setdefault(message_id, message.raw) == message.raw
        ids.append(message_id)
    return ids


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("lost", {"stored": {}}),
        ("doubled", {"stored": {"a": [1001, 1001]}}),
        ("doubled_tickets", {"stored": {"a": [1001, 1002]}}),
        ("unexpected", {"stored": {"a": [1001], "b": [1002]}}),
        ("notices_lost", {"delivered": []}),
        ("notices_doubled", {"delivered": ["m", "m"]}),
    ],
)
def test_the_oracle_sees_every_kind_of_failure(what: str, change: dict[str, object]) -> None:
    good: dict[str, object] = {"accepted": ["a"], "stored": {"a": [1001]}, "notices": {"m": False}, "delivered": ["m"]}
    assert judge(**good).clean  # type: ignore[arg-type]
    verdict = judge(**{**good, **change})  # type: ignore[arg-type]
    assert getattr(verdict, what), json.dumps(change)
