"""A mail may kill its reader as often as it likes."""

from __future__ import annotations

from gateway.store import inbox


def apply() -> None:
    inbox.STRIKES = 1000
