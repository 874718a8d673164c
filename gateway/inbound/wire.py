"""The bytes after DATA: where a message ends, its dots, its line ends and its size. Pure and linear.

Only CRLF "." CRLF ends a message (RFC 5321 section 4.1.1.4). Any other "end", such as LF "." LF, is part
of the content, so that no sender can smuggle a second mail past a server that reads it differently.
"""

from __future__ import annotations

import io
from collections.abc import Callable

_END = b"\r\n.\r\n"


class DataScanner:
    """Takes the stream after DATA in chunks of any size; memory stays below ``max_size`` plus a chunk.

    ``room(total)`` is asked before the kept bytes grow to ``total``; when it says no, the rest is read and
    thrown away, as is everything once ``max_size`` octets (RFC 1870: without the dots added for
    transparency) are exceeded or, with ``keep_bare`` False, once a bare CR or LF was seen.
    """

    def __init__(self, max_size: int, room: Callable[[int], bool], *, keep_bare: bool) -> None:
        self._max_size = max_size
        self._room = room
        self._keep_bare = keep_bare
        self._kept = io.BytesIO()  # getvalue() hands its buffer over without a copy
        self._carry = b"\r\n"  # the line end of DATA itself: a first line of "." ends an empty message
        self._at_start = True
        self.size = 0
        self.done = False
        self.bare = False
        self.too_big = False
        self.no_room = False

    def feed(self, chunk: bytes) -> bytes:
        """Take ``chunk``; return what follows the end of the message, "" while it has not ended."""
        pending = self._carry + chunk
        end = pending.find(_END)
        if end < 0:
            cut = len(pending) - _begun(pending)
            self._take(pending[:cut])
            self._carry = pending[cut:]
            return b""
        self.done = True
        self._take(pending[: end + 2])
        return pending[end + len(_END) :]

    def content(self) -> bytes:
        """The message without transparency dots; empty when it was thrown away."""
        return self._kept.getvalue()

    def _take(self, block: bytes) -> None:
        # No block ends inside a CRLF or a CRLF-dot: those wait in the carry. So both can be treated blockwise.
        self.bare = self.bare or has_bare_line_ends(block)
        block = block.replace(b"\r\n.", b"\r\n")
        if self._at_start and block:
            block = block[2:]
            self._at_start = False
        self.size += len(block)
        self._keep(block)

    def _keep(self, block: bytes) -> None:
        self.too_big = self.too_big or self.size > self._max_size
        if not self._unwanted():
            self.no_room = not self._room(self.size)
        if self._unwanted():
            self._kept = io.BytesIO()
        else:
            self._kept.write(block)

    def _unwanted(self) -> bool:
        return self.too_big or self.no_room or (self.bare and not self._keep_bare)


def _begun(data: bytes) -> int:
    """How many of the last bytes may be the beginning of the end."""
    return next((n for n in range(len(_END) - 1, 0, -1) if data.endswith(_END[:n])), 0)


def has_bare_line_ends(data: bytes) -> bool:
    """True when a CR stands without its LF or an LF without its CR (RFC 5321 section 2.3.8)."""
    pairs = data.count(b"\r\n")
    return data.count(b"\r") != pairs or data.count(b"\n") != pairs


def normalised(data: bytes) -> bytes:
    """Every line end as CRLF: what a bare CR or LF from a trusted LMTP client most probably meant."""
    if not has_bare_line_ends(data):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
