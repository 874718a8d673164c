"""The sender records a notice as sent, and sends it a moment later."""

from __future__ import annotations

from typing import Any

from gateway.desk.notices import NoticeState, Settlement
from gateway.outbound.courier import _Window


def apply() -> None:
    def window(self: Any) -> None:
        self._outbox.settle(self._claim, Settlement(NoticeState.SENT, "250 surely"), self._clock())
        self.is_open = True

    _Window.open = window  # type: ignore[method-assign]
