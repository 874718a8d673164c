"""The daemon dies at each named point, on both databases, in the middle of traffic; the ledgers are compared."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from harness.databases import BOTH, POSTGRESQL, SQLITE
from harness.evidence import Evidence, delivered
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.points import POINTS, topic
from harness.scale import SOAK, scaled

ROUNDS = int(os.environ.get("GATEWAY_POINT_ROUNDS", scaled("1", "20")))
MINUTES = float(os.environ.get("GATEWAY_POINT_MINUTES", "inf"))
"""No round begins after these."""
ONLY = os.environ.get("GATEWAY_POINTS", "")
"""A part of the names of those points that are wanted; empty for all."""
SEED = int(os.environ.get("GATEWAY_SEED", "20261121"))
QUOTA = scaled({"smtp": 8, "imap": 4}, {})
"""Mails of each road, beside those that are asked for."""
_SELDOM = (
    "people",
    "forget leases",
    "bury",
    "lock",
    "unlock",
    "watch",
    "unwatch",
    "leave",
    "reload",
    "mailbox ok",
    "mailbox failed",
    "tick",
    "quarantine",
    "give back",
    "release",
)
"""Passed once in a life, or for a mail that is trouble: the daemon dies at the first pass."""


def chosen(database: str) -> list[str]:
    """The points of one round. In short, each has its turn on one of the databases, most on the cheaper one."""
    draw = random.Random(SEED)
    if ONLY:
        return [point for point in POINTS[database] if ONLY in point]
    shared = sorted(set(POINTS[SQLITE]) & set(POINTS[POSTGRESQL]))
    mine = shared if SOAK else draw.sample(shared, len(shared) * 2 // 3)
    if not SOAK and database == POSTGRESQL:
        mine = sorted(set(shared) - set(mine))
    return [*mine, *sorted(set(POINTS[database]) - set(shared))]


def crash(desk: Field, points: list[str]) -> tuple[list[str], list[str]]:
    """Die at each point, in rounds; the crashes that were, and the points that were not reached."""
    draw, end = random.Random(SEED), time.monotonic() + 60 * MINUTES
    died: list[str] = []
    missed: list[str] = []
    for round_ in range(ROUNDS):
        if time.monotonic() > end:
            break
        for point in draw.sample(points, len(points)):
            at = 1 if not SOAK or topic(point) in _SELDOM else draw.choice((1, 1, 2, 3))
            began = time.monotonic()
            (died if desk.crash_at(point, at) else missed).append(point)
            print(f"{round_:3} {time.monotonic() - began:6.2f} s {point} {at}", flush=True)
    return died, missed


def told(desk: Field, died: list[str], found: Evidence) -> str:
    """The figure."""
    came = Counter(message_id for message_id, _ in delivered(desk.sink))
    twice = sum(n > 1 for n in came.values())
    return (
        f"{len(set(died))} points, each {min(Counter(died).values())} times, {len(died):,} crashes; "
        f"{len(desk.traffic.promises.tokens()):,} mails: 0 lost, 0 twice; {len(came):,} notices, {found.ambiguous} in "
        f"the window after the dot at a crash, {twice} of them sent twice, the same to the byte; 0 stuck"
    )


@pytest.mark.slow
@pytest.mark.timeout(scaled(600, 0))
@pytest.mark.parametrize("database", BOTH)
def test_dying_at_every_point_loses_and_doubles_nothing(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    points = chosen(database)
    controls = "haste,inside,planted"
    going: dict[str, Any] = {"troubles": ("poison", "hiccup"), "ahead": 12, "pause": 1.0, "quota": QUOTA}
    with field(tmp_path, nursery, url, controls=controls, **going) as desk:
        desk.traffic.start()
        died, missed = crash(desk, points)
        desk.start()
        verdict, found = desk.finish(scaled(90, 600))
        assert missed == [], desk.daemon.log()[-2000:]
        assert verdict == Verdict()
        noted = desk.noted()
        assert [line for line in noted if line.startswith("unknown")] == []
        assert Counter(line.removeprefix("died at ") for line in noted) == Counter(died)
        assert set(died) == set(points)
        assert set(found.statuses.values()) <= {"new", "pending", "client_responded"}
        which = f" with {ONLY!r} in its name" if ONLY else ""
        figures.measured("G2", f"death at every named point{which}, {database}", told(desk, died, found))
