"""Real servers as fixtures. Each is gone, process and folder, when its test ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from servers import ports
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.postgres import Postgres
from servers.sink import SmtpSink


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Commands that run inside the test process narrow the umask, and servers that change their user suffer from it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def free_port() -> int:
    return ports.free_port()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A plain Dovecot without users; for TLS or other capabilities make a ``Dovecot(...)`` and close it."""
    server = Dovecot()
    yield server
    server.close()


@pytest.fixture
def postfix() -> Iterator[Callable[..., Postfix]]:
    """A maker: ``postfix({"desk.example": "smtp:127.0.0.1:2525"}, extra="")``."""
    made: list[Postfix] = []

    def make(relay: Mapping[str, str], extra: str = "") -> Postfix:
        made.append(Postfix(relay, extra))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def smtp_sink(tmp_path: Path) -> Iterator[SmtpSink]:
    """A plain SMTP sink; ``fail(command, how)`` scripts it."""
    sink = SmtpSink(tmp_path / "sink")
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a fresh database."""
    url = postgres_server.database()
    yield url
    postgres_server.drop(url)
