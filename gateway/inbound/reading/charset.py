"""Bytes to text: charsets as declared, as mis-declared and as not declared at all.

Nothing here raises. What a label means is in ``charset_names``.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.inbound.reading import iso2022, western
from gateway.inbound.reading.charset_names import codec_name, is_single_byte

if TYPE_CHECKING:
    from chardet import EncodingEra

_SAMPLE = 64 * 1024
_GUESSES = 3
_SURE = 0.3
_SHORT = 200
"""Bytes below which rare encodings win by chance, so that those of the web are tried first."""
_SIGNS = frozenset(
    "\u00a0\u00ab\u00bb\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u2116\u20ac\u00b0\u00a7\u00a9"
    "\u00ae\u2122\u00bf\u00a1\u3001\u3002\u300c\u300d\u30fb\u30fc\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u3000"
)
_MIXED_WORD = re.compile("[A-Za-z][\u0370-\u05ff]|[\u0370-\u05ff][A-Za-z]")
_INNER_CAPITAL = re.compile("[\u00df-\u00ff\u03ac-\u03ce\u0430-\u045f][\u00c0-\u00de\u0391-\u03ab\u0400-\u042f]")
_HAN, _HANGUL, _CYRILLIC = re.compile("[\u4e00-\u9fff]"), re.compile("[\uac00-\ud7a3]"), re.compile("[\u0400-\u04ff]")
_CONTROLS_1 = re.compile("[\x80-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def clean_text(text: str) -> str:
    """Text for storing: no NUL, no lone surrogates, line ends are LF."""
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean_line(text: str) -> str:
    """A single-line field: control characters and line separators become one space, bidi overrides go."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _LINE_CONTROLS.sub(" ", _SURROGATE.sub("\ufffd", text))
    return _BIDI.sub("", text).strip()


def decode(data: bytes, label: str = "") -> str:
    """The text that ``data`` most likely is. Believes its own shape first, then the label, then statistics.

    C1 controls are no text: where they come out, windows-1252 was transcoded as if it were latin1.
    """
    text = _decoded(data, label)
    return text.translate(_C1) if not text.isascii() and _CONTROLS_1.search(text) else text


def _decoded(data: bytes, label: str) -> str:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return _by_bom(data)
    codec = codec_name(label)
    if iso2022.is_likely(data):
        return iso2022.decode(data)
    if data.isascii():
        return _ascii(data, codec)
    if codec is None or codec == "ascii":
        return _undeclared(data)
    return _declared(data, codec)


def _by_bom(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return decode(data[3:], "utf-8")
    return data.decode("utf-16", "replace")


def _ascii(data: bytes, codec: str | None) -> str:
    if codec in ("utf-7", "hz") or (codec or "").startswith(("utf-16", "utf-32", "cp037", "cp500", "cp1140")):
        return data.decode(codec or "ascii", "replace")
    return data.decode("ascii")


def _undeclared(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _mostly_utf8(data) or _guess(data)


def _declared(data: bytes, codec: str) -> str:
    if is_single_byte(codec):
        return _single_byte(data, codec)
    if codec == "euc-jp":
        return _euc_jp(data)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return _broken(data, codec)
    if codec == "cp949" and _HAN.search(text) and not _HANGUL.search(text):
        other = _plausible_guess(data)
        return other if other and _CYRILLIC.search(other) else text
    return text


def _single_byte(data: bytes, codec: str) -> str:
    """A single-byte charset accepts nearly anything, so text that is well-formed UTF-8 is taken for that."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if codec == "cp1252" and _mostly_high(data):
        return _guess(data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode(codec, "replace") if codec != "cp1252" else _cp1252(data)


def _mostly_high(data: bytes) -> bool:
    """True where most letters are beyond ASCII: no language that is written in latin1 looks so."""
    sample = data[:_SAMPLE]
    letters_beyond = sample.translate(None, bytes(range(0xC0)))
    high = len(letters_beyond)
    letters = sum(sample.count(bytes((c,))) for c in b"etaoinsrhlducmfpgwybvkxjqzETAOINSRHLDUCM")
    return high > 2 * letters and len(set(letters_beyond)) >= 10


def _euc_jp(data: bytes) -> str:
    """EUC-JP with the vendors' row 13 (CP51932), which the plain codec refuses."""
    for codec in ("euc-jp", "euc_jis_2004"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return _broken(data, "euc-jp")


def _broken(data: bytes, codec: str) -> str:
    """Declared as ``codec`` and not well-formed in it."""
    if codec == "utf-8":
        return _mostly_utf8(data) or _guess(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        good, bad = _tally(data, codec)
        if good > 50 * bad:
            return data.decode(codec, "replace")
        return _plausible_guess(data) or (data.decode(codec, "replace") if good > 4 * bad else _cp1252(data))


def _tally(data: bytes, codec: str) -> tuple[int, int]:
    """How many characters beyond ASCII a sample has in ``codec``, and how many that are none."""
    text = data[:_SAMPLE].decode(codec, "replace")
    bad = text.count("\ufffd")
    return sum(1 for c in text if c > "\x7f") - bad, bad


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with foreign bytes among it, as windows-1252; None where hardly anything is UTF-8."""
    good, bad = _tally(data, "utf-8")
    if good < max(1, bad):
        return None
    return data.decode("utf-8", _MIXED if good <= 20 * bad or _is_western(data) else "replace")


def _is_western(data: bytes) -> bool:
    """Whether the letters beyond ASCII are those of windows-1252, so that a foreign byte may be one, too."""
    letters = [c for c in data[:_SAMPLE].decode("utf-8", "ignore") if c > "\x7f" and c.isalpha()]
    return sum(1 for c in letters if c < "\u0180") * 10 >= 9 * len(letters)


def _foreign_byte(error: UnicodeError) -> tuple[str, int]:
    """Error handler: bytes that are no UTF-8 are windows-1252, but for a character that the end cuts off."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    start = error.start
    if error.reason == "unexpected end of data":
        return "\ufffd", error.end
    return _WESTERN[error.object[start]], start + 1


_WESTERN = [bytes((b,)).decode("cp1252", "ignore") or chr(b) for b in range(256)]
_MIXED = "gateway.mixed"
codecs.register_error(_MIXED, _foreign_byte)


def _guess(data: bytes) -> str:
    """Statistics, believed only where they yield words; what else there is becomes windows-1252."""
    codec = western.codec_of(data[:_SAMPLE])
    if codec is not None:
        return data.decode(codec, "replace")
    return _plausible_guess(data) or _cp1252(data)


def _plausible_guess(data: bytes) -> str | None:
    sample = data[:_SAMPLE]
    for codec in _candidates(sample):
        if _is_plausible(sample.decode(codec, "replace")):
            return data.decode(codec, "replace")
    return None


def _candidates(sample: bytes) -> Iterator[str]:
    """Codecs by statistics, likeliest first. In short texts rare encodings win by chance: the web's go first."""
    import chardet  # most mail needs no guess, and importing it takes longer than reading a mail

    refused: list[str] = []
    for _ in range(_GUESSES):
        without = refused or None
        found = chardet.detect(sample, encoding_era=_era("ALL"), exclude_encodings=without)
        if len(sample) < _SHORT and found["confidence"] < _SURE:
            web = chardet.detect(sample, encoding_era=_era("MODERN_WEB"), exclude_encodings=without)
            found = web if 2 * web["confidence"] >= found["confidence"] else found
        codec = codec_name(found["encoding"] or "")
        if codec in (None, "ascii", "utf-8", "utf-7", "cp1252"):
            return
        yield codec
        refused.append(found["encoding"] or "")


def _era(name: str) -> EncodingEra:
    """One of chardet's families of encodings, without those of mainframes."""
    from chardet import EncodingEra

    return EncodingEra[name] & ~EncodingEra.MAINFRAME


def _is_plausible(text: str) -> bool:
    """Whether text looks like words: letters of one script in a word, capitals in front."""
    strange = sum(
        1 for c in text if c > "\x7f" and not (c.isalnum() or c in _SIGNS or unicodedata.category(c)[0] == "M")
    )
    foreign = sum(1 for c in text if c > "\x7f") or 1
    odd = sum(1 for _ in _MIXED_WORD.finditer(text)) + sum(1 for _ in _INNER_CAPITAL.finditer(text))
    return strange * 20 <= foreign and odd * 8 <= foreign


def _cp1252(data: bytes) -> str:
    """windows-1252 as browsers read it: its five undefined bytes are C1 controls."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_C1)


_C1 = {b: _WESTERN[b] for b in range(0x80, 0xA0)}
