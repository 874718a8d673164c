"""Does a text that is about to leave repeat an internal note? The last wall of design decision 10. Pure, linear."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

# Scripts that are written without spaces: every character counts as half a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_ONE = re.compile(f"[{_UNSPACED}]")
_SHORTEST_NOTE = 3


def leaked(text: str, notes: Iterable[str], public: Sequence[str], *, words: int) -> str | None:
    """The stretch of a note that ``text`` repeats, or None.

    ``words`` in a row that both share are a leak, and so is a whole shorter note of three words or more.
    What stands in ``public`` too (the client wrote it, or was told) is no secret.
    """
    said = _words(text)
    secrets = _secrets(notes, words)
    for size, grams in sorted(secrets.items()):
        shared = [g for g in _grams(said, size) if g in grams]
        if shared:  # seldom; only then is it worth while to look at everything that was ever said
            harmless = {g for p in public for g in _grams(_words(p), size)}
            found = next((g for g in shared if g not in harmless), None)
            if found is not None:
                return " ".join(found)
    return None


def _secrets(notes: Iterable[str], words: int) -> dict[int, set[tuple[str, ...]]]:
    """What must not be repeated, by the number of words in a row that count."""
    secrets: dict[int, set[tuple[str, ...]]] = {}
    for note in map(_words, notes):
        half = 2 * sum(1 for word in note if _ONE.match(word)) > len(note)
        size = min(2 * words if half else words, len(note))
        if size >= (2 * _SHORTEST_NOTE if half else _SHORTEST_NOTE):
            secrets.setdefault(size, set()).update(_grams(note, size))
    return secrets


def _grams(words: list[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text.casefold()))
