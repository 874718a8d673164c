"""Whether undeclared bytes read as one Western language in windows-1252. For texts too short for statistics."""

from __future__ import annotations

import re

_UMLAUTS = frozenset("äöüßÄÖÜ")
_LANGUAGES = (
    _UMLAUTS | {"é"},
    frozenset("éèêëàâçîïôûùüœÉÀÇæ"),
    frozenset("áéíóúñüÁÉÍÓÚÑªº"),
    frozenset("ãõáéíóúâêôçàüÃÕÁÉÍÓÚÂÊÔÇÀªº"),
    frozenset("àèéìòùÀÉÌÒÙ"),
    frozenset("åäöæøéüÅÄÖÆØ"),
    frozenset("áéíóúýðþæöÁÉÍÓÚÝÞÆÖ"),
)
"""Letters beyond ASCII of German, French, Spanish, Portuguese, Italian, the Nordic languages and Icelandic."""
_TURKISH = frozenset("ðþýÐÞÝöüçÖÜÇ")
"""What the Turkish letters of windows-1254 look like in windows-1252."""
_SIGNS = frozenset("€£§°«»“”‘’„–—…•½¼¾×±µ²³©®™\u00a0¿¡´¨")
_ADJACENT = re.compile(rb"[\x80-\xff]{2}")
_RUN = re.compile(rb"[\x80-\xff]{3}")
_SIGN_IN_WORD = re.compile("[A-Za-z\u00c0-\u00ff][£§°½¼¾×±µ²³¹©®¿¡´¨][A-Za-z]")


def codec_of(data: bytes) -> str | None:
    """cp1252 or cp1254 where the letters fit one language, None where they do not."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    letters = {c for c in text if c > "\x7f"} - _SIGNS
    if not letters:
        return None if _ADJACENT.search(data) else "cp1252"
    if letters <= _UMLAUTS:
        return "cp1252"
    if _RUN.search(data) or _SIGN_IN_WORD.search(text):
        return None
    if letters <= _TURKISH and letters & frozenset("ðþÐÞ"):
        return "cp1254"
    return "cp1252" if any(letters <= language for language in _LANGUAGES) else None
