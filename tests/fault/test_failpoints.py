"""The daemon dies at each named point, on both databases, in the middle of traffic; the ledgers are compared."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from harness.failpoints import POINTS
from harness.field import Field, field
from harness.nursery import Nursery
from harness.oracle import Verdict

TIMES = int(os.environ.get("GATEWAY_POINT_TIMES", "20"))
SEED = int(os.environ.get("GATEWAY_SEED", "20261121"))
_RARE = ("people", "forget leases", "mailbox", "tick", "quarantine", "give back", "release")
_SQLITE_ALONE = ("forget leases",)


def crash(desk: Field, points: list[str]) -> list[str]:
    """Die at each point once, in the given order; the points that were never reached."""
    draw = random.Random(SEED + len(points))
    missed = []
    for point in points:
        at = 1 if point.startswith(_RARE) else draw.choice((1, 1, 2, 3))
        began = time.monotonic()
        if not desk.crash_at(point, at):
            missed.append(point)
        print(f"{time.monotonic() - began:6.2f} s {point}")
    return missed


def holds(desk: Field, points: list[str]) -> None:
    desk.traffic.start()
    missed = crash(desk, points)
    desk.start()
    began = time.monotonic()
    verdict, found = desk.finish()
    print(f"{time.monotonic() - began:6.2f} s to end {len(desk.traffic.promises.tokens())} mails")
    assert missed == [], desk.daemon.log()[-2000:]
    assert verdict == Verdict()
    noted = desk.noted()
    assert [line for line in noted if line.startswith("unknown")] == []
    assert {line.removeprefix("died at ") for line in noted} >= set(points)
    assert set(found.statuses.values()) == {"new", "pending", "client_responded"}


def shuffled(times: int = 1, unless: tuple[str, ...] = ()) -> list[str]:
    points = [p for p in POINTS if not unless or not p.startswith(unless)] * times
    random.Random(SEED).shuffle(points)
    return points


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_dying_once_at_every_point_loses_and_doubles_nothing(tmp_path: Path, nursery: Nursery) -> None:
    with field(tmp_path, nursery, troubles=("poison", "hiccup"), ahead=15, pause=0.5) as desk:
        holds(desk, shuffled())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_dying_on_postgresql_loses_and_doubles_nothing(tmp_path: Path, nursery: Nursery, postgres: str) -> None:
    points = [
        "accept done",
        "accept committed",
        "decide done",
        "decide committed",
        "dot pending committed",
        "after dot",
    ]
    with field(tmp_path, nursery, postgres, troubles=("hiccup",), ahead=15, pause=0.5) as desk:
        holds(desk, points)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_dying_many_times_at_every_point(
    tmp_path: Path, nursery: Nursery, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if database == "postgresql" else ""
    unless = _SQLITE_ALONE if url else ()
    with field(tmp_path, nursery, url, troubles=("poison", "hiccup"), pause=0.2) as desk:
        holds(desk, shuffled(TIMES, unless))
