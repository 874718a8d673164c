"""Attributions: the line above a quote that says who wrote when, of any client in any language.

What weighs is evidence, not a pattern a language: a day, a verb of writing, an address, a closing colon, a beginning
that fits. Each look costs a bounded amount, whatever the line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.inbound.reading import dates, mailboxes, phrases
from gateway.inbound.reading.lines import DASHES, label, visible
from gateway.inbound.reading.phrases import key

MAX_LENGTH = 500
"""Characters an attribution may have, all its lines together."""
_MAX_LINES = 6
_MAX_NAME = 80
"""Characters before the address where the line begins with the name."""
_MAX_WORDS_BEFORE_VERB = 6
_MAX_WORDS_BEHIND_VERB = 6
_TRAILING = " *_|>\u00a0\t" + DASHES

_TOKEN = re.compile(r"[^\W\d_]+(?:[(/][^\W\d_]+\)?)?")
_MID_LINE = re.compile(r"(?:-{2,}|(?<=\S)\s)\s*(?=(?:On|Le|Am|El|Il|Op|Em|Den|W dniu|Dnia|At) [\w(])")


def start_of(lines: Sequence[str], end: int, floor: int = 0) -> int | None:
    """If line ``end`` closes an attribution ("On … wrote:"), the line where that begins; else None.

    Lines before ``floor`` are not looked at.
    """
    if not _may_close(visible(lines[end]).strip()):
        return None
    joined, found = "", None
    for start in range(end, max(floor, end - _MAX_LINES) - 1, -1):
        line = visible(lines[start]).strip()
        if not line:
            if joined and not _is_torn(joined):
                break
            continue
        if start < end and label(line) is not None:
            break
        joined = f"{line} {joined}".strip()
        if len(joined) > MAX_LENGTH:
            break
        if is_attribution(joined):
            if starts_well(joined) and dates.mentions_date(joined):
                return start
            found = start if found is None else found
    return found


def may_close(line: str) -> bool:
    """A cheap first look, before the evidence is weighed."""
    bare = visible(line).strip()
    return _may_close(bare) or (bool(bare) and bare[0].isdigit() and "@" in bare[:MAX_LENGTH] and len(bare) < 200)


def _may_close(line: str) -> bool:
    if not line or len(line) > MAX_LENGTH:
        return False
    bare = line.rstrip(_TRAILING)
    return bare.endswith((":", "：")) or _ends_with_verb(bare)


def _ends_with_verb(text: str) -> bool:
    tail = key(text[-40:])
    return bool(tail) and (tail.split()[-1].strip("-:.") in phrases.WROTE or tail.endswith(phrases.WROTE_CJK))


def _is_torn(joined: str) -> bool:
    """A few clients tear the address from the name and leave empty lines between."""
    return joined[:1] in ("<", ">") or joined.startswith("mailto:")


@dataclass(frozen=True, slots=True)
class _Evidence:
    text: str
    ruled: bool
    closes: bool
    verb: bool
    dated: bool
    address: tuple[int, int] | None

    @property
    def address_ends(self) -> bool:
        """The address is the last thing but for a verb and marks."""
        return self.address is not None and len(self.text) - self.address[1] < 40

    @property
    def address_marked(self) -> bool:
        """The address stands in angle or round brackets."""
        return self.address is not None and self.text[: self.address[0]].rstrip()[-1:] in ("<", "(", "[")


def _evidence(text: str) -> _Evidence:
    bare = text.strip(" *_\u00a0")
    inner = bare.strip("-–— ")
    return _Evidence(
        text=inner,
        ruled=len(bare) - len(inner) >= 4 and bare[0] in "-–—" and bare[-1] in "-–—",
        closes=inner.rstrip(" *_>").endswith((":", "：")),
        verb=_has_verb(inner),
        dated=dates.mentions_date(inner),
        address=mailboxes.last_address(inner),
    )


def is_attribution(text: str) -> bool:
    """Whether the joined lines say who wrote, and in general when."""
    seen = _evidence(text)
    if seen.verb:
        return _with_verb(seen)
    if not (seen.dated and seen.closes and seen.address is not None):
        return False
    opened = starts_well(seen.text) or seen.text[:1] in "\"'“„«"
    return (seen.address_ends and (opened or (seen.address_marked and len(seen.text) < 200))) or _is_catalan(seen.text)


def _with_verb(seen: _Evidence) -> bool:
    if seen.ruled:
        return True
    if not seen.dated:
        return seen.closes and seen.address_ends and seen.address_marked and len(seen.text) < 160
    if not (seen.closes or seen.address is not None or _ends_with_verb(seen.text)):
        return False
    if seen.address is not None:
        return starts_well(seen.text) or (seen.address[0] < _MAX_NAME and len(seen.text) < 250)
    if starts_well(seen.text):
        return _is_about_another(seen.text)
    return seen.closes and _names_then_verb_then_date(seen.text)


def _is_about_another(text: str) -> bool:
    """Without an address the line might be a sentence of the author's: "On 12 May I sent you the following:"."""
    words = [word.strip(",;:.\"'“”„«»[]<>*_") for word in text.split()]
    words = [word for word in words if word]
    folded = [key(word) for word in words]
    if any(word in phrases.FIRST_PERSON for word in folded) or any(cjk in text for cjk in phrases.WROTE_CJK):
        return any(cjk in text for cjk in phrases.WROTE_CJK)
    at = max((i for i, word in enumerate(folded) if word in phrases.WROTE), default=-1)
    behind = [
        word for word, low in zip(words[at + 1 :], folded[at + 1 :], strict=True) if low not in phrases.AFTER_VERB
    ]
    return len(behind) <= _MAX_WORDS_BEHIND_VERB and all(not word[0].islower() or len(word) < 4 for word in behind)


def _names_then_verb_then_date(text: str) -> bool:
    """``Anna Berg/DE/ACME wrote on 03/04/2012 10:00:00 AM:``, the form of Notes; ``张三 于2021年… 写道：``."""
    if len(text) > 120 or not text[:1].isalpha() or text[0].islower():
        return False
    if any(phrase in text for phrase in phrases.WROTE_CJK):
        return True
    words = key(text).split()
    at = next((i for i, word in enumerate(words) if word.strip(":,") in phrases.WROTE), None)
    return at is not None and 0 < at <= _MAX_WORDS_BEFORE_VERB and dates.mentions_date(" ".join(words[at:]))


def _is_catalan(text: str) -> bool:
    return key(text[:20]).startswith(("missatge de ", "mensaje de "))


def is_undated(line: str) -> bool:
    """``2011/4/7 Nathan <a@b.example>`` with neither verb nor colon: one only if a marked quote follows."""
    seen = _evidence(visible(line))
    return seen.dated and seen.address_ends and dates.starts_like_date(seen.text)


def _has_verb(text: str) -> bool:
    folded = key(text)
    return any(word.strip(":") in phrases.WROTE for word in _TOKEN.findall(folded)) or any(
        phrase in folded for phrase in phrases.WROTE_CJK
    )


def starts_well(text: str) -> bool:
    """Whether an attribution may begin so: with On, Le, Am … or with a day."""
    bare = text.lstrip(" -–—*>\"'[")
    if dates.starts_like_date(bare):
        return True
    first, _, rest = key(bare[:60]).partition(" ")
    return bool(rest) and first.rstrip(":,") in phrases.OPENERS


def behind_text(line: str) -> int | None:
    """Where an attribution begins that stands behind text on the same line, or None."""
    if len(line) > MAX_LENGTH or line.lstrip().startswith(">") or not _may_close(line.strip()):
        return None
    for found in _MID_LINE.finditer(line):
        rest = line[found.end() :]
        if found.start() > 0 and is_attribution(rest) and dates.mentions_date(rest[:40]):
            return found.start()
    return None


def before_text(line: str) -> int | None:
    """Where an attribution ends that has the quoted text behind it on the same line (Yahoo on phones), or None."""
    head = line[:MAX_LENGTH]
    at = head.find(": ")
    for _ in range(8):
        if at < 0:
            return None
        part = head[: at + 1]
        if "@" in part and _ends_with_verb(part.rstrip(": ")) and starts_well(part) and is_attribution(part):
            return at + 1
        at = head.find(": ", at + 1)
    return None


def is_groupwise(line: str) -> bool:
    """``>>> Anna Berg <a@b.example> 03/04/12 10:00 AM >>>``, which GroupWise writes above an unmarked quote."""
    bare = line.strip()
    return len(bare) < 200 and bare.endswith(">>>") and len(bare) > 12 and dates.mentions_date(bare.strip("> "))
