"""winmail.dat opened (MS-OXTNEF): the files and the text that Outlook hides in application/ms-tnef. Linear."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from compressed_rtf import decompress

from gateway.inbound.reading import charset, fields, mapi, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MAX_OBJECTS = 20_000
_MAX_DEPTH = 4
_MAX_RTF = 256 * 1024
"""Bytes of compressed RTF that are unpacked, to at most nine times as many."""
_RENDERING, _TITLE, _DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _PROPERTIES, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")
"""The interface of an embedded message (MS-OXTNEF section 2.1.3.4.2): TNEF follows."""
_PR_BODY, _PR_HTML, _PR_RTF, _PR_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_PR_DATA, _PR_NAME, _PR_LONG_NAME, _PR_DISPLAY, _PR_MIME, _PR_CONTENT_ID = (
    0x3701,
    0x3704,
    0x3707,
    0x3001,
    0x370E,
    0x3712,
)
_UNICODE = 0x1F


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content_type: str
    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside. ``text`` and ``html`` are bodies, "" where there is none."""

    files: tuple[File, ...]
    text: str = ""
    html: str = ""


@dataclass
class _Attachment:
    title: bytes = b""
    data: bytes = b""
    properties: mapi.Properties = field(default_factory=mapi.Properties)


@dataclass
class _Stream:
    """One TNEF stream taken apart."""

    label: str = ""
    body: bytes = b""
    properties: mapi.Properties = field(default_factory=mapi.Properties)
    attachments: list[_Attachment] = field(default_factory=list)


def is_tnef(content: bytes) -> bool:
    return content.startswith(_SIGNATURE)


def open_(content: bytes, depth: int = 0) -> Opened | None:
    """The files and bodies in a TNEF stream, or None where it is none."""
    if not is_tnef(content):
        return None
    stream = _taken_apart(content)
    files: list[File] = []
    for attachment in stream.attachments:
        files.extend(_files(attachment, stream.label, depth))
    text, html = _bodies(stream)
    return Opened(tuple(files), text, html)


def _taken_apart(content: bytes) -> _Stream:
    stream = _Stream()
    for name, data in _objects(content):
        if name == _RENDERING:
            stream.attachments.append(_Attachment())
        elif name == _CODE_PAGE:
            stream.label = f"cp{int.from_bytes(data[:4], 'little')}"
        elif name == _BODY:
            stream.body = data
        elif name == _PROPERTIES:
            stream.properties = mapi.read(data)
        elif stream.attachments:
            _describe(stream.attachments[-1], name, data)
    return stream


def _objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The stream's objects (section 2.1.3): level, id, type, length, data and a checksum that few get right."""
    at = 6
    for _ in range(_MAX_OBJECTS):
        if at + 9 > len(content):
            return
        name = int.from_bytes(content[at + 1 : at + 3], "little")
        length = int.from_bytes(content[at + 5 : at + 9], "little")
        yield name, content[at + 9 : at + 9 + length]
        at += 11 + length


def _describe(attachment: _Attachment, name: int, data: bytes) -> None:
    if name == _TITLE:
        attachment.title = data
    elif name == _DATA:
        attachment.data = data
    elif name == _ATTACHMENT:
        attachment.properties = mapi.read(data)


def _files(attachment: _Attachment, label: str, depth: int) -> Iterator[File]:
    """An attachment's file; of an embedded message its files and its text."""
    properties = attachment.properties
    content = properties.raw(_PR_DATA) or attachment.data
    name = _name(attachment, label)
    if content.startswith(_EMBEDDED):
        content = content[len(_EMBEDDED) :]
        inner = open_(content, depth + 1) if depth < _MAX_DEPTH else None
        if inner is not None:
            yield from inner.files
            if body := inner.html or inner.text:
                yield File(name, "text/html" if inner.html else "text/plain", "", body.encode("utf-8", "replace"))
            return
    kind = _text(properties, label, _PR_MIME).lower()
    yield File(name, kind, _text(properties, label, _PR_CONTENT_ID).strip("<>"), content)


def _name(attachment: _Attachment, label: str) -> str:
    properties = attachment.properties
    return fields.filename(
        _text(properties, label, _PR_LONG_NAME)
        or _text(properties, label, _PR_NAME)
        or _clean(charset.decode(attachment.title.strip(b"\0"), label))
        or _text(properties, label, _PR_DISPLAY)
    )


def _text(properties: mapi.Properties, label: str, number: int) -> str:
    raw = properties.raw(number)
    if properties.kind(number) == _UNICODE:
        return _clean(raw.decode("utf-16-le", "replace"))
    return _clean(charset.decode(raw.strip(b"\0"), label))


def _clean(text: str) -> str:
    return charset.clean_text(text.rstrip("\0"))


def _bodies(stream: _Stream) -> tuple[str, str]:
    """(text, html): plain, HTML, or out of compressed RTF (MS-OXRTFCP, MS-OXRTFEX)."""
    properties = stream.properties
    number = properties.number(_PR_CODE_PAGE)
    label = f"cp{number}" if number else stream.label
    text = _text(properties, label, _PR_BODY) or _clean(charset.decode(stream.body.strip(b"\0"), stream.label))
    html = _text(properties, label, _PR_HTML)
    packed = properties.raw(_PR_RTF)
    if not text and not html and 0 < len(packed) <= _MAX_RTF:
        with contextlib.suppress(Exception):  # the unpacker leaks whatever the bytes provoke
            return rtf.bodies(decompress(packed))
    return text, html
