"""Content-Transfer-Encodings (RFC 2045 section 6) and uuencoded files in text. Lenient, linear, no exceptions."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from operator import methodcaller

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(sorted(set(range(256)) - set(_BASE64_ALPHABET) - set(b"=")))
_WORDS = re.compile(rb"^[_=-]{5,}|[^\s]\s[^\s]")
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_STREAM = re.compile(rb"([A-Za-z0-9+/]+)(=*)")
_MAX_PADDINGS = 10_000
_MAX_LINES = 100_000
"""Lines of base64 that are looked at for words among them, and lines of a piece whose ends are: more than text has."""
_PIECE = 1 << 20
"""Bytes in which substitutions are made at a time, for each one found takes several times its size."""
_RSTRIP = methodcaller("rstrip", b" \t")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_LINE = re.compile(rb"[ -`]{1,90}[ \t]*")


def decode(data: bytes, encoding: str) -> bytes:
    """``data`` without its transfer encoding; an unknown one is taken for identity."""
    name = encoding.strip().strip("\"'").lower()
    if name in ("base64", "b", "base-64", "x-base64"):
        return base64(data)
    if name in ("quoted-printable", "quoted_printable", "q", "quotedprintable"):
        return quoted_printable(data)
    if name in ("x-uuencode", "uuencode", "x-uue", "uue", "x-uu"):
        found = next(iter(uu_files(data)), None)
        return found[3] if found else data
    return data


def decode_text(data: bytes, encoding: str) -> bytes:
    """As ``decode``, for text: behind base64 there may be lines that a list or a scanner has added."""
    if encoding != "base64":
        return decode(data, encoding)
    if data.translate(None, _BASE64_ALPHABET + b"=\r\n\t "):
        return _base64_and_more(data)
    decoded = base64(data)
    return data if data.count(b" ") * 20 > len(data) and _is_noise(decoded) else decoded


def _is_noise(decoded: bytes) -> bool:
    """True for what words become when they are taken for base64: no UTF-8, and controls among the letters."""
    sample = decoded[:4096]
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return wrong.start < len(sample) - 4 and len(sample.translate(None, _CONTROLS)) < len(sample)
    return False


def _base64_and_more(data: bytes) -> bytes:
    """Base64 up to the first line that reads like words, and those lines as they are."""
    at = _words_at(data)
    head, rest = base64(data[:at]), data[at:]
    return head + b"\n" * (bool(head) and bool(rest) and not head.endswith(b"\n")) + rest


def _words_at(data: bytes) -> int:
    """Where the first line starts that is more likely words than base64; the length where there is none."""
    at = 0
    for _ in range(_MAX_LINES):
        stop = data.find(b"\n", at)
        following = len(data) if stop < 0 else stop + 1
        line = data[at:following].strip()
        if _WORDS.search(line[:1000]) and line.translate(None, _BASE64_ALPHABET + b"="):
            return at
        at = following
        if at >= len(data):
            break
    return len(data)


def base64(data: bytes) -> bytes:
    """Base64 as found: foreign bytes are skipped, missing padding is supplied.

    Behind padding a new stream may start, as clients do that encode piece by piece; anything else there is no data.
    """
    clean = data.translate(None, _NOT_BASE64)
    if _is_sound(clean):  # as nearly all of it is; of 25 MB each copy counts
        return binascii.a2b_base64(clean)
    body = clean.rstrip(b"=")
    if b"=" not in body:
        return _base64_run(body)
    if body.count(b"=") > _MAX_PADDINGS:
        return _base64_run(body.replace(b"=", b""))
    return b"".join(_base64_streams(clean))


def _is_sound(clean: bytes) -> bool:
    """One stream, and as much padding as it needs."""
    padding = clean.find(b"=")
    return not len(clean) % 4 and (padding < 0 or (len(clean) - padding <= 2 and clean.endswith(b"=")))


def _base64_streams(clean: bytes) -> Iterator[bytes]:
    for i, match in enumerate(_STREAM.finditer(clean)):
        if i and (len(match[1]) + min(len(match[2]), 2)) % 4:
            return
        yield _base64_run(match[1])


def _base64_run(run: bytes) -> bytes:
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def quoted_printable(data: bytes) -> bytes:
    """Quoted-printable (RFC 2045 section 6.7); what is no escape stays as it is.

    The standard library's decoder is quick, but takes a doubled equals sign for a single one, and one before a line
    end or at the end of all for another soft break.
    """
    data = b"".join(_joined(data))
    if data.endswith(b"="):
        data = data[:-1]
    data = data.replace(b"=\r", b"=3D\r").replace(b"=\n", b"=3D\n")
    for _ in range(2):  # the second time for what the first one leaves of three and more in a row
        data = data.replace(b"==", b"=3D=")
    return binascii.a2b_qp(data + b"3D" if data.endswith(b"=") else data)


def _joined(data: bytes) -> Iterator[bytes]:
    """Lines without blanks at their ends, joined where they are broken softly."""
    at = 0
    while at < len(data):
        stop = data.find(b"\n", at + _PIECE) + 1 or len(data)
        piece = data[at:stop]
        for end in (b"\r\n", b"\n"):
            if b" " + end in piece or b"\t" + end in piece:
                piece = _without_blanks(piece, end)
        yield piece.replace(b"=\r\n", b"").replace(b"=\n", b"")
        at = stop


def _without_blanks(data: bytes, end: bytes) -> bytes:
    if data.count(end) > _MAX_LINES:
        return data
    *lines, last = data.split(end)
    return end.join([*map(_RSTRIP, lines), last])


def uu_files(data: bytes) -> list[tuple[int, int, str, bytes]]:
    """Uuencoded files (POSIX uuencode) in a text as (start, end, name, content)."""
    found: list[tuple[int, int, str, bytes]] = []
    at = 0
    while len(found) < 100 and (match := _UU_BEGIN.search(data, at)):
        end, content = _uu_content(data, match.end())
        at = max(end, match.end())
        if content is not None:
            found.append((match.start(), end, match[1].decode("utf-8", "replace").strip(), content))
    return found


def _uu_content(data: bytes, at: int) -> tuple[int, bytes | None]:
    """The decoded file and where it ends; None when the lines are no uuencode."""
    out: list[bytes] = []
    while at < len(data):
        stop = data.find(b"\n", at)
        following = len(data) if stop < 0 else stop + 1
        line = data[at : len(data) if stop < 0 else stop].rstrip(b"\r")
        if line.strip() == b"end":
            return following, b"".join(out)
        decoded = _uu_line(line)
        if decoded is None:
            break
        out.append(decoded)
        at = following
    return at, b"".join(out) if len(out) > 2 else None


def _uu_line(line: bytes) -> bytes | None:
    if not line or line in (b"`", b" "):
        return b""
    if not _UU_LINE.fullmatch(line):
        return None
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        size = ((line[0] - 32) & 63) * 4
        try:
            return binascii.a2b_uu(line[: 1 + (size + 2) // 3].rstrip())
        except binascii.Error:
            return None
