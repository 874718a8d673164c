"""A daemon that was killed is there again within seconds, with thousands of tickets, and takes up what it held."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.databases import BOTH, POSTGRESQL, SQLITE
from harness.field import field
from harness.figures import Figures
from harness.filled import fill
from harness.restarts import CPU_SECONDS, Restarts
from harness.scale import scaled

pytestmark = pytest.mark.timeout(scaled(600, 0))

EXPERIMENT = "start after kill -9"
STARTS = {SQLITE: scaled(2, 20), POSTGRESQL: scaled(1, 20)}
TICKETS = scaled(200, 5000)


@contextmanager
def restarts(folder: Path, url: str, control: str = "") -> Iterator[Restarts]:
    """Real processes: a fork would save what takes most of the time."""
    (folder / "desk").mkdir()
    fill(url or f"sqlite:///{folder}/desk/gateway.db", TICKETS)
    with field(folder, None, url, controls=control, imap=("move",), gone=False) as desk:
        if control:
            desk.daemon.command = [sys.executable, "-m", "harness.launch"]
        made = Restarts(desk)
        desk.daemon.start()
        yield made
        made.close()


@pytest.mark.parametrize("database", BOTH)
def test_a_killed_daemon_is_there_again_within_seconds(
    tmp_path: Path, database: str, url: str, figures: Figures
) -> None:
    with restarts(tmp_path, url) as measured:
        for _ in range(STARTS[database]):
            measured.again()
    assert min(measured.held) > 0
    assert max(measured.cpu) < 2 * CPU_SECONDS  # time on the wall is for the figure: machines that run tests are busy
    figures.measured("G32", f"{EXPERIMENT}, {TICKETS:,} tickets, {database}", measured.told())


@pytest.mark.soak
def test_a_start_that_is_four_seconds_late_is_seen_to_miss_the_goal(tmp_path: Path, figures: Figures) -> None:
    with restarts(tmp_path, "", "slow_start") as measured:
        measured.again()
    missed = measured.missed()
    assert {"greeting", "ready"} <= missed.keys()
    figures.control("G32", EXPERIMENT, "begun 4 s late", f"misses {', '.join(missed)}")
