"""Reads what strace wrote of a daemon and of its PostgreSQL: was the mail committed, and was that on the disk?

Two traces, because they are two programs: the daemon must have heard "COMMIT" from the server before it says 250, and
the server must have flushed its log before it says "COMMIT".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.flushes import Call, calls
from harness.traffic import TOKEN

SERVER_CALLS = "recvfrom,sendto,fdatasync,fsync"
_DOT, _ACCEPTED = r"\r\n.\r\n", "250 2.0.0 accepted"
_KEY = re.compile(r"raw:(?P<digest>[0-9a-f]{64}):")
"""What makes a mail's row unique: looked for, and then inserted, in the transaction that stores the mail."""
_COMMIT, _COMMITTED = r"\vCOMMIT\0", r"C\0\0\0\vCOMMIT\0"
_SESSION = "SET synchronous_commit = on"


@dataclass
class Commits:
    """How many promises came after what they rest on, and how many did not."""

    kept: int = 0
    broken: int = 0

    def note(self, *, good: bool) -> None:
        self.kept += good
        self.broken += not good


def promised(lines: Iterable[str], digests: Mapping[str, str]) -> Commits:
    """Of the daemon: each 250 after the server's COMMIT for that very mail, over a session that asked for flushes.

    ``digests``: token → the SHA-256 of its mail, as it stands in the key of its row.
    """
    found = Commits()
    heard: dict[str, str] = {}
    stored: dict[str, str] = {}
    durable: set[str] = set()
    committed: set[str] = set()
    for call in _in_order(lines):
        link = call.what
        if call.name == "sendto" and _ACCEPTED in call.text:
            found.note(good=digests[heard[link]] in committed)
        elif call.name == "sendto" and _SESSION in call.text:
            durable.add(link)
        elif call.name == "sendto" and (key := _KEY.search(call.text)):
            stored[link] = key["digest"]
        elif call.name == "recvfrom" and _DOT in call.text and (token := TOKEN.search(call.text)):
            heard[link] = token[0]
        elif call.name == "recvfrom" and _COMMITTED in call.text and link in stored and link in durable:
            committed.add(stored.pop(link))
    return found


def flushed(lines: Iterable[str]) -> Commits:
    """Of the server: each COMMIT of a mail after a flush of the log, begun since it was asked for."""
    found = Commits()
    stored: set[int] = set()
    asked: dict[int, int] = {}
    flush = -1
    for call in _in_order(lines):
        if call.name in ("fdatasync", "fsync") and "/pg_wal/" in call.what:
            flush = max(flush, call.began)
        elif call.name == "recvfrom" and _KEY.search(call.text):
            stored.add(call.pid)
        elif call.name == "recvfrom" and _COMMIT in call.text and call.pid in stored:
            asked[call.pid] = call.ended
        elif call.name == "sendto" and _COMMITTED in call.text and call.pid in asked:
            found.note(good=flush > asked.pop(call.pid))
            stored.discard(call.pid)
    return found


def _in_order(lines: Iterable[str]) -> list[Call]:
    """What we hear counts from its end, and so does a flush; what we say counts from its beginning."""
    return sorted(calls(lines), key=lambda call: call.began if call.name == "sendto" else call.ended)
