"""Reads what strace wrote of a daemon: was the log on disk before the promise was on the wire?

A process that is killed leaves its writes in the page cache, so no kill can tell a commit that was flushed from
one that was not. The order of system calls can.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from servers.ports import missing, require

CALLS = "recvfrom,sendto,pwrite64,fdatasync,fsync"
PROMISES = {
    "250": ("250 2.0.0 accepted", r"\r\n.\r\n"),
    "move": ("UID MOVE", " FETCH ("),
    "dot": (r".\r\n", "354 "),
}
"""What we say on a socket that cannot be taken back, and what we had heard there when the commit was still to come."""

_LINE = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>)?(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<fd>\d+)<(?P<what>[^>]*)>(?:, )?(?P<rest>.*)")


def strace(output: Path, names: str = CALLS, length: int = 700) -> list[str]:
    """What to put before a command to trace it; ``length`` bytes of each string. Skips where nothing can be traced."""
    program = str(require("strace", "strace"))
    if subprocess.run([program, "-o", os.devnull, "true"], capture_output=True, timeout=30).returncode:
        missing("strace may not trace here (ptrace is forbidden)")
    watch = [program, "-f", "-y", "-qq", "-s", str(length), "-e", f"trace={names}", "-e", "signal=none"]
    return [*watch, "-o", str(output)]


@dataclass
class Call:
    """One system call: the lines of the trace at which it began and ended."""

    name: str
    fd: int
    what: str
    text: str
    began: int
    ended: int = 0
    pid: int = 0


@dataclass
class Order:
    """``kept`` and ``broken``: how many promises of each kind came after, or without, a flush of the log."""

    kept: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROMISES, 0))
    broken: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROMISES, 0))


def order(lines: Iterable[str]) -> Order:
    """For each promise: did the log grow after what we had heard, and was a flush of it begun and ended in time?"""
    found = Order()
    heard: dict[tuple[str, int], int] = {}
    found_calls = sorted(calls(lines), key=lambda call: call.began)
    log = [call for call in found_calls if call.what.endswith("-wal")]
    writes = [call for call in log if call.name == "pwrite64"]
    flushes = [call for call in log if call.name in ("fdatasync", "fsync")]
    by_end = sorted(found_calls, key=lambda call: call.ended if call.name == "recvfrom" else call.began)
    for call in by_end:
        for kind, (said, before) in PROMISES.items():
            if call.name == "recvfrom" and before in call.text:
                heard[kind, call.fd] = call.ended
            if call.name == "sendto" and said in call.text and _whole(kind, call.text):
                since = heard.get((kind, call.fd))
                if since is not None:
                    good = _flushed(writes, flushes, since, call.began)
                    (found.kept if good else found.broken)[kind] += 1
    return found


def _whole(kind: str, text: str) -> bool:
    return kind != "dot" or text.startswith(r'".\r\n"')


def _flushed(writes: list[Call], flushes: list[Call], since: int, until: int) -> bool:
    written = [call.ended for call in writes if since < call.began and call.ended < until]
    return any(written and call.began > written[0] and call.ended < until for call in flushes)


def calls(lines: Iterable[str]) -> Iterable[Call]:
    """Calls that are interrupted by those of other threads stand on two lines."""
    open_calls: dict[tuple[str, str], Call] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        if found["resumed"]:
            call = open_calls.pop((found["pid"], found["resumed"]), None)
            if call is not None:
                call.ended, call.text = number, call.text + found["rest"]
                yield call
            continue
        parts = _CALL.match(found["rest"])
        if parts is None:
            continue
        call = Call(parts["name"], int(parts["fd"]), parts["what"], parts["rest"], number, number, int(found["pid"]))
        if "<unfinished ...>" in line:
            open_calls[found["pid"], call.name] = call
        else:
            yield call
