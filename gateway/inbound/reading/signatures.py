"""Signatures: the delimiter of RFC 3676 section 4.3, phone lines, closings with a name, list footers."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inbound.reading import signature_phrases as phrases
from gateway.inbound.reading.lines import MAX_EXAMINED, is_blank, is_rule
from gateway.inbound.reading.phrases import key

_MAX_LINES = 60
"""Lines from the end within which a signature may begin."""
_MAX_CLOSING_LINES = 14
_MAX_CLOSING_LINE = 120
_MAX_PHONE_LINE = 100
_MAX_PHONE_WORDS = 9
_WHOLE_SENTENCES = (
    "diese nachricht wurde von",
    "this message was sent from my",
    "sent with",
    "von meinem",
    "von meiner",
)


def start(lines: Sequence[str], *, whole: bool = False) -> int | None:
    """The line where the signature begins, or None.

    Only with ``whole``, for what stands below a quote, may the first line that holds text begin one, unless it
    is a delimiter.
    """
    first = next((at for at, line in enumerate(lines) if not is_blank(line)), None)
    if first is None:
        return None
    end = len(lines)
    while end > first and is_blank(lines[end - 1]):
        end -= 1
    found: int | None = None
    for at in range(end - 1, max(first - 1, end - _MAX_LINES), -1):
        if _begins(lines, at, end if found is None else found, None if whole else first):
            found = at
    return found


def _begins(lines: Sequence[str], at: int, end: int, barred: int | None) -> bool:
    line = lines[at]
    if is_blank(line) and not is_delimiter(line):
        return False
    if is_delimiter(line):
        return _may_follow(line, lines[at + 1 : end]) and (at != barred or line.strip() == "--")
    if is_phone_line(line):
        return at != barred or end - at == 1
    if at == barred:
        return False
    if is_disclaimer(line):
        return sum(len(each) for each in lines[at:end]) < 6_000
    if is_rule(line) and line.strip()[0] == "_":
        return _is_footer(lines[at + 1 : end])
    if is_closing(line):
        return _is_name_block(lines[at + 1 : end])
    return at == _last_text(lines, end) and _is_dashed_name(line) and not _is_list_item(lines, at)


def is_delimiter(line: str) -> bool:
    """``-- `` alone on its line, as RFC 3676 has it, or as clients mangle it."""
    return line.strip(" \t\u00a0*") in ("--", "—", "- -", "––", "__", "——") and len(line) < 20


def is_phone_line(line: str) -> bool:
    """``Sent from my phone`` in any language: a short line with that beginning and no sentence after it."""
    if len(line) > 400:
        return False
    bare = key(line[:MAX_EXAMINED]).strip("*_-–— >[(\"'")
    if not bare.startswith(phrases.MOBILE_SIGNATURES) and not bare.endswith(_PHONE_ENDINGS):
        return False
    shown = bare.split("<", 1)[0].split("(http", 1)[0].split("http", 1)[0].split("[", 1)[0].strip()
    if bare.startswith(_WHOLE_SENTENCES):
        return len(shown) <= _MAX_PHONE_LINE and "?" not in shown
    if len(shown) > _MAX_PHONE_LINE or len(shown.split()) > _MAX_PHONE_WORDS:
        return False
    return not ("," in shown or (shown.endswith((".", "?", ":")) and len(shown.split()) > 6) or "?" in shown)


_PHONE_ENDINGS = ("から送信", "에서 보냄", "gönderildi", "より送信", "의 iphone에서 보냄", "отправлено с iphone")


def is_closing(line: str) -> bool:
    """A line that holds nothing but a closing formula."""
    if len(line) > 80:
        return False
    bare = key(line).strip("*_ ,.!;:-–—~/")
    if bare in phrases.CLOSINGS:
        return True
    return (
        "".join(char for char in bare if char.isalpha() or char.isspace() or char in "&'.,").strip(" ,.")
        in phrases.CLOSINGS
    )


def is_banner(line: str) -> bool:
    """Whether a mail system's warning begins here."""
    folded = key(line[:600])
    return any(phrase in folded for phrase in phrases.BANNERS)


def is_disclaimer(line: str) -> bool:
    """Whether a disclaimer or a scanner's stamp begins here: a heading of that name, or a long sentence."""
    bare = key(line[:600]).lstrip("*_[( ")
    if bare.startswith(phrases.DISCLAIMERS):
        return len(line) > 60 or len(bare.split()) <= 3
    return bare.startswith(phrases.WEAK_DISCLAIMERS) and any(word in bare for word in phrases.CONFIDENTIAL)


def _last_text(lines: Sequence[str], end: int) -> int:
    at = end - 1
    while at > 0 and is_blank(lines[at]):
        at -= 1
    return at


def _is_dashed_name(line: str) -> bool:
    """``-Anna Berg`` or ``/Anna``: a mark, no space, and up to four capitalised words."""
    bare = line.strip()
    if len(bare) > 40 or bare[:1] not in "-–—/~" or len(bare) < 3 or not bare[1].isalpha():
        return False
    words = bare[1:].split()
    return len(words) <= 4 and all(word[0].isupper() and word.strip(".").replace("-", "").isalpha() for word in words)


def _is_list_item(lines: Sequence[str], at: int) -> bool:
    """Whether the line belongs to what stands above: an enumeration, or an answer to a colon."""
    if at == 0:
        return False
    above = _last_text(lines, at)
    return not is_blank(lines[at - 1]) or lines[above].rstrip().endswith(":") or lines[above].lstrip().startswith("-")


def _may_follow(delimiter: str, lines: Sequence[str]) -> bool:
    """What follows the delimiter is short: the more so, the less it looks like the one of the RFC."""
    filled = [line for line in lines if not is_blank(line)]
    size = sum(len(line) for line in filled)
    if delimiter.startswith("-- "):
        return size < 4_000
    if delimiter.strip() == "--":
        return size < 2_500 and len(filled) <= 30
    return size < 800 and len(filled) <= 12


def _is_footer(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if not is_blank(line)]
    return 1 <= len(filled) <= 12 and sum(len(line) for line in filled) < 2_000


def _is_name_block(lines: Sequence[str]) -> bool:
    """What follows a closing: nothing, or a name and a few short lines without a question or an afterthought."""
    filled = [line.strip() for line in lines if not is_blank(line)]
    if not filled:
        return True
    if len(filled) > _MAX_CLOSING_LINES or not _is_name(filled[0]):
        return False
    if any(len(line) > _MAX_CLOSING_LINE or line.endswith("?") for line in filled[:4]):
        return False
    return not any(key(line[:6]).replace(".", "").startswith(("ps ", "ps:", "pps", "ps-", "nb:")) for line in filled)


def _is_name(line: str) -> bool:
    """A line that may be somebody's name, or a firm's: few words, no end of a sentence."""
    bare = line.strip("*_ ")
    if len(bare) > 80 or bare.endswith((":", "?", "!")):
        return False
    shown = bare.split("(", 1)[0].split("|", 1)[0].split(",", 1)[0].split()
    if len(shown) > 7:
        return False
    return not (bare.endswith(".") and len(shown) > 4) and not (bare[:1].islower() and len(shown) > 2)
