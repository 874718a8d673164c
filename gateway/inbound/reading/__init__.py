"""Reading a mail: bytes to InboundMail. Pure: no database, no secret, no network."""

from __future__ import annotations

from gateway.mail import InboundMail, ReadingContext

_NOTHING_KNOWN = ReadingContext()


def read(raw: bytes, context: ReadingContext = _NOTHING_KNOWN) -> InboundMail:
    """What a mail says. Never raises, for any bytes: what cannot be read has ``quarantine`` set.

    Bounded by what it looks at, but not by the clock: run it in ``gateway.inbound.reader``'s child.
    """
    from gateway.inbound.reading import assemble  # the reader's child alone pays for the parsers

    return assemble.read(raw, context)


__all__ = ["read"]
