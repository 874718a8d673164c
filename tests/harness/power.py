"""A disk that loses its power: what a folder may hold afterwards, reckoned from a trace of system calls.

POSIX promises only what was flushed: data by ``fdatasync`` of its file, names by that of their folder. Of everything
else any part may be there and any part may be missing, down to single sectors. ``Disk`` keeps both kinds apart.
"""

from __future__ import annotations

import codecs
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.flushes import Call, calls

CALLS = "recvfrom,sendto,pwrite64,ftruncate,fdatasync,fsync"
SECTOR = 512
"""Bytes that a disk writes whole or not at all."""

_PWRITE = re.compile(r'"(?P<data>.*)", \d+, (?P<offset>\d+)', re.S)
_TOKEN = re.compile(r"token-[a-z]+-\d+")
_MESSAGE_ID = re.compile(r"Message-ID: <([^>]+)>")
ACCEPTED, DOT = "250 2.0.0 accepted", r'".\r\n"'
FLUSHES = ("fdatasync", "fsync")

Keep = Callable[[], bool]
"""Asked for each piece that was not flushed: is it there after the cut?"""


@dataclass
class File:
    """``image`` is what was flushed; ``pending`` what was written since: (offset, data), or (size, None) for a cut."""

    image: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    flushed: int = 0
    named: bool = False

    @property
    def written(self) -> int:
        """Changes so far."""
        return self.flushed + len(self.pending)

    def flush(self, until: int) -> None:
        """The first ``until`` changes are on the disk."""
        count = max(0, until - self.flushed)
        for change in self.pending[:count]:
            _change(self.image, *change)
        del self.pending[:count]
        self.flushed += count

    def after_cut(self, keep: Keep) -> bytes:
        found = bytearray(self.image)
        for offset, data in self.pending:
            for at in range(0, 1 if data is None else len(data), SECTOR):
                if keep():
                    _change(found, offset + at, None if data is None else data[at : at + SECTOR])
        return bytes(found)


def _change(image: bytearray, offset: int, data: bytes | None) -> None:
    """Beyond the end the file grows by zeros, as a file system does it."""
    image.extend(bytes(max(0, offset - len(image))))
    if data is None:
        del image[offset:]
    else:
        image[offset : offset + len(data)] = data


class Disk:
    """Some files of one folder, which are empty and have no names at first."""

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self._folder = str(folder)
        self._files = {f"{folder}/{name}": File() for name in files}
        self._begun: dict[int, tuple[File, int]] = {}

    def began(self, call: Call) -> None:
        """A write counts from here, as it may have happened. Raises ValueError where the trace shows a part of it."""
        file = self._files.get(call.what)
        if file is None:
            return
        if call.name == "pwrite64":
            file.pending.append(_written(call))
        elif call.name == "ftruncate":
            file.pending.append((int(call.text.split(")")[0].split()[0]), None))
        elif call.name in FLUSHES:
            self._begun[id(call)] = file, file.written

    def ended(self, call: Call) -> None:
        """A flush counts from here, for what was written before it began."""
        if call.name in FLUSHES and call.what == self._folder:
            for file in self._files.values():
                file.named = True
        elif id(call) in self._begun:
            file, until = self._begun.pop(id(call))
            file.flush(until)

    def after_cut(self, keep: Keep) -> dict[str, bytes]:
        """One of the states in which the folder may be found: name → content."""
        return {Path(name).name: file.after_cut(keep) for name, file in self._files.items() if file.named or keep()}


def _written(call: Call) -> tuple[int, bytes]:
    found = _PWRITE.match(call.text)
    if found is None:
        raise ValueError(f"this write is not whole: {call.text[-80:]}")
    data, _ = codecs.escape_decode(found["data"].encode())  # type: ignore[attr-defined]
    return int(found["offset"]), data


class Wire:
    """What was promised on sockets so far: ``tokens`` of mails taken, ``message_ids`` of notices sent."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.message_ids: set[str] = set()
        self._heard: dict[str, str] = {}
        self._sending: dict[str, str] = {}

    def heard(self, call: Call) -> None:
        if tokens := _TOKEN.findall(call.text):
            self._heard[call.what] = tokens[-1]

    def said(self, call: Call) -> bool:
        """Is this a promise?"""
        if ACCEPTED in call.text:
            self.tokens.add(self._heard[call.what])
        elif call.text.startswith(DOT):
            self.message_ids.add(self._sending[call.what])
        else:
            if named := _MESSAGE_ID.search(call.text):
                self._sending[call.what] = named[1]
            return False
        return True


def promises(lines: Iterable[str], disk: Disk) -> Iterator[Wire]:
    """Goes through a trace, and stops at each promise; ``disk`` is then as it was at that moment."""
    wire = Wire()
    for call, over in _in_time(list(calls(lines))):
        if over:
            disk.ended(call)
            if call.name == "recvfrom":
                wire.heard(call)
        else:
            disk.began(call)
            if call.name == "sendto" and wire.said(call):
                yield wire


def _in_time(found: list[Call]) -> Iterator[tuple[Call, bool]]:
    """(call, False) where it began, (call, True) where it ended."""
    ends = [(call.began, False, n) for n, call in enumerate(found)]
    ends += [(call.ended, True, n) for n, call in enumerate(found)]
    for _, over, n in sorted(ends):
        yield found[n], over


def chances(seed: int) -> Iterator[tuple[str, Keep]]:
    """Ways to lose what was not flushed: all of it, none of it, and half of its sectors."""
    draw = random.Random(seed)
    yield "all of it", lambda: False
    yield "none of it", lambda: True
    yield "half of its sectors", lambda: draw.random() < 0.5
