"""A daemon does not ask whether another one runs on its SQLite file."""

from __future__ import annotations

from gateway.store import Store


def apply() -> None:
    Store.lock_for_daemon = lambda _: None  # type: ignore[method-assign]
