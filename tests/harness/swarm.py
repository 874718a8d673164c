"""Hundreds of slow clients in one thread: each keeps a listener waiting in its way, and comes back when sent away."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_TICK = 0.05
_TURN_SECONDS = 1.0
_ESTABLISHED = 1
_SMALL_BUFFER = 4096

TO_DATA = b"EHLO slow.example\r\nMAIL FROM:<slow@client.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"


@dataclass(frozen=True)
class Way:
    """What a client sends when it is greeted, and every second from then on; ``reads`` False never takes a reply."""

    name: str
    first: bytes = b""
    each: bytes = b""
    reads: bool = True


WAYS = (
    Way("says nothing"),
    Way("a letter of EHLO a second", b"E", b"H"),
    Way("NOOP every second", b"EHLO slow.example\r\n", b"NOOP\r\n"),
    Way("a letter of a mail a second", TO_DATA, b"a"),
    Way("STARTTLS, then nothing", b"EHLO slow.example\r\nSTARTTLS\r\n"),
    Way("takes no reply", b"EHLO slow.example\r\n", b"EHLO slow.example\r\n" * 40, reads=False),
)


class Client:
    """``stays`` gets how long it was held, each time that it was."""

    def __init__(self, way: Way, turn: float, stays: list[tuple[str, float]]) -> None:
        self.way = way
        self.turn = turn
        self.link: socket.socket | None = None
        self.greeted = 0.0
        self._stays = stays

    def come(self, address: tuple[str, int], source: str) -> socket.socket:
        self.link = link = socket.socket()
        if not self.way.reads:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        link.setblocking(False)
        link.bind((source, 0))
        link.connect_ex(address)
        return link

    def act(self) -> None:
        """What is due every second. Raises OSError when the connection has ended."""
        if self.greeted and self.way.each and self.link is not None:
            try:
                self.link.send(self.way.each)
            except BlockingIOError:
                pass  # the listener does not read on: it waits for us to read

    def hear(self) -> bool:
        """Take what the listener says. False when it has nothing more to say; raises OSError likewise."""
        assert self.link is not None
        data = self.link.recv(1 << 16)
        if data.startswith(b"220") and not self.greeted:
            self.greeted = time.monotonic()
            self.link.send(self.way.first)
        return bool(data) and (bool(self.greeted) or not data.startswith(b"4"))

    def is_held(self) -> bool:
        if not self.greeted or self.link is None:
            return False
        return self.link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED

    def leave(self) -> None:
        if self.link is not None:
            self.link.close()
        if self.greeted:
            self._stays.append((self.way.name, time.monotonic() - self.greeted))
        self.link, self.greeted = None, 0.0


@dataclass
class Swarm:
    """``count`` clients from one address.

    ``most`` were held at once, and ``turned_away`` counts refusals; ``stays`` are the ways and seconds in which each
    was held until the listener ended it.
    """

    port: int
    count: int
    ways: Sequence[Way] = WAYS
    source: str = "127.0.0.1"
    most: int = 0
    turned_away: int = 0
    stays: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = time.monotonic()
        ways = [self.ways[n % len(self.ways)] for n in range(self.count)]
        self._clients = [Client(way, now + n / self.count, self.stays) for n, way in enumerate(ways)]
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        assert not self._errors, self._errors

    def held(self) -> Counter[str]:
        return Counter(client.way.name for client in self._clients if client.is_held())

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._tick(time.monotonic())
                self.most = max(self.most, self.held().total())
        except BaseException as error:
            self._errors.append(error)
        finally:
            ended = len(self.stays)
            for client in self._clients:
                client.leave()
            del self.stays[ended:]  # those we ended ourselves
            self._selector.close()

    def _tick(self, now: float) -> None:
        for client in self._clients:
            if now >= client.turn:
                client.turn = now + _TURN_SECONDS
                self._turn(client)
        for key, _ in self._selector.select(_TICK):
            self._hear(key.data)

    def _turn(self, client: Client) -> None:
        if client.link is None:
            self._selector.register(client.come(("127.0.0.1", self.port), self.source), selectors.EVENT_READ, client)
            return
        try:
            client.act()
        except OSError:
            self._leave(client)

    def _hear(self, client: Client) -> None:
        try:
            goes_on = client.hear()
        except BlockingIOError:
            return
        except OSError:
            goes_on = False
        if not goes_on:
            self.turned_away += not client.greeted
            self._leave(client)
        elif client.greeted and not client.way.reads:
            self._forget(client)

    def _leave(self, client: Client) -> None:
        self._forget(client)
        client.leave()

    def _forget(self, client: Client) -> None:
        if client.link is not None and client.link in self._selector.get_map():
            self._selector.unregister(client.link)
