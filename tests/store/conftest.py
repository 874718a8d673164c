"""One suite, two databases: ``store`` is a fresh one of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.prepared import prepare

from gateway.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gateway.db"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    if url.startswith("sqlite"):
        prepare(Path(url.removeprefix("sqlite:///")))
    opened = open_store(url)
    yield opened
    opened.close()
