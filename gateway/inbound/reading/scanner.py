"""First pass over the lines: which are quoted, and where each quote begins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gateway.inbound.reading import attributions, quote_headers, signatures
from gateway.inbound.reading.lines import depth, is_blank, is_rule, is_torn_attribution, label, unquote

MAX_WEIGHED = 150
"""Lines that are weighed as heads, which costs most. What stands below them stays as it is marked."""
_MAX_RUNS = 40
"""Marked passages that are looked at for a head."""
_FEW = 3
"""Marked lines without a head that may be a passage the author picked."""


class Role(Enum):
    """What a line is."""

    NEW = auto()
    QUOTE = auto()
    SIGNATURE = auto()


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a quote: lines ``begin`` to ``end`` (exclusive). ``tail``: all that follows is quoted."""

    begin: int
    end: int
    tail: bool


class Scanner:
    """Finds the quotes. ``forward_at`` is the line of a forwarded message that nobody may trim, if any.

    With ``strict`` no doubt keeps a line: forwards, and what stands below a head on top, are quotes too.
    """

    def __init__(self, lines: Sequence[str], quote_lines: Collection[int] = (), *, strict: bool = False) -> None:
        self.lines = lines
        self._strict = strict
        self.found = [Role.NEW] * len(lines)
        self.heads: list[int] = []
        self.forward_at: int | None = None
        self.on_top: set[int] = set()
        """Lines of heads with nothing above them, which stay but say nothing."""
        self._certain = quote_lines
        self._first_text: int | None = None
        self._floor = 0

    def run(self) -> None:
        self._mark_lines()
        at, weighed = 0, 0
        while at < len(self.lines) and weighed <= MAX_WEIGHED:
            if self.found[at] is Role.QUOTE:
                at = self._floor = at + 1
                continue
            blank = is_blank(self.lines[at])
            weighed += not blank and (attributions.may_close(self.lines[at]) or label(self.lines[at]) is not None)
            head = None if blank else self._head(at)
            if self.forward_at is not None:
                return
            at = self._take(head, at)

    def _mark_lines(self) -> None:
        for at, line in enumerate(self.lines):
            if depth(line) and not _is_no_quote(line):
                self.found[at] = Role.QUOTE

    def _take(self, head: _Head | None, at: int) -> int:
        """Marks what the head stands for; the line to look at next."""
        if head is None:
            if self._first_text is None and not is_blank(self.lines[at]):
                self._first_text = at
            return at + 1
        has_text = self._first_text is not None and self._first_text < head.begin
        if head.tail and not has_text and not self._strict and Role.QUOTE not in self.found[: head.begin]:
            # Nothing stands above: what is below may be all that was written.
            self.on_top.update(range(head.begin, head.end))
            return head.end
        self.heads.append(head.begin)
        end = len(self.lines) if head.tail else head.end
        self.found[head.begin : end] = [Role.QUOTE] * (end - head.begin)
        self._floor = end
        return end

    def _head(self, at: int) -> _Head | None:
        line = self.lines[at]
        kind = quote_headers.separator(line)
        if kind == "forward" and not self._strict:
            self.forward_at = at
            self.found[at:] = [Role.NEW] * (len(self.lines) - at)
            return None
        if kind is not None or quote_headers.reply_above(line) or attributions.is_groupwise(line):
            return _Head(self._above(at), at + 1, tail=True)
        if quote_headers.names_original(line) and self._above(at) < at:
            return _Head(self._above(at), at + 1, tail=True)
        if (block := quote_headers.header_block(self.lines, at)) is not None:
            return _Head(self._above(at), block.end, tail=True)
        return self._phone_line(at) or self._attribution(at)

    def _phone_line(self, at: int) -> _Head | None:
        """Phones put their line above an unmarked quote that has no other head."""
        if self._first_text is None or not signatures.is_phone_line(self.lines[at]):
            return None
        following = self._next_text(at + 1)
        if following is None or Role.QUOTE in self.found[at : at + 60]:
            return None
        return _Head(at, at + 1, tail=True) if self._head_within(at + 1, following) is None else None

    def _head_within(self, start: int, following: int) -> int | None:
        """A proper head right below: it is the better place to cut."""
        for at in range(start, min(following + 6, len(self.lines))):
            if attributions.may_close(self.lines[at]) and attributions.start_of(self.lines, at, start) is not None:
                return at
        return None

    def _attribution(self, at: int) -> _Head | None:
        line = self.lines[at]
        if attributions.before_text(line) is not None:
            return _Head(self._above(at), at + 1, tail=True)
        if not attributions.may_close(line):
            return None
        begin = attributions.start_of(self.lines, at, self._floor)
        following = self._next_text(at + 1)
        quoted = following is not None and self.found[following] is Role.QUOTE
        if begin is None and quoted and attributions.is_undated(line):
            begin = at
        return None if begin is None else _Head(self._above(begin), at + 1, tail=not quoted)

    def _above(self, at: int) -> int:
        """Takes the drawn line above a quote's head into the quote."""
        above = at - 1
        while above >= self._floor and is_blank(self.lines[above]):
            above -= 1
        return above if above >= self._floor and is_rule(self.lines[above]) else at

    def _next_text(self, at: int) -> int | None:
        for index in range(at, min(len(self.lines), at + 12)):
            if not is_blank(self.lines[index]):
                return index
        return None

    def release_citations(self) -> None:
        """A marked passage without a head, picked by the author, is part of what was written.

        So it is if text stands above it, and either a proper quote follows further down or it is short and last.
        """
        runs = self._runs()
        if len(runs) > _MAX_RUNS:
            return
        last_text = max((at for at, line in enumerate(self.lines) if not is_blank(line)), default=-1)
        headed = [self.has_head(*run) for run in runs] + [False]
        for number, (start, end) in enumerate(runs):
            if self._first_text is None or start < self._first_text or headed[number]:
                continue
            shown = sum(1 for at in range(start, end) if self.lines[at].strip("> \t\u00a0"))
            is_picked = end > last_text and shown < _FEW and True not in headed[:number]
            if headed[number + 1] or is_picked:
                self.found[start:end] = [Role.NEW] * (end - start)

    def _runs(self) -> list[tuple[int, int]]:
        """Runs of quoted lines across empty ones, parted where a head begins a new one."""
        runs: list[tuple[int, int]] = []
        start: int | None = None
        last, heads = 0, set(self.heads)
        for at, role in enumerate(self.found):
            if role is Role.QUOTE:
                if start is not None and at in heads:
                    runs.append((start, last + 1))
                    start = None
                start, last = (at if start is None else start), at
            elif start is not None and not is_blank(self.lines[at]):
                runs.append((start, last + 1))
                start = None
        return runs if start is None else [*runs, (start, last + 1)]

    def has_head(self, start: int, end: int) -> bool:
        """Whether a head stands at the top of the run, or the client's HTML marks the run as a quote."""
        if start in self.heads or start in self._certain:
            return True
        inside = self._inside(start, end)
        return any(self._is_head(inside, at) is not None for at in range(min(len(inside), _FEW + 2)))

    def begins_with_head(self, start: int) -> bool:
        """Whether the very first quoted line is a head, so that nobody can have written above it."""
        if start in self.heads:
            return True
        inside = self._inside(start, len(self.lines))
        return any(self._is_head(inside, at) == 0 for at in range(min(len(inside), _FEW)))

    def _inside(self, start: int, end: int) -> list[str]:
        return [unquote(line, depth(line)) for line in self.lines[start : min(end, start + 8)]]

    def _is_head(self, inside: Sequence[str], at: int) -> int | None:
        """Where the head begins that line ``at`` opens or closes, or None."""
        if quote_headers.separator(inside[at]) is not None or quote_headers.header_block(inside, at) is not None:
            return at
        return attributions.start_of(inside, at) if attributions.may_close(inside[at]) else None


def _is_no_quote(line: str) -> bool:
    """``>>> visit us <<<``, a row of marks, GroupWise's head, or the torn end of an attribution."""
    bare = line.strip()
    if bare.endswith("<<<") or (len(line) > 40 and not line.strip(" >")):
        return True
    return is_torn_attribution(line) or (bare.startswith(">>>") and attributions.is_groupwise(line))
