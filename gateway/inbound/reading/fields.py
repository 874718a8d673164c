"""Header fields: bytes to text, parameters (RFC 2045 section 5.1, RFC 2231), dates, message identifiers.

Decoders of our own, linear and without exceptions; the standard library's leak IndexError and run in
quadratic time on hostile fields.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from gateway.inbound.reading import charset, charset_names, encodedwords

MAX_PARAMETERS = 100
MAX_IDS = 500
MAX_ID_LENGTH = 998
_ID = re.compile(r"<\s*([^<>\s]{1,998})\s*>")
_COMMENT_TAIL = re.compile(r"\s*\([^()]*\)\s*$")
_FORMAT_CHARS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_WINDOWS_PATH = re.compile(r"^(?:[A-Za-z]:\\|\\\\)")


def text_of(raw: bytes, hint: str = "") -> str:
    """An unfolded field value as text: ASCII, else UTF-8, else as the charset of the body says."""
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii").replace("\0", "")
        return _utf7(text) if "+" in text and charset_names.codec_name(hint) == "utf-7" else text
    return charset.decode(raw, hint).replace("\0", "")


def _utf7(text: str) -> str:
    """Of a mail in UTF-7 (RFC 2152) the header is in it, too; a lone plus sign is none."""
    try:
        return text.encode("ascii").decode("utf-7")
    except UnicodeDecodeError:
        return text


def decoded(value: str) -> str:
    """Encoded-words decoded, on one line."""
    return charset.clean_line(encodedwords.decode(value))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The first token of a field like Content-Type, in lower case, and its parameters decoded.

    Of a parameter given twice the first counts; ``name*`` (RFC 2231) wins over ``name``.
    """
    head, _, rest = value.partition(";")
    if "=" in head and (words := head.split(None, 1))[1:] and "=" not in words[0]:
        head, rest = words[0], f"{words[1]};{rest}"  # the first semicolon is missing
    token = head.partition("(")[0].strip().strip("\"'").lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in _pairs(rest):
        base, index, extended = _indexed(name)
        if index is None:
            plain.setdefault(base, text)
        else:
            pieces.setdefault(base, {}).setdefault(index, (text, extended))
    found = {name: decoded(text) for name, text in plain.items()}
    found.update({name: joined for name, many in pieces.items() if (joined := _joined(many))})
    return token, found


def _pairs(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text) and len(found) < MAX_PARAMETERS:
        equals, semicolon = text.find("=", at), text.find(";", at)
        if equals < 0:
            break
        if 0 <= semicolon < equals:
            at = semicolon + 1
            continue
        name = text[at:equals].strip(" \t\r\n;\"'").lower()
        value, at = _value(text, equals + 1)
        if name and len(name) <= 80:
            found.append((name.split()[-1], value))
    return found


def _value(text: str, at: int) -> tuple[str, int]:
    """A parameter's value at ``at`` and the position behind its semicolon."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if at < len(text) and text[at] == '"':
        quoted = _quoted(text, at + 1)
        if quoted is not None:
            return quoted
        at += 1
    end = text.find(";", at)
    end = len(text) if end < 0 else end
    value = text[at:end].strip(' \t\r\n"')
    return value, end + 1


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    """A quoted-string's content. A backslash escapes only a quote or itself: Windows paths are common."""
    out: list[str] = []
    while True:
        close = text.find('"', at)
        if close < 0:
            return None
        piece = text[at:close]
        slashes = len(piece) - len(piece.rstrip("\\"))
        if slashes % 2:
            out.append(piece[:-1].replace("\\\\", "\\") + '"')
            at = close + 1
            continue
        out.append(piece.replace("\\\\", "\\"))
        following = text.find(";", close)
        return "".join(out), len(text) if following < 0 else following + 1


def _indexed(name: str) -> tuple[str, int | None, bool]:
    """``name*1*`` as (name, 1, extended)."""
    base, star, rest = name.partition("*")
    if not star:
        return base, None, False
    extended = rest.endswith("*") or rest == ""
    digits = rest.rstrip("*")
    return base.strip(), int(digits) if digits.isdecimal() and len(digits) < 4 else 0, extended


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    label = ""
    chunks: list[bytes] = []
    encoded = False
    for position, index in enumerate(sorted(pieces)):
        text, extended = pieces[index]
        if extended and position == 0 and text.count("'") >= 2:
            label, _, text = text.split("'", 2)
        encoded = encoded or extended
        chunks.append(unquote_to_bytes(text) if extended else text.encode("utf-8", "replace"))
    data = b"".join(chunks)
    text = charset.decode(data, label) if encoded else data.decode("utf-8", "replace")
    return decoded(text)


def filename(name: str) -> str:
    """A file name fit to be shown: NFC, no control or format characters, no folder, at most 255 bytes."""
    name = unicodedata.normalize("NFC", name)
    if not name.isascii() or not name.isprintable():
        name = "".join(c for c in name if unicodedata.category(c) not in _FORMAT_CHARS)
    if _WINDOWS_PATH.match(name):
        name = name.rpartition("\\")[2]
    name = name.replace("\\", "/").rpartition("/")[2].rstrip("\ufffd").strip()
    if not name.strip(". "):
        return ""
    return _shortened(name)


def _shortened(name: str) -> str:
    data = name.encode("utf-8", "replace")
    if len(data) <= 255:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = (dot + extension).encode("utf-8", "replace") if dot and len(extension) <= 20 else b""
    stem = stem if tail else name
    return stem.encode("utf-8", "replace")[: 255 - len(tail)].decode("utf-8", "ignore") + tail.decode("utf-8")


def message_ids(value: str) -> tuple[str, ...]:
    """Identifiers of Message-ID, In-Reply-To or References (RFC 5322 section 3.6.4), without brackets."""
    found = _ID.findall(value)
    if not found and "<" not in value:
        found = [t for t in value.replace(",", " ").split() if "@" in t and len(t) <= MAX_ID_LENGTH]
    unique = dict.fromkeys(t.strip() for t in found)
    return tuple(unique)[-MAX_IDS:]


def message_id(value: str) -> str | None:
    found = message_ids(value)
    if found:
        return found[0]
    bare = value.strip().strip("<>").strip()
    return bare[:MAX_ID_LENGTH] if bare and not any(c.isspace() for c in bare) else None


def date(value: str) -> datetime | None:
    """A Date field (RFC 5322 section 3.3, obsolete forms too) as an aware time; without a zone it is UTC."""
    value = value[:200]
    while (shorter := _COMMENT_TAIL.sub("", value)) != value:
        value = shorter
    try:
        found = parsedate_tz(value)
        if found is None:
            return None
        offset = found[9] or 0
        zone = timezone(timedelta(seconds=offset)) if abs(offset) < 86_400 else UTC
        return datetime(*found[:5], min(found[5], 59), tzinfo=zone)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
