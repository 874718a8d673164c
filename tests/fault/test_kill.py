"""kill -9 at random moments while mail comes by SMTP, LMTP and IMAP: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from harness.databases import BOTH, POSTGRESQL, SQLITE
from harness.field import field
from harness.figures import Figures
from harness.killing import Killing, listen_lmtp, quota
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import SOAK, scaled
from servers.ports import free_port

pytestmark = pytest.mark.timeout(scaled(600, 0))

EXPERIMENT = "kill -9 at random moments"
KILLS = {SQLITE: scaled(8, 1000), POSTGRESQL: scaled(5, 1000)}
MAILS = {SQLITE: scaled(96, 10_100), POSTGRESQL: scaled(48, 10_100)}
LIFE = scaled((0.05, 2.0), (0.05, 3.0))
AT_MOST = float(os.environ.get("GATEWAY_KILL_SECONDS", scaled(20, 3600)))
"""Seconds of killing: on a machine that is busy with other things an experiment may end early, and says so."""
TO_END = scaled(120.0, 1500.0)
"""Seconds: without haste, what died in the window after the dot is sent again minutes later."""


@pytest.mark.parametrize("database", BOTH)
def test_kill_minus_nine_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, nursery: Nursery, database: str, url: str, figures: Figures
) -> None:
    traffic: dict[str, Any] = {"quota": quota(MAILS[database]), "lmtp_port": free_port(), "pause": 0.01, "ahead": 60}
    with field(tmp_path, nursery, url, controls="" if SOAK else "haste", **traffic) as desk:
        listen_lmtp(desk)
        killing = Killing(desk, KILLS[database], LIFE, random.Random(20261121))
        killing.run(AT_MOST)
        verdict, found = desk.finish(TO_END)
        assert verdict == Verdict(), str(verdict)[:3000]
        assert killing.orphans.alive() == []
        figures.measured("G1", f"{EXPERIMENT}, {database}", killing.told(found))


@pytest.mark.soak
def test_random_kills_find_what_is_promised_too_early_and_what_is_not_noted_before_the_dot(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    controls = "haste,commit_after_250,no_dot_mark"
    with field(tmp_path, nursery, controls=controls, imap=(), gone=False, pause=0.05, ahead=500) as desk:
        desk.sink.fail(".", "delay", seconds=0.3)
        killing = Killing(desk, 6, (0.05, 0.25), random.Random(20261121), at_work=True)
        killing.run(120)
        desk.sink.mend()
        verdict, _ = desk.finish(240)
    assert verdict.lost
    assert verdict.notices_doubled
    lost, twice, kills = len(verdict.lost), len(verdict.notices_doubled), f"in {len(killing.deaths)} kills"
    figures.control("G1", EXPERIMENT, "commit after the 250", f"{lost} mails lost {kills}")
    figures.control("G1", EXPERIMENT, "nothing noted before the dot", f"{twice} notices twice {kills}")
