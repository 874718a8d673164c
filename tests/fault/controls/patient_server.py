"""A server that waits for ever for the next word of a transaction."""

from __future__ import annotations

from gateway.store import engine


def apply() -> None:
    engine._SESSION = (*engine._SESSION, "idle_in_transaction_session_timeout = 0")  # type: ignore[assignment]
