"""Good mail in a steady stream, and how long each was kept waiting."""

from __future__ import annotations

import hashlib
import itertools
import socket
import threading
import time
from dataclasses import dataclass, field

from harness.traffic import Promises, mail
from servers.listening import dotted


@dataclass
class Waits:
    """Seconds: ``accepted`` from connecting to the 250, ``told`` from the end of a mail to its 250."""

    accepted: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        p50, p95, p99 = (ms(self.accepted, of) for of in (50, 95, 99))
        told = ms(self.told, 99)
        return f"{len(self.told)} mails, connect to 250 p50 {p50}, p95 {p95}, p99 {p99} ms (from its end: {told})"


def percentile(values: list[float], of: int) -> float:
    return sorted(values)[max(0, -(-len(values) * of // 100) - 1)] if values else float("inf")


def ms(values: list[float], of: int) -> str:
    return f"{1000 * percentile(values, of):.0f}"


class GoodMail:
    """``rate`` mails a second by ``clients`` clients, each mail a connection of its own, from ``source``.

    ``waits`` is what has come since it was last taken with ``take``.
    """

    def __init__(self, port: int, promises: Promises, rate: float, clients: int = 4, source: str = "127.0.0.1") -> None:
        self._port, self._promises, self._source = port, promises, source
        self._pause = clients / rate
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._waits = Waits()
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._waits.told)

    def take(self) -> Waits:
        with self._lock:
            taken, self._waits = self._waits, Waits()
        return taken

    def stop(self) -> Waits:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
        return self.take()

    def _client(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic())
            raw = mail(f"token-good-{next(self._numbers)}")
            began = time.monotonic()
            try:
                told = self._deliver(raw)
            except (OSError, AssertionError) as error:
                with self._lock:
                    self._waits.refused.append(repr(error))
                continue
            self._promises.note(hashlib.sha256(raw).hexdigest())
            with self._lock:
                self._waits.told.append(told)
                self._waits.accepted.append(time.monotonic() - began)

    def _deliver(self, raw: bytes) -> float:
        """Seconds from the end of the mail to its 250. Raises OSError or AssertionError when it was not taken."""
        with socket.create_connection(("127.0.0.1", self._port), 60, (self._source, 0)) as link:
            steps = (
                b"",
                b"EHLO c.example",
                b"MAIL FROM:<c@client.example>",
                b"RCPT TO:<support@desk.example>",
                b"DATA",
            )
            for step in steps:
                if step:
                    link.sendall(step + b"\r\n")
                heard = link.recv(4096)
                assert heard[:1] in b"23" and heard, heard
            link.sendall(dotted(raw))
            began = time.monotonic()
            heard = link.recv(4096)
            assert heard.startswith(b"250"), heard
            return time.monotonic() - began
