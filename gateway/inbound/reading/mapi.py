"""MAPI properties in a TNEF attribute (MS-OXTNEF section 2.1.3.4). Bounded by its bytes, whatever counts it claims.

A reader of our own: the usual library believes a 32-bit count, and a mail of one kilobyte makes it eat all memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

MAX_PROPERTIES = 20_000
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of the types of fixed size, padded to four."""
_VARIABLE = frozenset({0x00, 0x0D, 0x1E, 0x1F, 0x102})
_MULTIPLE, _NAMED = 0x1000, 0x8000


@dataclass
class Properties:
    """Types and raw values by property id; of a property given twice the first."""

    values: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def raw(self, *ids: int) -> bytes:
        return next((self.values[i][1] for i in ids if i in self.values), b"")

    def kind(self, number: int) -> int:
        return self.values[number][0] if number in self.values else 0

    def number(self, number: int) -> int:
        return int.from_bytes(self.raw(number)[:4], "little")


def read(data: bytes) -> Properties:
    """The properties that can be read; what comes behind the first that cannot is left out."""
    found = Properties()
    reader = _Reader(data)
    try:
        for _ in range(min(reader.number(4), MAX_PROPERTIES)):
            kind, number = reader.number(2), reader.number(2)
            if number >= _NAMED:
                reader.skip_name()
            value = reader.value(kind & 0xFFF, multiple=bool(kind & _MULTIPLE))
            if number < _NAMED:
                found.values.setdefault(number, (kind & 0xFFF, value))
    except (ValueError, struct.error):
        pass
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise ValueError("truncated")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def skip_name(self) -> None:
        """A named property: the set's GUID, then a number or a name."""
        self.take(16)
        if self.number(4) == 0:
            self.take(4)
        else:
            self.take(_padded(self.number(4)))

    def value(self, kind: int, *, multiple: bool) -> bytes:
        """The first value of a property."""
        if kind in _VARIABLE:
            return self._variable(self.number(4))
        size = _FIXED.get(kind)
        if size is None:
            raise ValueError("unknown type")
        if not multiple:
            return self.take(size)
        count = self.number(4)
        return self.take(_padded(count * (2 if kind in (0x02, 0x0B) else size)))

    def _variable(self, count: int) -> bytes:
        first = b""
        for i in range(count):
            length = self.number(4)
            piece = self.take(length)
            self.at = min(self.at + _padded(length) - length, len(self.data))
            first = piece if i == 0 else first
        return first


def _padded(size: int) -> int:
    return size + -size % 4
