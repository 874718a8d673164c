"""ISO-2022 text (RFC 1468, 1554, 1557, 1922) with the vendors' dialects that Python's codecs refuse.

NEC row 13 and the IBM extensions under ``ESC $ B`` (CP50221), half-width kana under ``ESC ( I``,
JIS X 0212 and 0213, and the Chinese and Korean sets of ISO-2022-JP-2, -KR and -CN.
"""

from __future__ import annotations

import re
from itertools import islice

_ESCAPE = re.compile(
    rb"\x1b(?:\$\([A-Z@]|\$\)[A-C]|\$\*H|\$[@AB]|\([A-Z@]|&@|\.[AF]|N.|K|H)",
)
_LIKELY = re.compile(rb"\x1b(?:\$[@AB]|\$\([ACDOPQ]|\$\)[AC]|\(I)")
_MAX_ESCAPES = 100_000
_DOUBLE = {
    b"\x1b$@": "jis",
    b"\x1b$B": "jis",
    b"\x1b$(B": "jis",
    b"\x1b$(@": "jis",
    b"\x1b$(D": "jis-x0212",
    b"\x1b$(O": "jis-x0213-1",
    b"\x1b$(Q": "jis-x0213-1",
    b"\x1b$(P": "jis-x0213-2",
    b"\x1b$A": "gb",
    b"\x1b$(A": "gb",
    b"\x1b$(C": "ks",
}
_DESIGNATIONS = {b"\x1b$)C": "ks", b"\x1b$)A": "gb"}


def is_likely(data: bytes) -> bool:
    return b"\x1b" in data and _LIKELY.search(data) is not None


def decode(data: bytes) -> str:
    """Text of ISO-2022 bytes; whatever cannot be mapped becomes U+FFFD. Linear."""
    try:
        return data.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        return _vendors(data)


def _vendors(data: bytes) -> str:
    out: list[str] = []
    charset, shifted = "ascii", ""
    at = 0
    for match in islice(_ESCAPE.finditer(data), _MAX_ESCAPES):
        out.append(_segment(data[at : match.start()], charset, shifted))
        escape, at = match.group(), match.end()
        if escape in _DESIGNATIONS:
            shifted = _DESIGNATIONS[escape]
        else:
            charset = _DOUBLE.get(escape, "kana" if escape == b"\x1b(I" else "ascii")
    out.append(_segment(data[at:], charset, shifted))
    return "".join(out)


def _segment(data: bytes, charset: str, shifted: str) -> str:
    if not data:
        return ""
    if charset == "ascii":
        return _ascii(data, shifted)
    return "".join(_line(line, charset) for line in data.splitlines(keepends=True))


def _ascii(data: bytes, shifted: str) -> str:
    """Single bytes; under ISO-2022-KR and -CN, SO and SI switch to the designated set."""
    if b"\x0e" not in data or not shifted:
        return data.decode("utf-8", "replace")
    out = []
    for i, piece in enumerate(data.replace(b"\x0f", b"\x0e").split(b"\x0e")):
        out.append(_line(piece, shifted) if i % 2 else piece.decode("utf-8", "replace"))
    return "".join(out)


def _line(line: bytes, charset: str) -> str:
    body = line.rstrip(b"\r\n")
    end = line[len(body) :].decode("ascii")
    if any(b > 0x7F for b in body):
        return body.decode("cp932", "replace") + end
    return _SETS[charset](body) + end


def _high(data: bytes) -> bytes:
    return bytes(b | 0x80 if 0x21 <= b <= 0x7E else b for b in data)


def _shift_jis(data: bytes) -> str:
    """JIS X 0208 with the vendors' rows, by way of their shifted form (CP932)."""
    out = bytearray()
    at = 0
    while at < len(data):
        row = data[at]
        if row < 0x21 or at + 1 >= len(data):
            out.append(row)
            at += 1
            continue
        cell = data[at + 1]
        lead = (row - 0x21) // 2 + 0x81
        out.append(lead + 0x40 if lead > 0x9F else lead)
        if row % 2:
            out.append(cell + 0x1F + (cell >= 0x60))
        else:
            out.append(cell + 0x7E)
        at += 2
    return bytes(out).decode("cp932", "replace")


def _jis_x0212(data: bytes) -> str:
    pairs = (data[i : i + 2] for i in range(0, len(data), 2))
    return b"".join(b"\x8f" + _high(p) if len(p) == 2 else p for p in pairs).decode("euc_jp", "replace")


def _jis_x0213_2(data: bytes) -> str:
    pairs = (data[i : i + 2] for i in range(0, len(data), 2))
    return b"".join(b"\x8f" + _high(p) if len(p) == 2 else p for p in pairs).decode("euc_jis_2004", "replace")


def _jis_x0213_1(data: bytes) -> str:
    return _high(data).decode("euc_jis_2004", "replace")


def _gb2312(data: bytes) -> str:
    return _high(data).decode("gb18030", "replace")


def _ks_c_5601(data: bytes) -> str:
    return _high(data).decode("cp949", "replace")


def _kana(data: bytes) -> str:
    return _high(data).decode("cp932", "replace")


_SETS = {
    "jis": _shift_jis,
    "jis-x0212": _jis_x0212,
    "jis-x0213-1": _jis_x0213_1,
    "jis-x0213-2": _jis_x0213_2,
    "gb": _gb2312,
    "ks": _ks_c_5601,
    "kana": _kana,
}
