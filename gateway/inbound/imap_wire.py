"""One TCP or TLS connection on which every wait is bounded, watched and can be interrupted.

imaplib's own reading trusts the server: it allocates whatever a literal announces, waits for ever, and
cannot be stopped. Here each operation has a deadline and a byte budget, and while it waits it beats.
"""

from __future__ import annotations

import errno
import imaplib
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

CONNECT_SECONDS = 15.0
QUIET_SECONDS = 60.0
"""The longest silence in the middle of an operation."""
MAX_LINE = 1_000_000
ANSWER = 1_250_000
"""Octets that any answer may have, but for a message: one line of the greatest length and some more."""
_SLICE_SECONDS = 0.5
_GRACE_SECONDS = 2.0
_CHUNK = 1 << 16
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR)


class Interrupted(Exception):
    """We were told to stop."""


class Pulse:
    """Called again and again while waiting: beats, and raises Interrupted some seconds after ``stop`` was set.

    The grace lets a short operation that is under way come to its end.
    """

    def __init__(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self.stop, self.beat = stop, beat
        self._until: float | None = None

    def __call__(self) -> None:
        self.beat()
        if self.stop.is_set():
            self._until = self._until or time.monotonic() + _GRACE_SECONDS
            if time.monotonic() > self._until:
                raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Wait, beating; returns early when told to stop."""
        end = time.monotonic() + seconds
        while not self.stop.is_set() and (left := end - time.monotonic()) > 0:
            self.beat()
            self.stop.wait(min(left, 1.0))


class Wire:
    """A connected, non-blocking socket; OSError (TimeoutError, SSLError) or imaplib's abort when it fails."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._buffer = bytearray()
        self._budget = 0
        self._deadline = 0.0
        self.sock: socket.socket | None = None
        self.allow(CONNECT_SECONDS)

    def allow(self, seconds: float, octets: int = ANSWER) -> None:
        """Begin an operation that may take so long and receive so much."""
        self._deadline = time.monotonic() + seconds
        self._budget = octets

    # --- opening and closing

    def connect(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Try each address of ``host``; with ``context`` the TLS handshake comes first (RFC 8314 section 3).

        Raises OSError: the error of the last address.
        """
        failure: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                self.sock = self._dial(socket.socket(family, kind, protocol), address)
                if context is not None:
                    self.start_tls(context, host)
                return
            except ssl.SSLError:
                self.close()
                raise
            except OSError as error:
                self.close()
                failure = error
        raise failure

    def _dial(self, sock: socket.socket, address: object) -> socket.socket:
        self.sock = sock
        self.allow(CONNECT_SECONDS)
        sock.setblocking(False)
        _tune(sock)
        code = sock.connect_ex(address)  # type: ignore[arg-type]  # getaddrinfo's own answer
        if code in _IN_PROGRESS:
            self._wait(select.POLLOUT, self._deadline)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        return sock

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Change to TLS; anything the server said ahead of the handshake is a forgery and ends the connection."""
        if self._buffer:
            raise imaplib.IMAP4.abort("the server sent data ahead of the TLS handshake")
        wrapped = context.wrap_socket(self._open, server_hostname=host, do_handshake_on_connect=False)
        self.sock = wrapped
        self._patiently(wrapped.do_handshake, select.POLLIN, self._deadline)

    def close(self) -> None:
        sock, self.sock = self.sock, None
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass  # it is gone either way

    @property
    def _open(self) -> socket.socket:
        if self.sock is None:
            raise imaplib.IMAP4.abort("the connection is closed")
        return self.sock

    # --- reading and writing

    def heard(self, seconds: float) -> bool:
        """Wait until there is something to read; False when ``seconds`` pass in silence or we were told to stop."""
        end = time.monotonic() + seconds
        self._deadline = end + QUIET_SECONDS
        while not self._buffer:
            now = time.monotonic()
            if now >= end or self._pulse.stop.is_set():
                return False
            try:
                self._fill(min(end, now + _SLICE_SECONDS))
            except TimeoutError:
                continue
        return True

    def readline(self) -> bytes:
        """A line with its CRLF, of at most 1,000,000 octets."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MAX_LINE:
                raise imaplib.IMAP4.abort("the server sent a line that never ends")
            self._fill()
        return self._take(end + 1)

    def read(self, size: int) -> bytes:
        """Exactly ``size`` octets: a literal."""
        if size > self._budget + len(self._buffer):
            raise imaplib.IMAP4.abort(f"the server announced {size} octets, more than was asked for")
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            action = partial(self._open.send, view[:_CHUNK])
            view = view[self._patiently(action, select.POLLOUT, self._quiet_until()) :]

    def _take(self, size: int) -> bytes:
        data = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return data

    def _fill(self, until: float | None = None) -> None:
        self._pulse()  # also when there always is something: a flood must not keep us
        data = self._patiently(lambda: self._open.recv(_CHUNK), select.POLLIN, until or self._quiet_until())
        if not data:
            raise imaplib.IMAP4.abort("the server closed the connection")
        self._budget -= len(data)
        if self._budget < 0:
            raise imaplib.IMAP4.abort("the server sent more than was asked for")
        self._buffer += data

    # --- waiting

    def _quiet_until(self) -> float:
        return min(self._deadline, time.monotonic() + QUIET_SECONDS)

    def _patiently(self, action: Callable[[], T], events: int, until: float) -> T:
        """Do what a non-blocking socket may not be ready for, until it is done. Raises TimeoutError."""
        while True:
            try:
                return action()
            except (BlockingIOError, InterruptedError):
                wanted = events
            except ssl.SSLWantReadError:
                wanted = select.POLLIN
            except ssl.SSLWantWriteError:
                wanted = select.POLLOUT
            self._wait(wanted, until)

    def _wait(self, events: int, until: float) -> None:
        poller = select.poll()
        poller.register(self._open, events)
        while True:
            self._pulse()
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the server did not answer in time")
            if poller.poll(1000 * min(left, _SLICE_SECONDS)):
                return


def _tune(sock: socket.socket) -> None:
    """Send each piece at once; notice a peer that vanished without a word (the names differ between systems)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
