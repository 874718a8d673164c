"""One suite, two databases: ``store`` is a fresh one of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.prepared import prepare
from servers.postgres import Postgres

from gateway.store import Store, open_store
from gateway.store import schema as s


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is; one of the present schema, made quickly, for tests that open it as ``store``."""
    prepared = "store" in request.fixturenames
    if request.param == "sqlite":
        if prepared:
            prepare(tmp_path / "gateway.db")
        yield f"sqlite:///{tmp_path}/gateway.db"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    if prepared:
        made: str = request.getfixturevalue("prepared_postgres")
        clear(server, made)
        yield made
    else:
        made = server.database()
        yield made
        server.drop(made)


@pytest.fixture(scope="session")
def prepared_postgres(postgres_server: Postgres) -> str:
    url = postgres_server.database()
    open_store(url).close()
    return url


def clear(server: Postgres, url: str) -> None:
    """As after the migration. A database of its own for each test costs half a second of the server's CPU time."""
    name = url.rpartition("/")[2]
    others = f"pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    statements = (
        f"SELECT pg_terminate_backend(pid) FROM {others}",
        *(f'DELETE FROM "{table.name}"' for table in reversed(s.metadata.sorted_tables)),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    )
    server.psql("; ".join(statements), name)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()
