"""The HTML of an agent's new text without its commands, where it truly says the same as the plain text. Pure."""

from __future__ import annotations

import html as entities
import re
from collections import Counter

from gateway.inbound.reading.html import to_text

_BREAK = re.compile(r"\s{0,99}<br\s{0,9}/?>", re.IGNORECASE)
_EMPTY = re.compile(
    r"<(div|p|span)\b[^<>]{0,500}>\s{0,99}(?:<br\s{0,9}/?>\s{0,99})?</\1\s{0,9}>|<br\s{0,9}/?>", re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w+")
_MOST_LINES = 40


def for_text(fragment: str, whole: str, body: str) -> str:
    """``fragment`` cut down to ``body``, or "" when it says anything else.

    ``whole`` is the new text with its commands, of which ``body`` is the rest.
    """
    if not fragment:
        return ""
    cut = fragment
    for line in _commands(whole, body):
        cut = _without(cut, line)
    return cut if _fold(to_text(cut)) == _fold(body) and not _hides(cut, body) else ""


def _hides(fragment: str, body: str) -> bool:
    """Does it hold words, shown or not, that the text does not have? Then it would carry something nobody saw."""
    present = Counter(_WORD.findall(entities.unescape(_TAG.sub(" ", fragment)).casefold()))
    return bool(present - Counter(_WORD.findall(body.casefold())))


def _commands(whole: str, body: str) -> list[str]:
    head = whole[: whole.find(body)] if body and body in whole else whole
    return [line.strip() for line in head.splitlines() if line.strip()][:_MOST_LINES]


def _without(fragment: str, line: str) -> str:
    """Take the first occurrence of a line away, with the line break or empty block that it leaves behind."""
    wanted = entities.escape(line, quote=False)
    for spelling in (wanted, entities.escape(line), line):
        at = fragment.find(spelling)
        if at >= 0:
            rest = _BREAK.sub("", fragment[at + len(spelling) :], count=1) if _opens(fragment, at, spelling) else ""
            rest = rest or fragment[at + len(spelling) :]
            return _EMPTY.sub("", fragment[:at] + rest, count=1)
    return fragment


def _opens(fragment: str, at: int, spelling: str) -> bool:
    return bool(_BREAK.match(fragment, at + len(spelling)))


def _fold(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())
