"""Does a text that is about to leave repeat an internal note? The last wall of design decision 10. Pure, linear."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Scripts that are written without spaces: every character counts as half a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_ONE = re.compile(f"[{_UNSPACED}]")
_SHORTEST_NOTE = 3


def leaked(text: str, notes: Iterable[str], public: Iterable[str], *, words: int) -> str | None:
    """The stretch of a note that ``text`` repeats, or None.

    ``words`` in a row that both share are a leak, and so is a whole shorter note of three words or more.
    What stands in ``public`` too (the client wrote it, or was told) is no secret.
    """
    said = _words(text)
    known = [_words(p) for p in public]
    for note in notes:
        found = _shared(said, _words(note), known, words)
        if found:
            return found
    return None


def _shared(said: list[str], note: list[str], known: list[list[str]], words: int) -> str | None:
    half = 2 * sum(1 for word in note if _ONE.match(word)) > len(note)
    size = min(2 * words if half else words, len(note))
    if size < (2 * _SHORTEST_NOTE if half else _SHORTEST_NOTE):
        return None
    harmless = {g for text in known for g in _grams(text, size)}
    secret = set(_grams(note, size)) - harmless
    return next((" ".join(g) for g in _grams(said, size) if g in secret), None)


def _grams(words: list[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text.casefold()))
