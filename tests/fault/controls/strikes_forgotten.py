"""That a mail has killed its reader is not written down."""

from __future__ import annotations

from typing import Any

from gateway.store import inbox


def apply() -> None:
    give_back = inbox.give_back

    def forgetful(*claimed: Any, strike: bool, **how: Any) -> int:
        return give_back(*claimed, strike=False, **how)

    inbox.give_back = forgetful  # type: ignore[assignment]
