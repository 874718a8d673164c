"""Heads of quotes that stand on lines of their own: drawn separators and header blocks, in any language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.inbound.reading import dates, phrases, running_labels
from gateway.inbound.reading.lines import is_blank, is_rule, label, within_rules
from gateway.inbound.reading.phrases import key

_MAX_BLOCK_LINES = 40
_MAX_SEPARATOR = 160
_MAX_CONTINUATION = {"to": 8, "cc": 8}
"""Lines that a field may run on for; two for the others."""
_MAX_GAP = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A header block: lines ``start`` to ``end`` (exclusive), and the first value of each role."""

    start: int
    end: int
    values: dict[str, str] = field(default_factory=dict)


def separator(line: str) -> str | None:
    """What the line announces ("---- Original Message ----"): ``original``, ``forward`` or nothing."""
    if len(line) > _MAX_SEPARATOR:
        return None
    inner = within_rules(line)
    bare = inner if inner is not None else line.strip(" \t\u00a0*>|_")
    words = key(bare).rstrip(" :：").strip(" -–—*\"'")
    if words in phrases.FORWARD_MARKERS and (inner is not None or bare.rstrip().endswith((":", "："))):
        return "forward"
    if words.startswith(phrases.PROCESSED_BY):
        return "original"
    if inner is None:
        return None
    if words in phrases.ORIGINAL_MESSAGE:
        return "original"
    parts = words.replace("---", "|").replace("/", "|").split("|")
    if any(part.strip(" -") in phrases.FORWARD_MARKERS for part in parts):
        return "forward"
    return "forward" if words.startswith(("forwarded message ", "forwarded by ")) else None


def names_original(line: str) -> bool:
    """Whether the line holds the words of a separator, without lines drawn beside them."""
    return len(line) < 80 and key(line).strip(" *_:#") in phrases.ORIGINAL_MESSAGE


def reply_above(line: str) -> bool:
    """Whether the line asks to write the answer above it."""
    if not 15 < len(line) < 200:
        return False
    folded = key(line)
    return any(phrase in folded for phrase in phrases.REPLY_ABOVE)


def header_block(lines: Sequence[str], start: int) -> Block | None:
    """The header block (From, Sent, To, Subject …) that begins on line ``start``, or None.

    Needs two roles, one of them from or date, and an address or a subject among them: a list of places
    and times that a client writes down is no header.
    """
    first = label(lines[start])
    if first is None or (first.role == "other" and not first.value):
        return None
    if first.role == "from" and _is_below_rule(lines, start) and (values := _on_one_line(lines[start])) is not None:
        return Block(start, start + 1, values)
    reader = _BlockReader(first.role, first.value)
    end = at = start + 1
    while at < min(len(lines), start + _MAX_BLOCK_LINES):
        at = _skip_blank(lines, at, reader.values, reader.role)
        if at >= len(lines):
            break
        found = label(lines[at])
        if found is not None:
            if found.role in reader.values and at > end and is_blank(lines[at - 1]):
                break
            reader.field(found.role, found.value)
            end = at + 1
        elif not reader.more(lines[at]):
            break
        at += 1
    return Block(start, _past_addresses(lines, end, reader.role), reader.values) if reader.is_header() else None


def _is_below_rule(lines: Sequence[str], at: int) -> bool:
    above = at - 1
    while above > 0 and is_blank(lines[above]):
        above -= 1
    return above >= 0 and (is_rule(lines[above]) or separator(lines[above]) is not None)


def _on_one_line(line: str) -> dict[str, str] | None:
    """The fields of a block whose line ends the client lost."""
    if "@" not in line or len(line) > running_labels.MAX_LENGTH or line.replace("：", ":").count(":") < 2:
        return None
    bare = line.replace("*", "").strip()
    values = running_labels.fields(bare)
    if len(values) < 2 or "@" not in values.get("from", "") or not dates.mentions_date(values.get("date", "")):
        return None
    return values


def _past_addresses(lines: Sequence[str], end: int, role: str) -> int:
    """Past the folded rest of a last To or Cc field."""
    at = end
    while role in ("to", "cc", "from") and at < min(len(lines), end + 8) and "@" in lines[at] and len(lines[at]) < 300:
        at += 1
    return at if at > end and (at >= len(lines) or is_blank(lines[at])) else end


def _skip_blank(lines: Sequence[str], at: int, values: dict[str, str], role: str) -> int:
    """Past empty lines, if a further field or the missing value of this one stands behind them."""
    following = at
    while following < len(lines) and following - at < _MAX_GAP and is_blank(lines[following]):
        following += 1
    if following == at or following >= len(lines):
        return following if following == at else len(lines)
    found = label(lines[following])
    if found is not None and found.role not in values:
        return following
    return following if not values[role] and following - at == 1 else len(lines)


class _BlockReader:
    """Collects the fields of a block. What does not continue a field is kept back until a field follows."""

    def __init__(self, role: str, value: str) -> None:
        self.values = {role: value}
        self.role = role
        self._order = [(role, value)]
        self._pending: list[str] = []

    def field(self, role: str, value: str) -> None:
        if self._pending:
            self.values[self.role] = " ".join([self.values[self.role], *self._pending]).strip()
            self._pending = []
        self.values.setdefault(role, value)
        self._order.append((role, value))
        self.role = role

    def more(self, line: str) -> bool:
        """Whether the line may continue the field: addresses run on; a subject may for a line or two."""
        if len(self._pending) >= _MAX_CONTINUATION.get(self.role, 2) or len(line) > 1_000:
            return False
        self._pending.append(line.strip(" *\t"))
        if self.role in ("to", "cc", "from", "other") and self.values[self.role]:
            return "@" in line or ";" in line or line.rstrip().endswith((",", ">")) or len(line) < 60
        return len(line) < 300

    def is_header(self) -> bool:
        values = self.values
        if len(values) < 2 or not ("from" in values or "date" in values):
            return False
        addressed = any("@" in values.get(role, "") for role in ("from", "to", "cc"))
        dated = dates.mentions_date(values.get("date", ""))
        if values.get("from") and "subject" in values and (addressed or "date" in values):
            return True
        return dated and (addressed or self._is_outlook_order())

    def _is_outlook_order(self) -> bool:
        """From, Sent, To, as Outlook writes them. A journey is written From, To, Date."""
        return [role for role, value in self._order[:3] if value] == ["from", "date", "to"]
