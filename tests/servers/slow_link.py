"""A TCP proxy that lets no more than so many octets a second pass from the client to the server."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from servers.ports import HOST

_CHUNK = 4096


class SlowLink:
    """``close`` it. What the server says passes at once."""

    def __init__(self, target: int, octets_per_second: int) -> None:
        self._target, self._rate = target, octets_per_second
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        with client, socket.create_connection((HOST, self._target)) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server, self._rate)
            back.join()


def _pump(source: socket.socket, sink: socket.socket, rate: int = 0) -> None:
    passed, began = 0, time.monotonic()
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
            passed += len(data)
            if rate:
                time.sleep(max(0.0, began + passed / rate - time.monotonic()))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
