"""Where a quote begins: attribution lines, header blocks and drawn separators, of any client in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.inbound.reading import dates, mailboxes, phrases
from gateway.inbound.reading.lines import is_blank, label, within_rules
from gateway.inbound.reading.phrases import key

MAX_ATTRIBUTION = 500
"""Characters an attribution may have, all its lines together."""
_MAX_ATTRIBUTION_LINES = 6
_MAX_BLOCK_LINES = 40
_MAX_CONTINUATION = 8
_MAX_NAME = 80

_TOKEN = re.compile(r"[^\W\d_]+(?:[(/][^\W\d_]+\)?)?")
_MID_LINE = re.compile(r"(?:-{2,}|\s)\s*(?=(?:On|Le|Am|El|Il|Op|Em|Den|W dniu|Dnia) )")


@dataclass(frozen=True, slots=True)
class Block:
    """A header block: lines ``start`` to ``end`` (exclusive), and the first value of each role."""

    start: int
    end: int
    values: dict[str, str] = field(default_factory=dict)


def attribution(lines: Sequence[str], end: int, floor: int = 0) -> int | None:
    """If line ``end`` closes an attribution ("On … wrote:"), the line where that begins; else None.

    Lines before ``floor`` are not looked at.
    """
    if not _may_close(lines[end].strip()):
        return None
    joined, found = "", None
    for start in range(end, max(floor, end - _MAX_ATTRIBUTION_LINES) - 1, -1):
        line = lines[start].strip()
        if not line:
            if joined and not _is_loose_end(joined):
                break
            continue
        if start < end and label(line) is not None:
            break
        joined = f"{line} {joined}".strip()
        if len(joined) > MAX_ATTRIBUTION:
            break
        if is_attribution(joined, quoted_next=False):
            if starts_well(joined) and dates.mentions_date(joined):
                return start
            found = start if found is None else found
    return found


def may_be_attribution(line: str) -> bool:
    """A cheap first look, before the evidence is weighed."""
    bare = line.strip()
    return _may_close(bare) or (bool(bare) and bare[0].isdigit() and "@" in bare[:MAX_ATTRIBUTION] and len(bare) < 200)


def undated_attribution(lines: Sequence[str], at: int) -> bool:
    """``2011/4/7 Nathan <support@example.com>`` with neither verb nor colon: one only if a quote follows."""
    return is_attribution(lines[at].strip(), quoted_next=True)


def _may_close(line: str) -> bool:
    if not line or len(line) > MAX_ATTRIBUTION:
        return False
    bare = line.rstrip(" -–—_=*>|\u00a0")
    if bare.endswith((":", "：", ": »")):
        return True
    return _ends_with_verb(bare)


def _ends_with_verb(text: str) -> bool:
    tail = key(text[-40:])
    return bool(tail) and (tail.split()[-1].strip("-:.") in phrases.WROTE or tail.endswith(phrases.WROTE_CJK))


def _is_loose_end(joined: str) -> bool:
    """A few clients tear the address from the name and leave empty lines between."""
    return joined[:1] in ("<", ">") or joined.startswith("mailto:")


def is_attribution(text: str, *, quoted_next: bool) -> bool:
    """Whether the joined text says who wrote when. Weighs a date, a verb, an address and a closing colon."""
    bare = text.strip(" *_\u00a0\ufeff")
    inner = bare.strip("-–— ")
    ruled = len(bare) - len(inner) >= 4 and bare[0] in "-–—" and bare[-1] in "-–—"
    closes = inner.rstrip(" *_>").endswith((":", "："))
    has_verb = _has_verb(inner)
    found = mailboxes.last_address(inner)
    dated = dates.mentions_date(inner)
    if ruled and has_verb:
        return True
    if not dated:
        return has_verb and closes and found is not None and len(inner) < 160 and _address_near_end(inner)
    if has_verb and (closes or found is not None or _ends_with_verb(inner)):
        return starts_well(inner) or (found is not None and found[0] < _MAX_NAME and len(inner) < 250)
    if found is not None and closes:
        return _address_near_end(inner) and (starts_well(inner) or inner[:1] in "\"'“„«")
    return quoted_next and found is not None and dates.starts_like_date(inner) and _address_near_end(inner)


def _address_near_end(text: str) -> bool:
    """The address is the last thing but for a verb and marks."""
    last = mailboxes.last_address(text)
    return last is not None and len(text) - last[1] < 40


def _has_verb(text: str) -> bool:
    folded = key(text)
    return any(word.strip(":") in phrases.WROTE for word in _TOKEN.findall(folded)) or any(
        phrase in folded for phrase in phrases.WROTE_CJK
    )


def starts_well(text: str) -> bool:
    """Whether an attribution may begin so: with On, Le, Am … or with a day."""
    bare = text.lstrip(" -–—*>\"'\ufeff[")
    folded = key(bare[:60])
    first, _, rest = folded.partition(" ")
    if dates.starts_like_date(bare):
        return True
    return (
        (first.rstrip(":,") in phrases.OPENERS
        and bool(rest))
        or folded.startswith(("in data", "il giorno", "vào lúc", "on "))
    )


def shared_line(line: str) -> int | None:
    """Where an attribution begins that stands behind text on the same line, or None."""
    if len(line) > MAX_ATTRIBUTION or not _may_close(line.strip()):
        return None
    for found in _MID_LINE.finditer(line):
        rest = line[found.end() :]
        if found.start() > 0 and is_attribution(rest, quoted_next=False) and dates.mentions_date(rest[:40]):
            return found.start()
    return None


def separator(line: str) -> str | None:
    """ "original" or "forward" if the line announces a message ("---- Original Message ----"), else None."""
    if len(line) > 160:
        return None
    inner = within_rules(line)
    bare = inner if inner is not None else line.strip(" \t\u00a0*>|_")
    words = key(bare).rstrip(" :：").strip(" -–—*\"'")
    if words in phrases.FORWARD_MARKERS and (inner is not None or bare.rstrip().endswith((":", "："))):
        return "forward"
    if inner is None:
        return None
    if words in phrases.ORIGINAL_MESSAGE:
        return "original"
    for part in words.replace("---", "|").replace("/", "|").split("|"):
        if part.strip(" -") in phrases.FORWARD_MARKERS:
            return "forward"
    if words.startswith(("forwarded message from", "forwarded by", "forwarded message ")):
        return "forward"
    return None


def names_original(line: str) -> bool:
    """Whether the line holds the words of a separator, without lines drawn beside them."""
    return len(line) < 80 and key(line).strip(" *_:#") in phrases.ORIGINAL_MESSAGE


def reply_above(line: str) -> bool:
    """Whether the line asks to write the answer above it."""
    if len(line) > 200:
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
    values: dict[str, str] = {first.role: first.value}
    raw = [lines[start]]
    end, at, pending, blanks = start + 1, start + 1, 0, 0
    role = first.role
    while at < min(len(lines), start + _MAX_BLOCK_LINES):
        line = lines[at]
        found = label(line)
        if found is not None and not (found.role in values and blanks):
            _continue(values, role, lines[end:at])
            role = found.role
            values.setdefault(role, found.value)
            raw.append(line)
            at += 1
            end, pending, blanks = at, 0, 0
            continue
        if is_blank(line):
            blanks += 1
            if blanks > 1 + (len(values) < 4 and not values.get(role)):
                break
        else:
            pending += 1
            limit = _MAX_CONTINUATION if role in ("to", "cc") else 2
            if pending > limit or (blanks and len(values) >= 3) or not _continues(line, values, role):
                break
        at += 1
    if not _is_block(values, raw):
        return None
    return Block(start, end, values)


def _continues(line: str, values: dict[str, str], role: str) -> bool:
    """A folded value: addresses run on; a subject may, for a line."""
    if not values.get(role):
        return len(line) < 300
    if role in ("to", "cc", "from", "other"):
        return len(line) < 1_000 and (
            "@" in line or ";" in line or line.rstrip().endswith((",", ">")) or len(line) < 60
        )
    return len(line) < 160


def _continue(values: dict[str, str], role: str, more: Sequence[str]) -> None:
    tail = " ".join(line.strip(" *\t") for line in more if not is_blank(line))
    if tail:
        values[role] = f"{values[role]} {tail}".strip()


def _is_block(values: dict[str, str], raw: Sequence[str]) -> bool:
    roles = set(values)
    if len(roles) < 2 or not roles & {"from", "date"}:
        return False
    addressed = any("@" in values.get(role, "") for role in ("from", "to", "cc"))
    if "from" in roles and "subject" in roles and (addressed or roles & {"date", "to"}):
        return bool(values["from"] or addressed) and (addressed or "date" in roles)
    if not dates.mentions_date(values.get("date", "")) or len(raw) < 2:
        return False
    return addressed or _is_outlook_order(raw)


def _is_outlook_order(raw: Sequence[str]) -> bool:
    """From, Sent, To, as Outlook writes them. A journey is written From, To, Date."""
    found = [label(line) for line in raw[:3]]
    return [one.role for one in found if one and one.value] == ["from", "date", "to"]
