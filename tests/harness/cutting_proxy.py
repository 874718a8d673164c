"""A TCP proxy in front of PostgreSQL that cuts the line at COMMIT: before the server hears it, or after."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Literal

Cut = Literal["never", "before commit", "after commit"]


class CuttingProxy:
    """``cut`` applies to the next ``times`` COMMITs that pass."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._cut: Cut = "never"
        self._times = 0
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, how: Cut, times: int = 1) -> None:
        self._cut, self._times = how, times

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(self._target)
        threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if b"COMMIT\0" in data and self._times:
                    self._times -= 1
                    self.cuts += 1
                    if self._cut == "after commit":
                        client.shutdown(socket.SHUT_WR)  # no answer reaches the client from now on
                        server.sendall(data)
                        threading.Event().wait(0.3)
                    break
                server.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _answers(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
