"""What an opaque S/MIME signature wraps (RFC 8551 section 3.5.2): a MIME entity inside of CMS SignedData.

Reads as much BER as that takes, and verifies nothing: the text is shown, trust comes from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _SET, _INTEGER, _OID, _CONTEXT_0 = 0x30, 0x31, 0x02, 0x06, 0xA0
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_MAX_DEPTH = 12
_MAX_PIECES = 200_000


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    stop: int
    following: int


def signed_entity(der: bytes) -> bytes | None:
    """The signed MIME entity's bytes; None where there is none, or it is encrypted."""
    try:
        return _entity(der)
    except (IndexError, ValueError):
        return None


def _entity(der: bytes) -> bytes | None:
    info = _children(der, _expect(der, 0, _SEQUENCE), 2)
    if len(info) < 2 or info[0].tag != _OID or der[info[0].start : info[0].stop] != _SIGNED_DATA:
        return None
    signed = _children(der, _expect(der, info[1].start, _SEQUENCE), 3)
    wrapped = _children(der, signed[2], 2)
    return _octets(der, _element(der, wrapped[1].start, 0)) if len(wrapped) == 2 else None


def _expect(der: bytes, at: int, tag: int) -> _Element:
    found = _element(der, at, 0)
    if found.tag != tag:
        raise ValueError("unexpected element")
    return found


def _element(der: bytes, at: int, depth: int) -> _Element:
    """The element at ``at`` (X.690 section 8.1); one of indefinite length ends where its last child does."""
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    tag, length, at = der[at], der[at + 1], at + 2
    if length == 0x80:
        stop = at
        while der[stop] or der[stop + 1]:
            stop = _element(der, stop, depth + 1).following
        return _Element(tag, at, stop, stop + 2)
    if length > 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    if at + length > len(der):
        raise ValueError("truncated")
    return _Element(tag, at, at + length, at + length)


def _children(der: bytes, parent: _Element, most: int) -> list[_Element]:
    found: list[_Element] = []
    at = parent.start
    while at < parent.stop and len(found) < most:
        found.append(_element(der, at, 0))
        at = found[-1].following
    return found


def _octets(der: bytes, element: _Element) -> bytes | None:
    if element.tag == _OCTETS:
        return der[element.start : element.stop]
    if element.tag != _OCTETS_IN_PIECES:
        return None
    return b"".join(der[e.start : e.stop] for e in _children(der, element, _MAX_PIECES) if e.tag == _OCTETS)
