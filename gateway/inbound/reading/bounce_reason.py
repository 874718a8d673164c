"""Is a failed address dead, or may it take mail again? Judged by words first, then RFC 3463, then the SMTP reply.

Words come first because servers pair precise words with careless codes ("550 5.1.1 mailbox is over quota",
"554 5.7.1 user unknown"). ``permanent`` means that the address itself is of no more use: nobody there, no such
host, moved away. A mail refused for its content, size, sender or the state of a mailbox may pass another day.
"""

from __future__ import annotations

import re

from gateway.inbound.reading import addresses_in_text
from gateway.inbound.reading.bounce_reasons import AFTER_DATA, NOISE, REASONS, WEAK_REASONS, Reasons
from gateway.inbound.reading.charset import clean_line

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.:-])([45][0-5]\d)(?![\d.:])")
_LIMIT = 2_000

# RFC 3463 section 3 and the IANA registry: the details that speak of the address and not of this one mail.
DEAD = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.10", "5.4.4"})


def normal(text: str) -> str:
    """Casefolded text on one line, without its addresses."""
    return " ".join(addresses_in_text.without(text[:_LIMIT]).split()).casefold().replace("’", "'")


def reason(text: str) -> str:
    """The name of the first reason of the table that ``text`` gives, or ""."""
    flat = normal(text)
    said = _verdict(flat, REASONS)
    return said[0] if said else ""


def is_permanent(action: str, status: str, diagnostic: str) -> bool:
    """True when the address is dead. ``status`` is an RFC 3463 code or ""."""
    if action not in {"failed", ""} or status.startswith(("2.", "4.")):
        return False
    for noise in NOISE:
        before, found, after = diagnostic.partition(noise)
        status, diagnostic = ("", after) if found else (status, before)
    flat = normal(diagnostic)
    if is_after_data(flat):
        return False
    said = _verdict(flat, REASONS)
    if said:
        return said[1] and not (reply_code(diagnostic).startswith("4") and not status)
    code = enhanced(diagnostic) if status.endswith(".0.0") or not status else status
    if code.startswith("4.") or reply_code(diagnostic).startswith("4"):
        return False
    if code in DEAD:
        return True
    if code and not code.endswith(".0.0"):
        return False
    weak = _verdict(flat, WEAK_REASONS)
    return weak[1] if weak else True


def is_after_data(words: str) -> bool:
    """Whether the refusal came for the mail and not for the address (RFC 5321 section 4.1.1.4)."""
    flat = normal(words)
    return any(phrase in flat for phrase in AFTER_DATA)


def _verdict(flat: str, table: Reasons) -> tuple[str, bool] | None:
    return next(((name, dead) for name, dead, phrases in table if any(p in flat for p in phrases)), None)


def enhanced(text: str) -> str:
    """The most telling RFC 3463 code of ``text``: the first that says more than x.0.0, or ""."""
    codes = [".".join(match.groups()) for match in _ENHANCED.finditer(text[:_LIMIT])]
    return next((code for code in codes if not code.endswith(".0.0")), codes[0] if codes else "")


def reply_code(text: str) -> str:
    """The first SMTP failure reply (RFC 5321 section 4.2) of ``text``, or ""."""
    found = _REPLY.search(addresses_in_text.without(text[:_LIMIT]))
    return found.group(1) if found else ""


def one_line(diagnostic: str) -> str:
    """A diagnostic as it is kept: on one line, without control characters, at most 500 characters."""
    return " ".join(clean_line(diagnostic[:_LIMIT]).split())[:500]
