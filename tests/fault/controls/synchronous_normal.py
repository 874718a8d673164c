"""SQLite in WAL without a flush at each commit: what a power cut may take back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gateway import store


def apply() -> None:
    make = store.make_engine

    def careless(url: str) -> sa.Engine:
        engine = make(url)

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=NORMAL").close()

        return engine

    store.make_engine = careless  # type: ignore[attr-defined]
