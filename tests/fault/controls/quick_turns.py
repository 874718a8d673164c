"""Not a control: the clock service looks three times a second. Pauses between attempts stay as they are."""

from __future__ import annotations

from gateway import clock


def apply() -> None:
    clock._TURN_SECONDS = 0.3
