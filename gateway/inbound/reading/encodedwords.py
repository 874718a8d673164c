"""Encoded-words (RFC 2047), also the broken ones: split, glued, unclosed, with spaces inside. Linear."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from gateway.inbound.reading import charset

_HEAD = re.compile(r"=\?([!-<>-~][!->@-~]{0,59})\?([bBqQ])\?")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class _Word:
    label: str
    base64: bool
    text: str


def decode(value: str) -> str:
    """``value`` with its encoded-words decoded; anything that is none stays as it is."""
    if "=?" not in value:
        return value
    out: list[str] = []
    run: list[_Word] = []
    at = 0
    for start, end, word in _words(value):
        between = value[at:start]
        if between.strip(" \t\r\n") or not run:
            out.append(_join(run))
            out.append(between)
            run = []
        run.append(word)
        at = end
    out.append(_join(run))
    out.append(value[at:])
    return "".join(out)


def _words(value: str) -> list[tuple[int, int, _Word]]:
    """Every encoded-word as (start, end, word). One that is not closed ends where the next begins."""
    heads = list(_HEAD.finditer(value))
    found = []
    for i, head in enumerate(heads):
        limit = heads[i + 1].start() if i + 1 < len(heads) else len(value)
        close = value.find("?=", head.end(), limit)
        if close >= 0:
            text, end = value[head.end() : close], close + 2
        else:
            text = value[head.end() : limit].rstrip(" \t?=" if head[2] in "bB" else " \t?")
            if " " in text.strip() and limit == len(value):
                text = text.strip().partition(" ")[0]
            end = head.end() + len(text)
            while end < limit and value[end] in "?=":
                end += 1
        found.append((head.start(), end, _Word(head[1], head[2] in "bB", text)))
    return found


def _join(run: list[_Word]) -> str:
    """Text of adjacent words; a character may be split between words of one charset."""
    out: list[str] = []
    i = 0
    while i < len(run):
        label, chunks = run[i].label, []
        while i < len(run) and run[i].label.lower() == label.lower():
            text = run[i].text
            if run[i].base64:
                while _is_cut(text) and i + 1 < len(run) and _continues(run[i], run[i + 1]):
                    i += 1
                    text = text.strip() + run[i].text
                chunks.append(base64_bytes(text))
            else:
                chunks.append(_q_bytes(text))
            i += 1
        out.append(charset.decode(b"".join(chunks), label))
    return "".join(out)


def _is_cut(text: str) -> bool:
    """A base64 text that stops in the middle of a group: the stream goes on in the next word."""
    text = text.strip()
    return len(text) % 4 != 0 and not text.endswith("=")


def _continues(one: _Word, two: _Word) -> bool:
    return two.base64 and one.label.lower() == two.label.lower()


def base64_bytes(text: str) -> bytes:
    """Base64 with missing or superfluous padding and foreign characters; padding in the middle starts anew."""
    out = []
    for piece in text.replace("-", "+").replace("_", "/").split("="):
        clean = _NOT_BASE64.sub("", piece)
        if len(clean) % 4 == 1:
            clean = clean[:-1]
        if clean:
            out.append(binascii.a2b_base64(clean + "=" * (-len(clean) % 4)))
    return b"".join(out)


def _q_bytes(text: str) -> bytes:
    data = text.replace("_", " ").encode("utf-8", "replace")
    return _HEX.sub(lambda m: bytes((int(m[1], 16),)), data)
