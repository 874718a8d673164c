"""One of three daemons watches the mailbox; when it dies, freezes or is cut off, another goes on within a minute."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median

import pytest
from harness.figures import Figures
from harness.fleet import FAULTS, FROZEN, fleet, strays
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled

pytestmark = pytest.mark.timeout(scaled(600, 0))

TIMES = scaled(1, int(os.environ.get("GATEWAY_FLEET_TIMES", "20")))
PAUSE = scaled(0.2, 1.0)
ONE = "one watcher of a mailbox"
TAKEN_OVER = "the watcher of a mailbox"


def test_the_watcher_fails_again_and_again_and_another_goes_on_within_a_minute(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, linked=True, pause=PAUSE, ahead=10) as three:
        three.start()
        three.traffic.start()
        for number in range(TIMES * len(FAULTS)):
            three.strike(FAULTS[number % len(FAULTS)])
        verdict, _ = three.finish(scaled(120, 1500))
        assert verdict == Verdict(), str(verdict)[:3000]
        late = strays(three.daemons)
        assert late <= 2 * TIMES, "a frozen one, or one cut off, may store what it had in hand, and nothing else"
        mails = len(three.traffic.promises.tokens())
        for fault in FAULTS:
            seconds = three.away[fault]
            assert max(seconds) < 60
            spread = f"p50 {median(seconds):.1f} s, max {max(seconds):.1f} s"
            told = f"{len(seconds)} times: another reads its mail after {spread}"
            figures.measured("Fleet", f"{TAKEN_OVER} is {fault}, PostgreSQL", told)
        told = f"{3 * TIMES} faults, {mails:,} mails: 0 lost, 0 twice; {late} handed in again by whom the fault had hit"
        figures.measured("Fleet", f"{ONE}, three daemons killed, frozen and cut off in turn, PostgreSQL", told)


def test_two_watchers_are_seen_where_nobody_asks_for_the_lock(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, count=2, controls=",no_lock", smtp=False, pause=0.02, ahead=10) as two:
        two.start()
        two.traffic.start()
        two.read(20)
        two.finish()
        late = strays(two.daemons)
    assert late > 3
    figures.control("Fleet", ONE, "no advisory lock", f"{late} mails taken by a second watcher")


@pytest.mark.soak
def test_a_frozen_watcher_that_wakes_up_and_goes_on_is_seen(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(
        tmp_path, nursery, postgres, count=2, controls=",no_watch_fence", smtp=False, pause=0.05, ahead=10
    ) as two:
        two.start()
        two.traffic.start()
        two.read(3)  # the one that is hit is at work
        two.strike(FROZEN)
        for _ in range(10):
            two.read(20)
            if strays(two.daemons) > 3:
                break
        two.finish()
        late = strays(two.daemons)
    assert late > 3
    figures.control("Fleet", TAKEN_OVER, "no fence", f"{late} mails taken by a watcher that had been replaced")
