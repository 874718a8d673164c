"""The SMTP listener under test: a scripted door behind it, and a client that speaks byte by byte before it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers.ports import wait_until

from gateway.config import InboundSmtp
from gateway.inbound.smtp import ByteBudget, Limits, SmtpListener
from gateway.mail import Envelope
from gateway.store.inbox import Accepted

MAIL = b"From: a@client.example\r\nTo: support@desk.example\r\nSubject: hi\r\n\r\nhello\r\n.dot\r\n"


@dataclass
class Door:
    """Takes mail for ``@desk.example``. ``commits`` holds (raw, envelope) once it is durable.

    While ``gate`` is not set a commit hangs; ``error`` fails it, ``refuses`` is raised by ``submit`` itself,
    ``lookup_error`` by ``knows``.
    """

    commits: list[tuple[bytes, Envelope]] = field(default_factory=list)
    begun: list[bytes] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    gate: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    refuses: Exception | None = None
    lookup_error: Exception | None = None
    cancels: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def knows(self, address: str) -> bool:
        if self.lookup_error:
            raise self.lookup_error
        return address.lower().endswith("@desk.example") and not address.startswith("unknown")

    def submit(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Future[Accepted]:
        if self.refuses:
            raise self.refuses
        future: Future[Accepted] = Future()
        self.sources.add(source)
        self.begun.append(raw)
        if self.cancels:
            future.cancel()
            return future
        thread = threading.Thread(target=self._commit, args=(raw, envelope, future), daemon=True)
        self.threads.append(thread)
        thread.start()
        return future

    def _commit(self, raw: bytes, envelope: Envelope, future: Future[Accepted]) -> None:
        self.gate.wait(30)
        assert future.set_running_or_notify_cancel(), "the listener cancelled a commit"
        if self.error:
            future.set_exception(self.error)
            return
        self.commits.append((raw, envelope))
        future.set_result(Accepted(len(self.commits), duplicate=False))

    def wait(self, count: int) -> None:
        wait_until(lambda: len(self.commits) >= count, f"commit number {count}")

    def close(self) -> None:
        self.gate.set()
        for thread in self.threads:
            thread.join(5)


@dataclass
class Running:
    """A listener in its thread. ``beats`` are the times at which it showed that it lives."""

    listener: SmtpListener
    stop: threading.Event = field(default_factory=threading.Event)
    beats: list[float] = field(default_factory=list)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        wait_until(lambda: self.listener.ready.is_set() or self.failure is not None, "the listener")

    def _run(self) -> None:
        try:
            self.listener.run(self.stop, lambda: self.beats.append(time.monotonic()))
        except BaseException as error:
            self.failure = error

    @property
    def address(self) -> tuple[str, int]:
        return self.listener.address

    def end(self, seconds: float = 10.0) -> None:
        self.stop.set()
        self.thread.join(seconds)
        assert not self.thread.is_alive(), "the listener did not stop"
        if self.failure is not None:
            raise self.failure


@contextlib.contextmanager
def listening(
    door: Door,
    limits: Limits | None = None,
    budget: ByteBudget | None = None,
    paths: Callable[[Path], Path] = Path,
    **settings: Any,
) -> Iterator[Running]:
    settings = {"listen": "127.0.0.1:0", "hostname": "mx.desk.example", **settings}
    running = Running(SmtpListener(InboundSmtp(**settings), door, paths=paths, limits=limits, budget=budget))
    try:
        yield running
    finally:
        door.close()
        running.end()


class Client:
    """A connection to a listener. ``reply`` reads one reply; ``say`` sends a line and reads its reply."""

    def __init__(self, address: tuple[str, int], *, greet: str = "EHLO client.example", source: str = "") -> None:
        host, _port = address
        if "/" in host:
            self.socket: socket.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(10)
            self.socket.connect(host)
        else:
            self.socket = socket.create_connection(address, timeout=10, source_address=(source, 0) if source else None)
        self._buffer = b""
        self.greeting = self.reply()
        self.extensions = self.say(greet).splitlines()[1:] if greet else []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> str:
        """One line, "" when the connection has ended."""
        while b"\r\n" not in self._buffer:
            try:
                chunk = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLEOFError):
                chunk = b""
            if not chunk:
                return ""
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def reply(self) -> str:
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def say(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def envelope(self, *recipients: str, sender: str = "a@client.example") -> None:
        """As far as the go-ahead for the message."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients or ("support@desk.example",):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")

    def deliver(self, raw: bytes = MAIL, *recipients: str) -> str:
        self.envelope(*recipients)
        self.send(dotted(raw))
        return self.reply()

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def starttls(self, authority: Path, name: str = "localhost") -> None:
        context = ssl.create_default_context(cafile=str(authority))
        self.socket = context.wrap_socket(self.socket, server_hostname=name)


def dotted(raw: bytes) -> bytes:
    """``raw`` (lines ending in CRLF) as it goes over the wire (RFC 5321 section 4.5.2), with its end."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
