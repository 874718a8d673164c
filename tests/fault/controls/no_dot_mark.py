"""The sender does not note that the dot may be on the wire."""

from __future__ import annotations

from gateway.store import Outbox


def apply() -> None:
    Outbox.mark_dot_pending = lambda *_: True  # type: ignore[method-assign, assignment]
