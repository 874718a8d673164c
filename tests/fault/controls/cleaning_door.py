"""The door tidies the mail up before it stores it: line ends, and what is no UTF-8."""

from __future__ import annotations

from typing import Any

from gateway.inbound.door import Door


def apply() -> None:
    submit = Door.submit

    def tidy(self: Door, raw: bytes, *where: Any, **how: Any) -> Any:
        clean = raw.decode("utf-8", "replace").replace("\r\n", "\n").encode()
        return submit(self, clean, *where, **how)

    Door.submit = tidy  # type: ignore[method-assign]
