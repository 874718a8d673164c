"""Find addresses in free text in linear time: each ``@`` is looked at once, with a bounded reach either way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LOCAL_REACH = 130
_DOMAIN_REACH = 260
_MAX_LOOKS = 1_000
# RFC 5321 section 4.5.3.1 allows 64 octets of local part; VERP and SRS exceed it in practice.
# Scripts without spaces run into an address ("a@b.jp様"), so a letter of theirs ends one, unless it began with them.
_JOINED = "\u0e00-\u0eff\u3000-\u9fff\uac00-\ud7af\uff00-\uffef"
_LOCAL_BACKWARDS = re.compile(rf"(?:(?![{_JOINED}])[\w.!#$%&*+/=?^`{{|}}~'-])+|[\w.+-]+")
_DOMAIN = re.compile(rf"\[[0-9A-Fa-f:.]+\]|(?:(?![{_JOINED}])[\w.-])+|[\w.-]+")


@dataclass(frozen=True, slots=True)
class Spotted:
    """An address and where it stands in its line."""

    address: str
    start: int
    end: int


def spot(line: str) -> Iterator[Spotted]:
    """Every addr-spec of ``line`` in order (RFC 5322 section 3.4.1 without comments and quoted strings)."""
    at = line.find("@")
    floor, looks = 0, 0
    while at >= 0 and looks < _MAX_LOOKS:
        looks += 1
        local = _LOCAL_BACKWARDS.match(line[max(floor, at - _LOCAL_REACH) : at][::-1])
        domain = _DOMAIN.match(line[at + 1 : at + 1 + _DOMAIN_REACH])
        if local and domain:
            ending = domain.group().rstrip(".-")
            text = local.group()[::-1].lstrip("'`*/|")
            text = text[5:] if text[:5].casefold() == "smtp=" else text
            end = at + 1 + len(ending)
            if text and ending and not ending.startswith(".") and ".." not in ending:
                yield Spotted(f"{text}@{ending}", at - len(text), end)
                floor = end
        at = line.find("@", at + 1)


def first(line: str) -> str:
    """The first address of ``line``, or ""."""
    return next((found.address for found in spot(line)), "")


def without(line: str) -> str:
    """``line`` with its addresses blanked, so that words inside them prove nothing."""
    out, floor = [], 0
    for found in spot(line):
        out.append(line[floor : found.start])
        floor = found.end
    out.append(line[floor:])
    return " ".join(out)
