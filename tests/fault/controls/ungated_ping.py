"""The watchdog is fed by a timer, whatever the services do."""

from __future__ import annotations

from gateway.supervisor import Supervisor


def apply() -> None:
    def feed(self: Supervisor) -> None:
        if self._watchdog:
            self._notify("WATCHDOG=1")

    Supervisor._feed_watchdog = feed  # type: ignore[method-assign]
