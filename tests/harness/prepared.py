"""A database as ``open_store`` leaves it, by copying one: alembic costs a tenth of a second for each test."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from gateway.store import open_store


def prepare(path: Path) -> None:
    """Put an SQLite database of the present schema at ``path``, unless something is there."""
    if not path.exists():
        path.write_bytes(_empty())


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_store(f"sqlite:///{folder}/gateway.db").close()
        return Path(folder, "gateway.db").read_bytes()
