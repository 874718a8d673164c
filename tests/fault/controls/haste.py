"""Not a control: waits that a test has no time for. What is decided after them stays as it is."""

from __future__ import annotations

from typing import Any

from gateway import clock
from gateway.inbound import worker
from gateway.outbound import schedule, sender


def apply() -> None:
    schedule.DELAYS = (0.4,) * 6  # type: ignore[assignment]
    begin = worker.Worker.__init__

    def briefly(self: worker.Worker, *arguments: Any, **how: Any) -> None:
        begin(self, *arguments, **how)
        self._lease_seconds = 20

    worker.Worker.__init__ = briefly  # type: ignore[method-assign]
    sender.lease_seconds = lambda _: 8
    clock._TURN_SECONDS = 0.3
    give_back = worker.Worker._return

    def at_once(self: worker.Worker, *claimed: Any, delay: float, **how: Any) -> None:
        give_back(self, *claimed, delay=min(delay, 0.5), **how)

    worker.Worker._return = at_once  # type: ignore[method-assign]
