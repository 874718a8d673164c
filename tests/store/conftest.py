"""One suite, two databases: ``store`` is a fresh one of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.prepared import prepare
from servers.postgres import Postgres

from gateway.store import Store, open_store

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is; one of the present schema, quickly copied, for tests that open it as ``store``."""
    prepared = "store" in request.fixturenames
    if request.param == "sqlite":
        if prepared:
            prepare(tmp_path / "gateway.db")
        yield f"sqlite:///{tmp_path}/gateway.db"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    made = copied(server, request.getfixturevalue("prepared_postgres")) if prepared else server.database()
    yield made
    server.drop(made)


@pytest.fixture(scope="session")
def prepared_postgres(postgres_server: Postgres) -> str:
    url = postgres_server.database()
    open_store(url).close()
    return url


def copied(server: Postgres, url: str) -> str:
    place, _, template = url.rpartition("/")
    name = f"copy_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{place}/{name}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()
