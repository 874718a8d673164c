"""A TCP proxy that can fall silent without closing anything, as a NAT box does that has forgotten a connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from servers.ports import HOST

_CHUNK = 1 << 16


@dataclass
class Proxy:
    """Listens on ``port`` and passes everything on to ``target``; started on creation, gone after ``close()``.

    ``pause`` holds both directions of every connection, and of new ones, until ``resume``; ``forget`` makes the
    present connections silent for ever; ``cut`` resets them.
    """

    target: int
    port: int = 0
    connections: int = 0
    _pairs: list[tuple[socket.socket, socket.socket]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._flowing = threading.Event()
        self._flowing.set()
        self._forgotten: set[socket.socket] = set()
        self._ended: set[socket.socket] = set()
        self._closed = False
        self._server = socket.create_server((HOST, self.port))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def pause(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def living(self) -> int:
        """Connections that pass on what they are given."""
        return len(self._living())

    def _living(self) -> list[tuple[socket.socket, socket.socket]]:
        return [pair for pair in self._pairs if not {*pair} & (self._forgotten | self._ended)]

    def forget(self) -> int:
        """Returns how many connections were made silent."""
        held = self._living()
        self._forgotten.update(one for pair in held for one in pair)
        return len(held)

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for one in (one for pair in pairs for one in pair):
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        self._closed = True
        self.resume()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def passing(self, source: socket.socket, data: bytes) -> None:
        """Called with everything that goes through; for those who want to look at it."""

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._server.accept()
            except OSError:
                time.sleep(0.01)
                continue
            try:
                server = socket.create_connection((HOST, self.target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self.connections += 1
            self._pairs.append((client, server))
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while True:
                data = source.recv(_CHUNK)
                self._flowing.wait()
                while source in self._forgotten and not self._closed and source.fileno() >= 0:
                    time.sleep(0.1)
                if not data:
                    break
                self.passing(source, data)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._ended.add(source)
