"""Header fields written out: typed in, folded, and safe to send. Nothing here can start a second field.

Texts are cleaned, because a subject must not stop a mail; addresses and ids are checked, because a wrong
one must. The email package is not used for writing: it turns long Message-IDs into encoded-words, and its
folding changes between versions, while our bytes must stay the same.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime

from gateway.errors import Permanent
from gateway.mail import Address
from gateway.outbound.phrasing import one_line

LINE = 76
"""Columns that we fold at; RFC 5322 section 2.1.1 asks for 78."""
LONGEST_ID = 900
"""Message-IDs beyond this are left out: a line must stay below 998 octets and an id is never folded."""
MOST_REFERENCES = 30
LONGEST_NAME = 120

_ATOM_TEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
_LOCAL = re.compile(rf"[.{_ATOM_TEXT}]{{1,64}}|\"[A-Za-z0-9 !#-\[\]-~]{{1,62}}\"")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MESSAGE_ID = re.compile(r"[!-;=?-~]+")
_PHRASE = re.compile(rf"[{_ATOM_TEXT}]+(?: [{_ATOM_TEXT}]+)*")
_LONGEST_PLAIN_WORD = 60
_ENCODED_BYTES = 42
"""UTF-8 bytes in one encoded-word: 42 make 56 characters of base64 and 68 in all (RFC 2047 section 2 allows 75)."""


def field(name: str, value: str) -> str:
    """One field from a value that the functions below have made. Raises Permanent where it holds a control."""
    if any((ord(ch) < 32 and ch not in "\r\n") or ord(ch) > 126 for ch in value) or _strays(value):
        raise Permanent(f"the value of the {name} field holds characters that cannot be sent")
    return f"{name}: {value}\r\n"


def _strays(value: str) -> bool:
    """Is there a line end that does not fold (CRLF and a space)?"""
    rest = value.replace("\r\n ", "")
    return "\r" in rest or "\n" in rest


def text(value: str, name: str) -> str:
    """Unstructured text (RFC 5322 section 3.2.5), words that need it encoded (RFC 2047), folded."""
    words = one_line(value).split(" ")
    plain = [_is_plain(word) for word in words]
    if all(plain):
        return _fold(words, len(name) + 2)
    first, last = plain.index(False), len(plain) - plain[::-1].index(False)
    encoded = encoded_words(" ".join(words[first:last]))
    return _fold([*words[:first], *encoded, *words[last:]], len(name) + 2)


def _is_plain(word: str) -> bool:
    return word.isascii() and len(word) <= _LONGEST_PLAIN_WORD and "=?" not in word


def encoded_words(value: str) -> list[str]:
    """RFC 2047 encoded-words in base64; no character is split between two of them."""
    words, chunk = [], b""
    for character in value:
        piece = character.encode("utf-8", "replace")
        if len(chunk) + len(piece) > _ENCODED_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += piece
    return [f"=?utf-8?b?{base64.b64encode(part).decode('ascii')}?=" for part in [*words, chunk] if part]


def _fold(words: Iterable[str], used: int) -> str:
    lines: list[str] = []
    current = ""
    for word in words:
        if current and used + len(current) + 1 + len(word) > LINE:
            lines.append(current)
            current, used = word, 1
        else:
            current = f"{current} {word}" if current else word
    return "\r\n ".join([*lines, current])


def mailbox(value: Address, name: str) -> str:
    """``"Display Name" <addr-spec>`` (RFC 5322 section 3.4). Raises Permanent on an address that cannot be sent to."""
    address = addr_spec(value.address)
    display = one_line(value.name)[:LONGEST_NAME].strip()
    if not display or display.casefold() == value.address.casefold():
        return address
    return _fold([*_phrase(display), f"<{address}>"], len(name) + 2)


def _phrase(display: str) -> list[str]:
    if not display.isascii() or "=?" in display:
        return encoded_words(display)
    if _PHRASE.fullmatch(display):
        return display.split(" ")
    quoted = display.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{quoted}"']


def addr_spec(address: str) -> str:
    """The address in ASCII: its domain by IDNA, its local part as it is.

    Raises Permanent where that cannot be done: a local part outside ASCII would need SMTPUTF8 (RFC 6531),
    which we do not ask for.
    """
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise Permanent(f"{address!r} is not an address that mail can be sent to", public="address not usable")
    labels = [_label(label, address) for label in domain.rstrip(".").split(".")]
    if sum(len(label) + 1 for label in labels) > 254:
        raise Permanent(f"the domain of {address!r} is too long", public="address not usable")
    return f"{local}@{'.'.join(labels)}"


def _label(label: str, address: str) -> str:
    """One label as an A-label (RFC 5891). Characters are kept as they are, so that ß never becomes ss."""
    name = unicodedata.normalize("NFC", label.lower())
    if not name.isascii() and all(ch == "-" or unicodedata.category(ch)[0] in "LMN" for ch in name):
        name = "xn--" + name.encode("punycode").decode("ascii")
    if not _LABEL.fullmatch(name):
        raise Permanent(f"the domain of {address!r} is not one that mail can be sent to", public="address not usable")
    return name


def is_message_id(value: str) -> bool:
    """May this id stand in our header? Foreign ids need not have an ``@``, but they must be one word of ASCII."""
    return len(value) <= LONGEST_ID and _MESSAGE_ID.fullmatch(value) is not None


def message_ids(values: Iterable[str]) -> str:
    """Ids in angle brackets, one a line: never folded inside, never encoded. Unusable ones are left out."""
    kept = list(dict.fromkeys(value for value in values if is_message_id(value)))
    if len(kept) > MOST_REFERENCES:
        kept = [kept[0], *kept[1 - MOST_REFERENCES :]]
    return "\r\n ".join(f"<{value}>" for value in kept)


def date(moment: datetime) -> str:
    """RFC 5322 section 3.3. Raises ValueError for a moment without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a Date needs its offset from UTC")
    return format_datetime(moment)


def parameter(name: str, value: str) -> str:
    """``; name=value`` on a line of its own, in RFC 2231 form where ASCII or the line's length do not do."""
    clean = one_line(value)
    if clean.isascii() and len(clean) <= LINE - len(name) - 6:
        quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{quoted}"'
    pieces = _chunks(_percent(clean), LINE - len(name) - 16)
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{pieces[0]}"
    pieces[0] = "utf-8''" + pieces[0]
    return "".join(f";\r\n {name}*{index}*={piece}" for index, piece in enumerate(pieces))


def _percent(value: str) -> list[str]:
    """Units that must not be cut: a safe character, or the escapes of one character."""
    safe = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    return [ch if ch in safe else "".join(f"%{b:02X}" for b in ch.encode("utf-8", "replace")) for ch in value]


def _chunks(units: list[str], size: int) -> list[str]:
    out = [""]
    for unit in units:
        if len(out[-1]) + len(unit) > size:
            out.append("")
        out[-1] += unit
    return out
