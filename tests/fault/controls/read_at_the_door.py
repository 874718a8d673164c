"""The listener's process reads each mail itself before it takes it."""

from __future__ import annotations

from typing import Any

from gateway.inbound.door import Door
from gateway.inbound.reading import read


def apply() -> None:
    submit = Door.submit

    def curious(self: Door, raw: bytes, *where: Any, **how: Any) -> Any:
        read(raw)
        return submit(self, raw, *where, **how)

    Door.submit = curious  # type: ignore[method-assign]
