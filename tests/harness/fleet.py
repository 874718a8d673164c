"""Several ``gateway run`` on one database, each with a listener of its own, as on several hosts."""

from __future__ import annotations

import os
import re
import signal
import smtplib
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness.daemon import Daemon
from harness.oracle import Verdict, judge
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.sink import SmtpSink

_CONFIG = """
[desk]
name = "Acme Support"
address = "support@desk.example"

[database]
url = "{url}"

[[inbound.smtp]]
listen = "127.0.0.1:{port}"
max_connections_per_client = 100

[outbound.smtp]
host = "127.0.0.1"
port = {relay}
tls = "none"

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
role = "admin"

[notices]
acks_per_sender_per_day = 1000
generated_per_minute = 100000

{more}
"""
MAILBOX = """
[[inbound.imap]]
name = "help"
host = "127.0.0.1"
port = {port}
tls = "none"
username = "help@desk.example"
password = "pw"
scan_interval = 1
"""
BOX = "help@desk.example"
_TOKEN = re.compile(r"token-[a-z]+-\d+")


@dataclass
class Fleet:
    """``close`` it. ``more`` is added to every configuration; ``urls`` may reach the database by several ways."""

    folder: Path
    urls: Sequence[str]
    relay: int
    more: str = ""
    daemons: list[Daemon] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, url in enumerate(self.urls):
            port = free_port()
            text = _CONFIG.format(url=url, port=port, relay=self.relay, more=self.more)
            self.daemons.append(Daemon(self.folder / f"host{number + 1}", text, smtp_port=port))
        key = (self.daemons[0].folder / "secret.key").read_bytes()
        for daemon in self.daemons[1:]:
            (daemon.folder / "secret.key").write_bytes(key)

        for daemon in self.daemons:
            (daemon.folder / "log.jsonl").touch()

    def start(self, *arguments: str) -> None:
        for daemon in self.daemons:
            daemon.start(*arguments, wait=False)
        for daemon in self.daemons:
            self.ready(daemon)

    @staticmethod
    def ready(daemon: Daemon, seconds: float = 90) -> None:
        began = len(daemon.logged("daemon_ready"))
        wait_until(lambda: len(daemon.logged("daemon_ready")) >= max(began, daemon.starts), "daemon_ready", seconds)

    def close(self) -> None:
        for daemon in self.daemons:
            if not daemon.dead() and daemon.process is not None:
                os.kill(daemon.process.pid, signal.SIGCONT)
            daemon.close()

    def stop(self) -> list[int]:
        return [daemon.stop() for daemon in self.daemons if not daemon.dead()]


class Rows:
    """Questions to the database from outside the product."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    def __call__(self, query: str) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(sa.text(query)))

    def one(self, query: str) -> Any:
        return self(query)[0][0]

    def close(self) -> None:
        self._engine.dispose()


def mail(token: str, size: int = 0) -> bytes:
    """A mail that says its token once, of at least ``size`` bytes."""
    return (
        f"From: {token} <{token}@client.example>\r\nTo: support@desk.example\r\nSubject: A question\r\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{token}@client.example>\r\n\r\n"
        f"My question is {token}.\r\n{'All the details of it. ' * (size // 24)}\r\n"
    ).encode()


class Clients:
    """Threads that hand their mails over, each at the next of ``ports`` that takes it; 250 is noted in ``accepted``."""

    def __init__(self, ports: Sequence[int], tokens: Iterable[str], threads: int = 2, pause: float = 0.0) -> None:
        self.accepted: list[str] = []
        self._ports, self._pause = ports, pause
        waiting = list(tokens)
        shares = [waiting[n::threads] for n in range(threads)]
        self._threads = [
            threading.Thread(target=self._pour, args=(share, n), daemon=True) for n, share in enumerate(shares)
        ]
        for thread in self._threads:
            thread.start()

    def over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def wait(self, seconds: float = 60) -> None:
        wait_until(self.over, "every mail to be accepted", seconds)

    def _pour(self, tokens: list[str], turn: int) -> None:
        for token in tokens:
            while not self._try(token, self._ports[turn % len(self._ports)]):
                turn += 1
                time.sleep(0.05)
            self.accepted.append(token)
            turn += 1
            time.sleep(self._pause)

    @staticmethod
    def _try(token: str, port: int) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=15) as smtp:
                smtp.sendmail(f"{token}@client.example", ["support@desk.example"], mail(token))
        except smtplib.SMTPServerDisconnected as error:
            return "after 250" in str(error)
        except (OSError, smtplib.SMTPException):
            return False
        return True


def idle(rows: Rows, seconds: float = 60) -> None:
    """Wait until no mail and no notice waits."""
    busy = (
        "SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting')"
        " + (SELECT count(*) FROM notice WHERE state IN ('due', 'dot_pending', 'ambiguous'))"
    )
    wait_until(lambda: rows.one(busy) == 0, "the desk to be idle", seconds)


def delivered(sink: SmtpSink) -> list[tuple[str, bytes]]:
    """What arrived: Message-IDs and bytes."""
    found = []
    for message in sink.messages:
        line = next(part for part in message.raw.split(b"\r\n") if part.lower().startswith(b"message-id:"))
        found.append((line.partition(b"<")[2].rstrip(b">").decode(), message.raw))
    return found


def add_mailbox(dovecot: Dovecot) -> None:
    """The mailbox of ``MAILBOX``."""
    dovecot.add_user(BOX)


def verdict(rows: Rows, accepted: list[str], sink: SmtpSink) -> Verdict:
    stored: dict[str, list[int]] = {}
    for row in rows("SELECT ticket, text FROM message WHERE direction = 'in'"):
        for token in set(_TOKEN.findall(row.text)):
            stored.setdefault(token, []).append(row.ticket)
    notices = {row.message_id: bool(row.ambiguous) for row in rows("SELECT message_id, ambiguous FROM notice")}
    stuck = [row.message_id for row in rows("SELECT message_id FROM notice WHERE state <> 'sent'")]
    stuck += [str(row.id) for row in rows("SELECT id FROM inbox WHERE state <> 'done'")]
    return judge(accepted, stored, notices, delivered(sink), stuck)


def watcher(fleet: Fleet) -> Daemon:
    """Whose turn it is at the mailbox."""
    (one,) = [d for d in fleet.daemons if len(d.logged("watch_began")) > len(d.logged("watch_ended")) and not d.dead()]
    return one


def watched(fleet: Fleet, *, but: Daemon | None = None, seconds: float = 60) -> float:
    """Wait until somebody (else) watches; the seconds that it took."""
    began = time.monotonic()
    others = [d for d in fleet.daemons if d is not but]

    def found() -> bool:
        return any(len(d.logged("watch_began")) > len(d.logged("watch_ended")) for d in others)

    wait_until(found, "a watcher", seconds)
    return time.monotonic() - began


def tokens(where: str, count: int, first: int = 0) -> list[str]:
    return [f"token-{where}-{n}" for n in range(first, first + count)]


def post(mailbox: Dovecot, accepted: list[str], count: int, pause: float = 0.0) -> None:
    first = sum(t.startswith("token-imap") for t in accepted)
    for token in tokens("imap", count, first):
        mailbox.deliver(mail(token), BOX)
        accepted.append(token)
        time.sleep(pause)


def settle(rows: Rows, mailbox: Dovecot, seconds: float = 90) -> None:
    wait_until(lambda: not mailbox.raw_mails(BOX), "the mailbox to be empty", seconds)
    idle(rows, seconds)
