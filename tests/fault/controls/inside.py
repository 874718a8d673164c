"""Not a control: mail is read in the daemon itself. A new Python for each life is most of what a life costs."""

from __future__ import annotations

from gateway.inbound.reader import Reader
from gateway.inbound.reading import assemble
from gateway.mail import InboundMail, ReadingContext


def apply() -> None:
    def read(_: Reader, raw: bytes, context: ReadingContext) -> InboundMail:
        return assemble.read(raw, context)

    Reader.read = read  # type: ignore[method-assign]
