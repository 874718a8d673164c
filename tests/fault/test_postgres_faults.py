"""PostgreSQL is killed, cuts connections in mid-COMMIT, or is away: nothing is lost, nothing comes twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.outage import AROUND, EXPERIMENT, LATER, Knocks, contract_kept, lived_through, worked_off
from harness.scale import scaled
from servers.ports import wait_until
from servers.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
KILLS = scaled(4, 100)
CUTS = scaled(3, 40)
CRASHES = "the database crashes, and cuts connections in mid-COMMIT"
LONG_COMMIT = {"commit_delay": "50000", "commit_siblings": "0", "wal_writer_delay": "10s"}
"""Between the end of its work and the flush of its log a transaction waits for 50 ms: kills and cuts hit that."""


@pytest.fixture
def server() -> Iterator[Postgres]:
    made = Postgres(durable=True, settings=LONG_COMMIT)
    yield made
    made.close()


def killed(server: Postgres, knocks: Knocks, kills: int, pause: tuple[float, float]) -> list[float]:
    """kill -9, now of all of PostgreSQL, now of one process that serves us, after which the others end and begin anew.

    Returns the seconds from PostgreSQL's readiness to the next 250, for each.
    """
    draw, back = random.Random(20261121), []
    for turn in range(kills):
        time.sleep(draw.uniform(*pause))
        victims = server.backends()
        if turn % 2 and victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(draw.choice(victims), signal.SIGKILL)
            time.sleep(0.1)
            wait_until(server.ready, "PostgreSQL to recover by itself", 60)
        else:
            server.kill()
            server.start()
        back.append(knocks.taken_after(time.monotonic(), 60))
    return back


def cut_in_commit(server: Postgres) -> int:
    """End connections whose COMMIT is done and not yet answered; returns how many those were.

    Each COMMIT is made to wait for a standby that does not exist: it is then durable, and its client knows nothing.
    """
    with psycopg.connect(server.url("postgres"), autocommit=True) as link:
        link.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        link.execute("SELECT pg_reload_conf()")
        waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        wait_until(lambda: bool(link.execute(f"SELECT pid {waiting}").fetchall()), "a COMMIT that waits", 30)
        time.sleep(0.5)  # others join it
        cut = len(link.execute(f"SELECT pg_terminate_backend(pid) {waiting}").fetchall())
        link.execute("ALTER SYSTEM RESET synchronous_standby_names")
        link.execute("SELECT pg_reload_conf()")
    return cut


def cut_anywhere(server: Postgres) -> int:
    """End connections that are in the middle of a transaction."""
    where = "application_name = 'ticket-gateway' AND state IN ('active', 'idle in transaction')"
    with psycopg.connect(server.url("postgres"), autocommit=True) as link:
        return len(link.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {where}").fetchall())


def told(knocks: Knocks) -> dict[int, int]:
    counted = knocks.between(0, float("inf"))
    return {code: n for code, n in sorted(counted.items()) if code != 250}


def ended(desk: Field, knocks: Knocks) -> Verdict:
    knocks.stop()
    worked_off(desk)
    assert desk.daemon.starts == 1
    assert not desk.daemon.dead()
    return desk.finish()[0]


def test_postgresql_killed_and_cut_in_mid_commit_loses_and_doubles_nothing(
    tmp_path: Path, nursery: Nursery, figures: Figures, server: Postgres
) -> None:
    with field(tmp_path, nursery, server.database(), imap=("move",), gone=False) as desk:
        desk.start()
        desk.traffic.start()
        knocks = Knocks(desk, clients=3, pause=0.2)
        desk.sink.wait_for(2, 60)
        back = killed(server, knocks, KILLS, (0.2, 1.2))
        cuts = elsewhere = 0
        for _ in range(CUTS):
            cuts += cut_in_commit(server)
            time.sleep(0.2)
            elsewhere += cut_anywhere(server)
        assert ended(desk, knocks) == Verdict()
        promised = len(desk.traffic.promises.tokens())
    assert cuts >= CUTS, "connections were cut between a COMMIT and its answer"
    assert not told(knocks).keys() - LATER - {0}, told(knocks)
    assert scaled(True, max(back) <= 10), back
    quick, slow = statistics.median(back), max(back)
    figures.measured(
        "G4",
        f"{CRASHES}, PostgreSQL",
        f"{KILLS} x kill -9 (all of it, or one backend), {cuts} connections cut between COMMIT and its answer, "
        f"{elsewhere} elsewhere in a transaction; {promised:,} mails: 0 lost, 0 twice; put off: {told(knocks)}; "
        f"first 250 after PostgreSQL was ready: p50 {quick:.1f} s, max {slow:.1f} s",
    )


def test_postgresql_away_puts_mail_off(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    server = Postgres()
    with contextlib.closing(server), field(tmp_path, nursery, server.database(), **AROUND) as desk:
        seen, verdict = lived_through(desk, server.stop, server.start, scaled(6, 600))
    contract_kept(seen, verdict)
    assert not seen.fetched
    assert set(seen.told) == {451}, seen
    figures.measured("G5", f"{EXPERIMENT}: server away, PostgreSQL", f"{seen}; 0 lost, 0 twice")


# --- controls ---------------------------------------------------------------------------------------


def with_control(
    folder: Path, nursery: Nursery, server: Postgres, control: str, trouble: Callable[[Knocks], object]
) -> Verdict:
    """What the oracle says of a daemon under ``control``, after ``trouble``.

    One that takes a lost settlement for a done one holds that mail until its lease runs out, or it ends: so it does.
    """
    around = {"controls": f"haste,{control}", "imap": (), "gone": False, "smtp": False}
    with field(folder, nursery, server.database(), **around) as desk:
        desk.start()
        desk.traffic.start()
        knocks = Knocks(desk, clients=5, pause=0.0)
        desk.sink.wait_for(2, 60)
        trouble(knocks)
        knocks.stop()
        assert desk.daemon.stop() == 0
        desk.start()
        worked_off(desk)
        return desk.finish()[0]


@pytest.fixture
def slow_server() -> Iterator[Postgres]:
    made = Postgres(durable=True, settings={**LONG_COMMIT, "commit_delay": "100000"})
    yield made
    made.close()


@pytest.mark.soak
def test_taking_an_unknown_outcome_for_a_commit_is_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures, slow_server: Postgres
) -> None:
    def trouble(knocks: Knocks) -> None:
        killed(slow_server, knocks, 5, (0.1, 0.4))

    lost = with_control(tmp_path, nursery, slow_server, "unknown_is_committed", trouble).lost
    assert lost
    figures.control("G4", CRASHES, "unknown outcome taken as committed", f"{len(lost)} mails lost")


@pytest.mark.soak
def test_repeating_after_an_unknown_outcome_without_keys_is_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures, server: Postgres
) -> None:
    def trouble(_: Knocks) -> None:
        for _ in range(3):
            cut_in_commit(server)
            time.sleep(0.2)

    doubled = with_control(tmp_path, nursery, server, "unknown_is_aborted,no_unique_keys", trouble).doubled
    assert doubled
    figures.control("G4", CRASHES, "unknown outcome taken as failed, no unique keys", f"{len(doubled)} mails doubled")
