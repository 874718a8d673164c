"""The listener reads each mail itself before it takes it."""

from __future__ import annotations

from typing import Any

from gateway.inbound.reading import read
from gateway.inbound.smtp_intake import Intake


def apply() -> None:
    commit = Intake.commit

    def curious(self: Intake, raw: bytes, *more: Any) -> Any:
        read(raw)
        return commit(self, raw, *more)

    Intake.commit = curious  # type: ignore[method-assign]
