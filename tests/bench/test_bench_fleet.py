"""Accepted and decided mails a second: SQLite, and one PostgreSQL with one, two and three daemons.

Daemons are processes, as on hosts of their own; here they share this machine's cores with the clients and the
database, so look at the ratios inside one run. Both databases wait for the disk at every commit.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from harness.fleet import Clients, Fleet, Rows, mail
from servers.ports import free_port, wait_until
from servers.postgres import Postgres

from gateway.mail import Envelope
from gateway.store import inbox, open_store, utcnow
from gateway.store import schema as s

MAILS = int(os.environ.get("GATEWAY_BENCH_MAILS", "600"))
SIZE = 4000
KINDS = ("sqlite", "postgresql-1", "postgresql-2", "postgresql-3")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def durable() -> Iterator[Postgres]:
    server = Postgres(durable=True)
    yield server
    server.close()


@pytest.fixture(params=KINDS)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    kind, _, count = str(request.param).partition("-")
    if kind == "sqlite":
        urls = [f"sqlite:///{tmp_path}/gateway.db"]
    else:
        urls = [request.getfixturevalue("durable").database()] * int(count)
    made = Fleet(tmp_path, urls, free_port())  # nobody listens at the relay: notices are decided, and wait
    yield made
    made.close()


def fill(url: str, count: int) -> None:
    """A backlog, as if it had been accepted while nobody decided."""
    store = open_store(url)
    now = utcnow()
    for n in range(count):
        token = f"token-bench-{n}"
        envelope = Envelope(f"{token}@client.example", ("support@desk.example",))
        raw = mail(token, SIZE)
        store.submit(lambda c, r=raw, e=envelope, k=token: inbox.accept(c, r, e, source="bench", keys=(k,), now=now))
    store.close()


def steady(times: list[Any]) -> float:
    """Events a second, without the first and last tenth, in which not everybody is at work."""
    times = sorted(times)
    middle = times[len(times) // 10 : -len(times) // 10]
    return len(middle) / max(1e-9, (middle[-1] - middle[0]).total_seconds())


def test_accepted_mails_a_second(fleet: Fleet, benchmark: Any) -> None:
    """Clients that wait for each 250 before they send the next mail, 16 of them."""
    fleet.start("--only", "inbound")
    ports = [daemon.smtp_port for daemon in fleet.daemons]

    def work() -> None:
        Clients(ports, [f"token-bench-{n}" for n in range(MAILS)], threads=16).wait(300)

    benchmark.pedantic(work, rounds=1)
    benchmark.extra_info["accepted a second"] = round(MAILS / statistics.mean(benchmark.stats.stats.data), 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")


def test_decided_mails_a_second(fleet: Fleet, benchmark: Any) -> None:
    """New tickets, each with a notice to the client and one to its owner."""
    fill(fleet.urls[0], MAILS)
    rows = Rows(fleet.urls[0])

    def work() -> None:
        fleet.start("--only", "worker")
        wait_until(lambda: rows.one("SELECT count(*) FROM inbox WHERE state = 'waiting'") == 0, "the backlog", 300)

    benchmark.pedantic(work, rounds=1)
    store = open_store(fleet.urls[0])
    settled = store.read(lambda c: list(c.execute(sa.select(s.inbox.c.settled_at)).scalars()))
    store.close()
    rows.close()
    benchmark.extra_info["decided a second"] = round(steady(settled), 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")
