"""Reading a folder without ever losing one's place: pure planning, no connection.

UIDs only ever rise within one UIDVALIDITY (RFC 3501 section 2.3.1.1), so the place is one number: the last
UID such that it and all below it are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

WINDOW = 2_000
_WIDEST = 64_000
"""A SEARCH answer for that many UIDs stays below the 1,000,000 octets that a line may have."""
PROCESSED = "$Processed"
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
_LOGIN_FLOOR = 30.0
"""A password that was refused will be refused again, and providers lock accounts that insist."""


class Settle(Enum):
    """What is done with a message once it is ours."""

    MOVE = "UID MOVE"
    COPY = "UID COPY, then UID EXPUNGE"
    KEYWORD = "the keyword $Processed"
    CURSOR = "nothing but remembering its UID"


def settle_by(capabilities: frozenset[str], permanent_flags: frozenset[str], *, read_only: bool) -> Settle:
    """The best that a server can. A bare EXPUNGE is never among it: it would remove what others marked."""
    if read_only:
        return Settle.CURSOR
    if "MOVE" in capabilities:
        return Settle.MOVE
    if "UIDPLUS" in capabilities:
        return Settle.COPY
    lasting = {flag.lower() for flag in permanent_flags}
    return Settle.KEYWORD if "\\*" in lasting or PROCESSED.lower() in lasting else Settle.CURSOR


class Windows:
    """Ranges of UIDs to search, from after ``last`` up to ``newest``.

    2,000 at first; wider while nothing is found, so that a folder that has seen millions of messages and holds
    few is passed quickly.
    """

    def __init__(self, last: int, newest: int) -> None:
        self._next, self._newest, self._width = last + 1, newest, WINDOW

    def __iter__(self) -> Iterator[tuple[int, int]]:
        while self._next <= self._newest:
            end = min(self._next + self._width - 1, self._newest)
            yield self._next, end
            self._next = end + 1

    def found(self, count: int) -> None:
        """How many messages the last window held."""
        self._width = min(2 * self._width, _WIDEST) if count == 0 else WINDOW


@dataclass
class Progress:
    """Which UIDs of one UIDVALIDITY are done: all up to ``reach`` that do not wait."""

    uidvalidity: int
    reach: int = 0
    waiting: set[int] = field(default_factory=set)

    @property
    def last(self) -> int:
        """The cursor: it never passes a UID that is not done."""
        return min(self.waiting) - 1 if self.waiting else self.reach

    def saw(self, end: int, found: list[int]) -> None:
        """A search up to ``end`` found these; every other UID up to there does not exist."""
        self.waiting.update(found)
        self.reach = max(self.reach, end)

    def done(self, uid: int) -> None:
        self.waiting.discard(uid)


@dataclass
class Strikes:
    """Messages at which the connection broke, again and again: they must not hold up the others."""

    counts: dict[int, int] = field(default_factory=dict)
    spared_until: dict[int, float] = field(default_factory=dict)

    def strike(self, uid: int, now: float) -> int:
        """Count a failure; from the sixth on the message is left alone for an hour."""
        self.counts[uid] = self.counts.get(uid, 0) + 1
        if self.counts[uid] >= 6:
            self.spared_until[uid] = now + 3600
        return self.counts[uid]

    def unreadable(self, uid: int) -> bool:
        """After three failures its header alone is asked for."""
        return self.counts.get(uid, 0) >= 3

    def spared(self, uid: int, now: float) -> bool:
        return self.spared_until.get(uid, 0.0) > now

    def forgive(self, uid: int) -> None:
        self.counts.pop(uid, None)
        self.spared_until.pop(uid, None)


def pause(failures: int, draw: float, *, login_refused: bool = False, ours: bool = False) -> float:
    """Seconds before the next connection: full jitter (``draw`` in 0..1) over a ceiling that doubles to 300 s.

    When the failure is our own (``ours``: the store is down) the ceiling is 30 s.
    """
    ceiling = min(30.0 if ours else LONGEST_PAUSE, 2.0 ** min(failures, 10))
    floor = _LOGIN_FLOOR if login_refused else SHORTEST_PAUSE
    return floor + draw * max(0.0, max(ceiling, 2 * floor) - floor)


def folder_name(name: str, delimiter: str, prefix: str, prefixes: tuple[str, ...]) -> str:
    """A configured folder, written with "/", as the server names it: its delimiter, inside its namespace."""
    if name.upper() == "INBOX":
        return name
    if delimiter and delimiter != "/":
        name = name.replace("/", delimiter)
    return name if name.startswith(prefixes) else prefix + name


def message_key(account: str, folder: str, uidvalidity: int, uid: int) -> str:
    """The unique key under which a message is taken in once (RFC 3501 section 2.3.1.1)."""
    return f"imap:{account}:{folder}:{uidvalidity}:{uid}"


def stand_in(header: bytes, size: int, why: str) -> bytes:
    """A message with the header of one that was not taken in, and a text that says so.

    Its MIME fields go, since the parts they speak of are missing; ``X-Gateway-Truncated`` holds its octets.
    """
    fields = [name_and_lines for name_and_lines in _fields(header) if not _about_the_body(name_and_lines)]
    own = [
        b"X-Gateway-Truncated: %d" % size,
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
    ]
    return b"\r\n".join([*fields, *own, b"", *why.encode().splitlines(), b""])


def _about_the_body(field: bytes) -> bool:
    name = field.partition(b":")[0].strip().lower()
    return name.startswith(b"content-") or name in (b"mime-version", b"x-gateway-truncated")


def _fields(header: bytes) -> list[bytes]:
    """Each field of a header block with its continuation lines, CRLF between; what is no field is left out."""
    fields: list[list[bytes]] = []
    for line in header.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1].append(line)
        elif b":" in line:
            fields.append([line])
    return [b"\r\n".join(lines) for lines in fields]
