"""Byte-level caps and repairs before anything is parsed. Linear in the size of the mail.

What is over a cap is cut, never refused: the reading says so in its defects and the raw bytes stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_LINE = 64 * 1024
"""Bytes of one unfolded header field that are read."""
MAX_HEADER_BLOCK = 256 * 1024
"""Bytes of header fields that are read in one entity; later ones only where they are essential."""
MAX_FIELDS = 1000
MAX_PARTS = 10_000
MAX_DEPTH = 40
"""Levels of multipart and message/rfc822 that are opened."""
MAX_DELIMITERS = 100_000
"""Lines looked at that start like a boundary, in the whole mail."""
MAX_DROPPED = 10_000
"""Fields over the caps that are still looked at for essential ones; behind them the blank line is searched."""
MAX_TEXT_BYTES = 6 * 1024 * 1024
"""Bytes of a text part that are decoded."""
MAX_COPIES = 4
"""How often the size of the mail may be copied into parts, because messages nest."""
COPY_ALLOWANCE = 8 * 1024 * 1024

ESSENTIAL = frozenset(
    b"from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type"
    b" content-transfer-encoding content-disposition auto-submitted precedence list-id return-path".split()
)
"""Field names whose first occurrence is read even behind a header block that is too long."""

_MBOX_LINE = re.compile(rb">?From [^\n]{1,998}\n")
_FIELD_START = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_FOLDS = re.compile(rb"(?:[ \t]++[^\s][^\n]*+\n)*+")


@dataclass
class Budget:
    """What one reading may still spend, and what it found on the way."""

    size: int
    parts: int = 0
    delimiters: int = 0
    copied: int = 0
    defects: list[str] = field(default_factory=list)

    def defect(self, text: str) -> None:
        if text not in self.defects and len(self.defects) < 50:
            self.defects.append(text)

    def take_part(self) -> bool:
        """False when no further part may be made."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            self.defect("too many parts: the rest was not read")
            return False
        return True

    def take_delimiter(self) -> bool:
        self.delimiters += 1
        if self.delimiters > MAX_DELIMITERS:
            self.defect("too many boundary lines: the rest was not read")
            return False
        return True

    def take_copy(self, size: int) -> bool:
        """False when a nested message of that size may not be opened any more."""
        self.copied += size
        if self.copied > MAX_COPIES * self.size + COPY_ALLOWANCE:
            self.defect("nested messages repeat too much: not opened")
            return False
        return True


def prepare(raw: bytes, budget: Budget) -> bytes:
    """The mail with LF line ends found, without BOM, mbox "From " lines and blank lines in front of it."""
    data = _without_bom(raw, budget)
    if b"\n" not in data and b"\r" in data and b"\0" not in data[:4096]:
        budget.defect("line ends are bare CR")
        data = data.replace(b"\r", b"\n")
    return data[_first_line(data) :]


def _without_bom(raw: bytes, budget: Budget) -> bytes:
    if raw.startswith(b"\xef\xbb\xbf"):
        budget.defect("byte order mark in front")
        return raw[3:]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and len(raw) > 3 and 0 in raw[2:4]:
        budget.defect("whole mail in UTF-16")
        return raw.decode("utf-16", "replace").encode("utf-8", "replace")
    return raw


def _first_line(data: bytes) -> int:
    """Where the first header line starts: blank lines and mbox separators (RFC 4155) are stepped over."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        stop = len(data) if end < 0 else end
        mbox = _MBOX_LINE.match(data, at)
        if mbox:
            at = mbox.end()
        elif stop - at < MAX_LINE and not data[at:stop].strip() and end >= 0:
            at = end + 1
        else:
            break
    return at


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Header fields as (name in lower case, unfolded value), and where the body starts."""

    fields: tuple[tuple[str, bytes], ...]
    body: int


def header_block(data: bytes, start: int, end: int, budget: Budget) -> HeaderBlock:
    """Fields of the entity at ``data[start:end]`` (RFC 5322 section 2.2), repaired where lines are broken."""
    reader = _HeaderReader(data, start, end, budget)
    reader.run()
    found = tuple((name.decode("ascii", "replace"), _tame(b"".join(value))) for name, value in reader.fields)
    return HeaderBlock(found, reader.at)


def _tame(value: bytes) -> bytes:
    """A bare CR is no line end (RFC 5322 section 2.2): it must not make a field of its own."""
    if b"\r" in value:
        value = value.replace(b"\r", b" ")
    return value.replace(b"\0", b"") if b"\0" in value else value


class _HeaderReader:
    def __init__(self, data: bytes, start: int, end: int, budget: Budget) -> None:
        self.data, self.at, self.end, self.budget = data, start, end, budget
        self.fields: list[tuple[bytes, list[bytes]]] = []
        self.seen: set[bytes] = set()
        self.used = 0
        self.field_size = 0
        self.keeping = False
        self.dropped = 0

    def run(self) -> None:
        while self.at < self.end:
            if self.dropped > MAX_DROPPED:
                self.at = self._behind_blank_line()
                return
            line, following = self._line(self.at)
            if not line:
                self.at = following
                return
            if not self._take(line, following):
                return
            self.at = self._behind_folds(following) if self._is_full() else following

    def _behind_blank_line(self) -> int:
        found = [
            at + len(sign) for sign in (b"\n\n", b"\n\r\n") if (at := self.data.find(sign, self.at, self.end)) >= 0
        ]
        return min(found, default=self.end)

    def _is_full(self) -> bool:
        """Is nothing more kept of this field?"""
        return bool(self.fields) and (not self.keeping or self.field_size > MAX_LINE)

    def _behind_folds(self, at: int) -> int:
        """Where the rest of a field ends: millions of lines of one letter are not worth a look at each."""
        found = _FOLDS.match(self.data, at, self.end)
        if found is None or found.end() == at:
            return at
        self.budget.defect("header field too long: cut")
        return found.end()

    def _line(self, at: int) -> tuple[bytes, int]:
        """The line at ``at`` without its end, cut at the cap, and where the next one starts."""
        stop = self.data.find(b"\n", at, self.end)
        following = self.end if stop < 0 else stop + 1
        stop = self.end if stop < 0 else stop
        if stop - at > MAX_LINE:
            self.budget.defect("header line too long: cut")
            stop = at + MAX_LINE
        line = self.data[at:stop]
        return line.rstrip(b"\r"), following

    def _take(self, line: bytes, following: int) -> bool:
        """Reads one line; False when it belongs to the body."""
        if not self.fields and line[:1] in (b" ", b"\t"):
            line = line.lstrip(b" \t") or line
        if line[0] in b" \t":
            if line.isspace() and not self._more_fields(following):
                self.at = following
                return False
            self._continue(line)
        elif match := _FIELD_START.match(line):
            self._open(line[: match.end() - 1].rstrip().lower(), line[match.end() :])
        elif line.startswith((b"From ", b">From ")):
            self.budget.defect("mbox line among the header fields")
        elif self.fields and not line.startswith(b"--") and self._more_fields(following):
            self.budget.defect("header line without a name: joined to the one before")
            self._continue(b" " + line)
        else:
            self.budget.defect("no blank line before the body")
            return False
        return True

    def _more_fields(self, at: int) -> bool:
        if at >= self.end:
            return False
        return _FIELD_START.match(self.data, at, min(self.end, at + 300)) is not None

    def _open(self, name: bytes, value: bytes) -> None:
        essential = name in ESSENTIAL and name not in self.seen
        full = self.used > MAX_HEADER_BLOCK or len(self.fields) >= MAX_FIELDS
        self.keeping = essential or not full
        if not self.keeping:
            self.budget.defect("header block too long: cut")
            self.dropped += 1
            return
        self.seen.add(name)
        self.fields.append((name, [value.strip(b" \t")]))
        self.field_size = len(value)
        self.used += len(name) + len(value)

    def _continue(self, line: bytes) -> None:
        if not self.keeping:
            return
        self.field_size += len(line)
        self.used += len(line)
        if self.field_size > MAX_LINE:
            self.budget.defect("header field too long: cut")
            return
        parts = self.fields[-1][1]
        parts.append(line if parts != [b""] else line.lstrip(b" \t"))
