"""What we say: every reply is a fixed text with an enhanced status code (RFC 2034, RFC 3463, RFC 5248).

No reply repeats what the client sent, and none tells what went wrong inside.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterator

from gateway.errors import Permanent

UNKNOWN_RECIPIENT = "550 5.1.1 no such recipient here"
NEEDS_SMTPUTF8 = "553 5.6.7 an address beyond ASCII needs SMTPUTF8"
TOO_MANY_RECIPIENTS = "452 4.5.3 too many recipients"
TOO_BIG = "552 5.3.4 message is too big"
BARE_LINE_END = "550 5.6.11 bare CR or LF; lines end with CRLF"
NO_ROOM = "452 4.3.1 insufficient system storage, please try again later"
TEMPORARY = "451 4.3.0 temporary failure, please try again later"
TOO_MANY_CONNECTIONS = "421 4.7.0 too many connections, please try again later"
TOO_MANY_COMMANDS = "421 4.7.0 too many commands or errors, please come back later"
BROKEN = "421 4.3.0 temporary failure, please try again later"
STOPPING = "421 4.3.2 service is stopping, please try again later"
IDLE = "421 4.4.2 waited too long, closing the connection"
TOO_SLOW = "421 4.4.2 transaction took too long, closing the connection"
NO_TLS_NOW = "503 5.5.1 TLS is already active"

_DEFAULTS = {
    "250": "2.0.0",
    "221": "2.0.0",
    "252": "2.5.2",
    "214": "2.0.0",
    "421": "4.3.2",
    "450": "4.2.0",
    "451": "4.3.0",
    "452": "4.3.1",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "530": "5.7.0",
    "550": "5.0.0",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.0.0",
    "555": "5.5.4",
}
_DISK_FULL = "53100"  # PostgreSQL's SQLSTATE
_HAS_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?: |$)")
_INSTEAD = (
    ("500 Error: command ", "500 5.5.1 command not recognized"),
    ("502 5.5.1 Too many unrecognized", TOO_MANY_COMMANDS),
    ("220 Ready to start TLS", "220 2.0.0 ready to start TLS"),
)


def enhanced(reply: str) -> str:
    """``reply`` with an enhanced status code, in ASCII, and without the client's own words."""
    for beginning, ours in _INSTEAD:
        if reply.startswith(beginning):
            return ours
    code, text = reply[:3], reply[4:]
    if code in _DEFAULTS and not _HAS_CODE.match(text):
        text = f"{_DEFAULTS[code]} {text}"
    return f"{code} {text}".encode("ascii", "replace").decode()


def accepted(inbox_id: int) -> str:
    return f"250 2.0.0 accepted as {inbox_id}"


def failed(error: BaseException) -> str:
    """The reply to a failure of ours: 554 for what is classed as permanent, 452 for a full disk or memory, else 451."""
    if isinstance(error, Permanent):
        return f"554 5.0.0 {_one_line(error.public)}"
    return NO_ROOM if any(_is_full(cause) for cause in _causes(error)) else TEMPORARY


def _one_line(text: str) -> str:
    clean = "".join(ch if " " <= ch <= "~" else " " for ch in text)
    return " ".join(clean.split())[:200]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what led to it; ``orig`` is where database toolkits keep the driver's own."""
    todo, seen = [error], set[int]()
    while todo:
        current = todo.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            found = (current.__cause__, current.__context__, getattr(current, "orig", None))
            todo.extend(cause for cause in found if isinstance(cause, BaseException))


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if getattr(error, "sqlstate", None) == _DISK_FULL:
        return True
    return isinstance(error, MemoryError) or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
