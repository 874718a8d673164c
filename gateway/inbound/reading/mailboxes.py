"""Mailboxes as clients write them: ``Name <a@b>``, ``Name [mailto:a@b]``, ``a@b<mailto:a@b>``, ``Name (a@b)``."""

from __future__ import annotations

from gateway.mail import Address

_EDGES = frozenset("<>()[]\"',;:|«»“”„‘’ \t\n\u00a0")
_LONGEST = 254
"""Octets of a path, RFC 5321 section 4.5.3.1.3."""
_LIMIT = 1_000
_ON_BEHALF = (
    " on behalf of ",
    " im auftrag von ",
    " de la part de ",
    " en nombre de ",
    " namens ",
    " per conto di ",
    " em nome de ",
    " w imieniu ",
)


def find_address(text: str, start: int = 0) -> tuple[int, int] | None:
    """Where the first address in the text stands at or after ``start``: (begin, end)."""
    at = text.find("@", start, _LIMIT)
    while at >= 0:
        span = _around(text, at)
        if span is not None:
            return span
        at = text.find("@", at + 1, _LIMIT)
    return None


def last_address(text: str) -> tuple[int, int] | None:
    """Where the last address in the text stands."""
    at = text.rfind("@", 0, _LIMIT)
    while at >= 0:
        span = _around(text, at)
        if span is not None:
            return span
        at = text.rfind("@", 0, at)
    return None


def _around(text: str, at: int) -> tuple[int, int] | None:
    begin, end = at, at + 1
    while begin > 0 and text[begin - 1] not in _EDGES and at - begin < _LONGEST:
        begin -= 1
    while end < len(text) and text[end] not in _EDGES and text[end] != "@" and end - at < _LONGEST:
        end += 1
    while end > at + 1 and text[end - 1] in ".-":
        end -= 1
    return (begin, end) if begin < at and end > at + 1 else None


def parse(value: str) -> Address | None:
    """The first mailbox of a header value; the address is "" where only a name stands. None when empty."""
    value = " ".join(value[:_LIMIT].split())
    lowered = value.lower()
    cut = min((lowered.find(phrase) for phrase in _ON_BEHALF if lowered.find(phrase) > 0), default=-1)
    if cut > 0:
        value = value[:cut]
    span = find_address(value)
    if span is None:
        name = _clean(value.partition("<")[0] or value)
        return Address(name, "") if name else None
    local, _, domain = value[span[0] : span[1]].removeprefix("mailto:").rpartition("@")
    address = f"{local}@{domain.lower()}"
    name = _clean(value[: span[0]])
    if not name:
        name = _clean_comment(value[span[1] :])
    return Address("" if name.lower() == address.lower() else name, address)


def _clean(text: str) -> str:
    """A display name without the marks that stand around it."""
    for mark in ("<mailto:", "[mailto:", "(mailto:", "mailto:"):
        at = text.lower().find(mark)
        if at >= 0:
            text = text[:at]
    return " ".join(text.strip(" <>[]()\"'“”„«»‘’*_|:;\t\u00a0").rstrip(",").split()).strip()


def _clean_comment(text: str) -> str:
    """``a@b (Name)``: the old form, RFC 822."""
    bare = text.strip(" >")
    if bare.startswith("(") and ")" in bare:
        name = bare[1 : bare.index(")")].strip()
        return "" if "@" in name else name
    return ""
