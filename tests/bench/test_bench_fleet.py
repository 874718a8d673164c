"""Accepted and decided mails a second: SQLite, and one PostgreSQL with one, two and three daemons.

Daemons are processes, as on hosts of their own; here they share this machine's cores with the clients and the
database, so look at the ratios inside one run, and at the CPU time that a mail costs: other load has little part in it.
Both databases wait for the disk at every commit. GATEWAY_BENCH_MAILS says how many mails, 600 unless set.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from harness.cpu import cpu_seconds
from harness.daemon import Daemon
from harness.fleet import Rows, hosts
from harness.traffic import mail, submit
from servers.ports import free_port, wait_until
from servers.postgres import Postgres

from gateway.mail import Envelope
from gateway.store import inbox, open_store, utcnow
from gateway.store import schema as s
from gateway.store.transact import _LOCK

MAILS = int(os.environ.get("GATEWAY_BENCH_MAILS", "600"))
SIZE = 4000
KINDS = ("sqlite", "postgresql-1", "postgresql-2", "postgresql-3")

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


@dataclass
class Bench:
    """``server``: the database's first process; None where the daemon is its own."""

    daemons: list[Daemon]
    url: str
    server: int | None

    def start(self, role: str) -> None:
        for daemon in self.daemons:
            daemon.start("--only", role, wait=False)
        wait_until(lambda: all(d.logged("daemon_ready") for d in self.daemons), "every daemon to be ready", 90)

    def cpu(self) -> tuple[float, float]:
        daemons = sum(cpu_seconds(d.process.pid) for d in self.daemons if d.process is not None)
        return daemons, cpu_seconds(self.server) if self.server else 0.0

    def costs(self, work: Callable[[], None]) -> dict[str, float]:
        """Milliseconds of CPU time for each mail."""
        before = self.cpu()
        work()
        daemons, database = (1000 * (b - a) / MAILS for a, b in zip(before, self.cpu(), strict=True))
        return {"daemon ms": round(daemons, 1), "database ms": round(database, 1)}


@pytest.fixture(scope="module")
def durable() -> Iterator[Postgres]:
    server = Postgres(durable=True)
    yield server
    server.close()


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    kind, _, count = str(request.param).partition("-")
    server: Postgres | None = None
    urls = [f"sqlite:///{tmp_path}/gateway.db"]
    if kind == "postgresql":
        server = request.getfixturevalue("durable")
        urls = [server.database()] * int(count)
    daemons = hosts(tmp_path, urls, free_port())  # nobody listens at the relay: notices are decided, and wait
    yield Bench(daemons, urls[0], server.pid if server else None)
    for daemon in daemons:
        daemon.close()


def fill(url: str, first: int, count: int) -> None:
    """A backlog, as if it had been accepted while nobody decided."""
    store = open_store(url)
    now = utcnow()
    for n in range(first, first + count):
        token = f"token-bench-{n}"
        envelope = Envelope(f"{token}@client.example", ("support@desk.example",))
        raw = mail(token, size=SIZE)
        store.submit(lambda c, r=raw, e=envelope, k=token: inbox.accept(c, r, e, source="bench", keys=(k,), now=now))
    store.close()


def hand_over(ports: list[int], name: str, count: int) -> None:
    """Sixteen clients at a time connect, wait for the 250 and part, each at the next of ``ports``."""

    def one(number: int) -> None:
        token = f"token-{name}-{number}"
        raw, turn = mail(token, size=SIZE), number
        while submit(ports[turn % len(ports)], raw, f"{token}@client.example", "support@desk.example") != 250:
            turn += 1
            time.sleep(0.05)

    with ThreadPoolExecutor(16) as clients:
        list(clients.map(one, range(count)))


class LockWatch:
    """How often somebody has the lock of all decisions, and how many wait for it; a context manager."""

    _QUERY = (
        "SELECT count(*) FILTER (WHERE granted) AS held, count(*) FILTER (WHERE NOT granted) AS waiting "
        f"FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = {_LOCK}"
    )

    def __init__(self, rows: Rows) -> None:
        self._rows, self._stop = rows, threading.Event()
        self._looks: list[tuple[int, int]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> LockWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._rows.close()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            row = self._rows(self._QUERY)[0]
            self._looks.append((row.held, row.waiting))

    def found(self) -> dict[str, float]:
        many = max(1, len(self._looks))
        held, waiting = (sum(look[n] for look in self._looks) for n in (0, 1))
        return {"lock held %": round(100 * held / many), "waiting": round(waiting / many, 1)}


def steady(times: list[Any]) -> float:
    """Events a second, without the first and last tenth, in which not everybody is at work."""
    times = sorted(times)
    middle = times[len(times) // 10 : -len(times) // 10]
    return len(middle) / max(1e-9, (middle[-1] - middle[0]).total_seconds())


def test_accepted_mails_a_second(bench: Bench, benchmark: Any) -> None:
    bench.start("inbound")
    ports = [daemon.smtp_port for daemon in bench.daemons]
    hand_over(ports, "warm", 16)

    def work() -> None:
        began = time.monotonic()
        hand_over(ports, "bench", MAILS)
        benchmark.extra_info["accepted a second"] = round(MAILS / (time.monotonic() - began), 1)

    benchmark.extra_info |= benchmark.pedantic(bench.costs, args=(work,), rounds=1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")


def test_decided_mails_a_second(bench: Bench, benchmark: Any) -> None:
    """New tickets, each with a notice to the client and one to its owner."""
    url = bench.url
    fill(url, 0, 40)
    rows = Rows(url)

    def drained() -> None:
        wait_until(lambda: rows.one("SELECT count(*) FROM inbox WHERE state = 'waiting'") == 0, "the backlog", 600)

    bench.start("worker")
    drained()  # every reader has been started by now
    fill(url, 40, MAILS)
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(LockWatch(Rows(url))) if bench.server else None
        benchmark.extra_info |= benchmark.pedantic(bench.costs, args=(drained,), rounds=1)
    benchmark.extra_info |= watch.found() if watch else {}
    rows.close()
    store = open_store(url)
    settled = store.read(lambda c: list(c.execute(sa.select(s.inbox.c.settled_at).where(s.inbox.c.id > 40)).scalars()))
    store.close()
    benchmark.extra_info["decided a second"] = round(steady(settled), 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")
