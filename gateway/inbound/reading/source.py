"""A message taken apart but not yet judged: header fields and a tree of parts. Pure values.

``parse`` makes it from bytes; ``kind``, ``bounce``, ``reply`` and ``forward`` read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """A header field. ``name`` in lower case; ``value`` unfolded and RFC 2047-decoded; ``raw`` only unfolded."""

    name: str
    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Part:
    """A MIME entity (RFC 2045 section 2.4). Containers have ``children``; leaves have ``content``."""

    content_type: str
    parameters: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    """"inline", "attachment" or ""."""
    filename: str = ""
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)
    """Transfer-decoded bytes; of a message/rfc822 the bytes of the whole nested message."""
    text: str | None = None
    """Decoded text of text/*, message/delivery-status and their kind; None for other leaves."""
    fields: tuple[Field, ...] = ()
    """The entity's own fields; of the root those of the message."""
    children: tuple[Part, ...] = ()
    """Of a multipart its parts; of a message/rfc822 or message/global one root Part, the nested message."""

    @property
    def main_type(self) -> str:
        return self.content_type.partition("/")[0]

    def first(self, name: str) -> str:
        """Decoded value of the first field of that name, or ""."""
        for found in self.fields:
            if found.name == name:
                return found.value
        return ""

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(f.value for f in self.fields if f.name == name)

    def has(self, name: str) -> bool:
        for found in self.fields:  # noqa: SIM110 - asked a hundred times a mail, and a generator is slower
            if found.name == name:
                return True
        return False

    def walk(self, *, into_messages: bool = False) -> Iterator[Part]:
        """This part and all below it, in order; nested messages are yielded but entered only when asked."""
        pending = [self]
        first = True
        while pending:
            part = pending.pop()
            yield part
            if part.content_type.startswith("message/") and not into_messages and not first:
                continue
            first = False
            pending.extend(reversed(part.children))
