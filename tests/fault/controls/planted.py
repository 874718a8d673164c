"""Not a control: mail that is trouble. "poison-" kills its reader each time, "hiccup-" fails once a process."""

from __future__ import annotations

from typing import Any

from gateway.errors import Poison, Temporary
from gateway.inbound.reader import Reader


def apply() -> None:
    read, failed = Reader.read, set[bytes]()

    def troubled(self: Reader, raw: bytes, *context: Any) -> Any:
        if b"poison-" in raw:
            raise Poison("planted")
        if b"hiccup-" in raw and raw not in failed:
            failed.add(raw)
            raise Temporary("planted")
        return read(self, raw, *context)

    Reader.read = troubled  # type: ignore[method-assign]
