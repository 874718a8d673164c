"""An SMTP client that is in the middle of a large mail while something happens to the listener."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time

from harness.traffic import mail

_PIECES = 20


def with_file(token: str, size: int) -> bytes:
    """A mail of about ``size`` bytes, most of them a file in base64."""
    kind = {"MIME_Version": "1.0", "Content_Type": "multipart/mixed; boundary=b"}
    head, _, body = mail(token, **kind).partition(b"\r\n\r\n")
    file = base64.encodebytes(os.urandom(int(size / 1.38))).replace(b"\n", b"\r\n")
    named = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=scan.pdf\r\n"
    text = b"Content-Type: text/plain\r\n\r\n" + body
    return (
        head + b"\r\n\r\n--b\r\n" + text + b"\r\n--b\r\n" + named + b"Content-Transfer-Encoding: base64\r\n\r\n" + file
    )


class SlowClient:
    """Has sent the first half when it is there; ``end`` it. ``reply`` is what it heard in the end, b"" if nothing."""

    def __init__(self, port: int, token: str, size: int) -> None:
        self.token = token
        self.sender = f"{token}@client.example"
        self.raw = with_file(token, size)
        self.reply = b""
        self._link = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._hear()
        for command in ("EHLO c.example", f"MAIL FROM:<{self.sender}>", "RCPT TO:<support@desk.example>", "DATA"):
            self._link.sendall(f"{command}\r\n".encode())
            self._hear()
        self._link.sendall(self.raw[: len(self.raw) // 2])
        self._thread = threading.Thread(target=self._finish, args=(self.raw[len(self.raw) // 2 :],), daemon=True)

    def _hear(self) -> None:
        heard = self._link.recv(4096)
        assert heard[:1] in b"23", heard

    def finish(self, seconds: float) -> None:
        """Begin to send the rest, so that it takes about ``seconds``."""
        self._seconds = seconds
        self._thread.start()

    def _finish(self, rest: bytes) -> None:
        size = len(rest) // _PIECES + 1
        try:
            for at in range(0, len(rest), size):
                time.sleep(self._seconds / _PIECES)
                self._link.sendall(rest[at : at + size])
            self._link.sendall(b".\r\n")
            self.reply = self._link.recv(4096)
        except OSError:
            self.reply = b""
        finally:
            self._link.close()

    def end(self) -> bool:
        """Was it told that its mail is taken?"""
        self._thread.join(90)
        return self.reply.startswith(b"250")
