"""Whoever is in the middle of a message is cut off when the daemon is told to stop."""

from __future__ import annotations

from typing import Any

from gateway.inbound import smtp


def apply() -> None:
    until_empty = smtp._until_empty

    async def at_once(intake: Any, _seconds: float, beat: Any) -> None:
        await until_empty(intake, 0.0, beat)

    smtp._until_empty = at_once  # type: ignore[assignment]
