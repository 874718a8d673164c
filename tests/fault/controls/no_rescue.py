"""What a clock that was set back has stranded is not looked for."""

from __future__ import annotations

from gateway.store import timeshift


def apply() -> None:
    timeshift.stranded = lambda *_: False  # type: ignore[assignment]
    timeshift.rescue = lambda *_: 0  # type: ignore[assignment]
