"""Is a text nothing but a thank-you? Conservative: a question, a number or an unknown word says no. Pure."""

from __future__ import annotations


def only_thanks(text: str) -> bool:
    words = text.casefold().replace("!", " ").replace(".", " ").replace(",", " ").split()
    return 0 < len(words) <= 6 and any(w.startswith("thank") for w in words)
