"""winmail.dat opened (MS-OXTNEF): what Outlook hides in application/ms-tnef. Wraps tnefparse."""

from __future__ import annotations

import contextlib
import logging
import struct
import warnings
from dataclasses import dataclass

import tnefparse
from compressed_rtf import decompress

from gateway.inbound.reading import charset, fields, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MAX_OBJECTS = 20_000
_MAX_WORK = 2_000_000_000
"""Bytes that tnefparse would copy, for it copies the rest of the file once for every object."""
_MAX_RTF = 16 * 1024 * 1024
_MIME_TAG, _CONTENT_ID = 0x370E, 0x3712

logging.getLogger("tnefparse").addHandler(logging.NullHandler())
logging.getLogger("tnefparse").propagate = False


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


def is_tnef(content: bytes) -> bool:
    return content.startswith(_SIGNATURE)


def open_(content: bytes) -> Opened | None:
    """The files and bodies in a TNEF stream, or None where it cannot be read."""
    if not is_tnef(content) or not _is_bounded(content):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _opened(tnefparse.TNEF(content, do_checksum=False))
        except Exception:  # noqa: BLE001 - the library leaks whatever the bytes provoke
            return None


def _is_bounded(content: bytes) -> bool:
    """Walks the objects (MS-OXTNEF section 2.1.3) to see what reading them would cost."""
    at, count = 6, 0
    while at + 12 < len(content) and count <= _MAX_OBJECTS:
        at += struct.unpack_from("<I", content, at + 5)[0] + 11
        count += 1
    return count <= _MAX_OBJECTS and count * len(content) <= _MAX_WORK


def _opened(found: tnefparse.TNEF) -> Opened:
    files: list[File] = []
    for attachment in found.attachments:
        embedded = getattr(attachment, "embed", None)
        if embedded is not None:
            inner = _opened(embedded)
            files.extend(inner.files)
            body = inner.html or inner.text
            if body:
                kind = "text/html" if inner.html else "text/plain"
                files.append(File(_name(attachment), kind, "", body.encode("utf-8", "replace")))
        else:
            files.append(_file(attachment))
    text, html = _text(found.body), _text(found.htmlbody)
    if not text and not html:
        with contextlib.suppress(Exception):
            text, html = _from_rtf(found)
    return Opened(tuple(files), text, html)


def _file(attachment: tnefparse.tnef.TNEFAttachment) -> File:
    return File(
        _name(attachment),
        _text(_property(attachment, _MIME_TAG)).lower(),
        _text(_property(attachment, _CONTENT_ID)).strip("<>"),
        bytes(attachment.data or b""),
    )


def _name(attachment: tnefparse.tnef.TNEFAttachment) -> str:
    try:
        raw = attachment.long_filename()
    except UnicodeDecodeError:
        raw = attachment._name
    return fields.filename(_text(raw))


def _property(attachment: tnefparse.tnef.TNEFAttachment, tag: int) -> object:
    return next((a.data for a in attachment.mapi_attrs if a.name == tag), "")


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        value = charset.decode(value)
    return charset.clean_text(value).strip("\0") if isinstance(value, str) else ""


def _from_rtf(found: tnefparse.TNEF) -> tuple[str, str]:
    """(text, html) of a body that is there as compressed RTF alone (MS-OXRTFCP, MS-OXRTFEX)."""
    packed = found._rtfbody
    if isinstance(packed, (list, tuple)):
        packed = packed[0] if packed else b""
    if not packed or len(packed) > _MAX_RTF:
        return "", ""
    return rtf.bodies(decompress(packed + b"\0"))
