"""PostgreSQL is told not to flush its log at our commits: what a power cut may take back."""

from __future__ import annotations

from gateway.store import engine


def apply() -> None:
    engine._SESSION = tuple(text.replace("synchronous_commit = on", "synchronous_commit = off") for text in _before)


_before = engine._SESSION
