"""A MIME tree written as bytes with CRLF, the same for the same input (RFC 2045, RFC 2046)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.outbound import headers
from gateway.outbound.phrasing import one_line

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_UNSAFE_NAME = re.compile(r'[/\\:*?"<>|]')
_LONGEST_FILENAME = 200
_LONGEST_LINE = 78
_PIECE = 57 << 10  # a multiple of 57 bytes, which make a line
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf: its header fields, complete lines, and its body, which ends with CRLF once it is encoded.

    What is ``packed`` becomes base64 as it is written: a file of 25 MB exists once as it is and once in the mail.
    """

    head: str
    content: bytes
    packed: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        return _base64_lines(self.content) if self.packed else iter((self.content,))


@dataclass(frozen=True, slots=True)
class Multipart:
    """``subtype`` is alternative, related or mixed. ``seed`` makes the boundary: no clock and no chance."""

    subtype: str
    seed: str
    parts: tuple[Part | Multipart, ...]
    parameters: str = field(default="")

    @property
    def head(self) -> str:
        return f'Content-Type: multipart/{self.subtype};\r\n boundary="{self._boundary}"{self.parameters}\r\n'

    @property
    def _boundary(self) -> str:
        return "=_" + hashlib.sha256(f"{self.subtype}:{self.seed}".encode()).hexdigest()[:32]

    def pieces(self) -> Iterator[bytes]:
        for part in self.parts:
            yield f"--{self._boundary}\r\n{part.head}\r\n".encode("ascii")
            yield from part.pieces()
            yield b"\r\n"
        yield f"--{self._boundary}--\r\n".encode("ascii")


def serialise(fields: str, root: Part | Multipart) -> bytes:
    """A whole message from its header ``fields`` (complete lines) and its body."""
    out = io.BytesIO()
    out.write(f"{fields}MIME-Version: 1.0\r\n{root.head}\r\n".encode("ascii"))
    for piece in root.pieces():
        out.write(piece)
    return out.getvalue()


def text_part(text: str, subtype: str) -> Part:
    """Text in UTF-8, in the shortest encoding that every relay leaves alone."""
    data = text.encode("utf-8", "replace").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    encoding, body = _encoded_text(data.rstrip(b"\n") + b"\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return Part(head, body)


def _encoded_text(data: bytes) -> tuple[str, bytes]:
    if _survives(data):
        return "7bit", data.replace(b"\n", b"\r\n")
    quoted = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    packed = b"".join(_base64_lines(data.replace(b"\n", b"\r\n")))
    if len(quoted) <= len(packed) * 1.3:
        return "quoted-printable", _guard(quoted)
    return "base64", packed


def _survives(data: bytes) -> bool:
    """Would relays leave these bytes as they are? They cut trailing spaces and mark lines that begin with From."""
    lines = data.split(b"\n")
    return (
        data.isascii()
        and b"\0" not in data
        and b"=_" not in data
        and all(len(line) <= _LONGEST_LINE and not line.endswith((b" ", b"\t")) for line in lines)
        and not any(line.startswith(b"From ") for line in lines)
    )


def _guard(quoted: bytes) -> bytes:
    """Quoted-printable that also survives mbox files: no line begins with "From ", none is over 76 octets."""
    return b"\r\n".join(
        b"=46rom =\r\n" + line[5:] if line.startswith(b"From ") else line for line in quoted.split(b"\r\n")
    )


def file_part(content: bytes, content_type: str, filename: str, content_id: str = "") -> Part:
    """An attachment, or an inline image where ``content_id`` is given."""
    kind, name = _kind(content_type, content), _filename(filename, content_type)
    head = f"Content-Type: {kind}{headers.parameter('name', name)}\r\n"
    packed = kind != "message/rfc822"
    encoding = "base64" if packed else "7bit"
    head += f"Content-Transfer-Encoding: {encoding}\r\n"
    disposition = "inline" if content_id else "attachment"
    head += f"Content-Disposition: {disposition}{headers.parameter('filename', name)}\r\n"
    if content_id:
        head += headers.field("Content-ID", headers.message_ids([content_id]))
    return Part(head, content if packed else b"\r\n".join(content.splitlines()) + b"\r\n", packed)


def _kind(content_type: str, content: bytes) -> str:
    """A type that may be sent: a message that cannot go as it is, or a multipart, goes as bytes."""
    kind = content_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        return OCTETS
    if kind.startswith("message/") and not (kind == "message/rfc822" and _is_7bit(content)):
        return OCTETS
    return kind


def _is_7bit(content: bytes) -> bool:
    """RFC 2046 section 5.2.1: a message part is never encoded, so it must need no encoding."""
    return content.isascii() and b"\0" not in content and all(len(line) <= 998 for line in content.splitlines())


def _base64_lines(data: bytes) -> Iterator[bytes]:
    """Lines of 76 characters, made piece by piece: those of 25 MB are too many to exist at once."""
    for start in range(0, len(data), _PIECE):
        packed = base64.b64encode(data[start : start + _PIECE])
        yield b"".join(packed[at : at + 76] + b"\r\n" for at in range(0, len(packed), 76))


def _filename(filename: str, content_type: str) -> str:
    """A name without a path and without characters that file systems refuse; its suffix survives shortening."""
    name = _UNSAFE_NAME.sub("_", one_line(filename)).strip(". ")
    if not name:
        return "message.eml" if content_type.startswith("message/") else "attachment"
    stem, dot, suffix = name.rpartition(".")
    if len(name) > _LONGEST_FILENAME and dot and len(suffix) <= 10:
        return f"{stem[: _LONGEST_FILENAME - len(suffix) - 1]}.{suffix}"
    return name[:_LONGEST_FILENAME]
