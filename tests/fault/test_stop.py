"""SIGTERM under load, in the middle of large mail and of notices on the wire: all of it ends well, and soon."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from harness.databases import BOTH, POSTGRESQL, SQLITE
from harness.field import field
from harness.figures import Figures
from harness.killing import listen_lmtp
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import SOAK, scaled
from harness.stopping import Stopping
from servers.ports import free_port

pytestmark = pytest.mark.timeout(scaled(600, 0))

EXPERIMENT = "SIGTERM under load"
STOPS = {SQLITE: scaled(3, 100), POSTGRESQL: scaled(2, 100)}
SIZE = scaled(2, 25) << 20
AT_MOST = float(os.environ.get("GATEWAY_STOP_SECONDS", scaled(30, 3600)))


@pytest.mark.parametrize("database", BOTH)
def test_sigterm_under_load_loses_doubles_and_cuts_nothing(
    tmp_path: Path, nursery: Nursery, database: str, url: str, figures: Figures
) -> None:
    imap = ("move", "keyword") if SOAK else ("move",)
    traffic: dict[str, Any] = {"lmtp_port": free_port(), "pause": scaled(0.3, 0.1), "ahead": scaled(12, 40)}
    with field(tmp_path, nursery, url, controls="", imap=imap, gone=False, **traffic) as desk:
        listen_lmtp(desk)
        stopping = Stopping(desk, SIZE, random.Random(20261121))
        stopping.run(STOPS[database], AT_MOST)
        verdict, found = desk.finish(scaled(120, 900))
        assert verdict == Verdict(), str(verdict)[:3000]
        assert found.ambiguous == 0, "a drained sender leaves nothing undecided"
        assert stopping.statuses == {0}
        assert stopping.cut == 0
        figures.measured("G12", f"{EXPERIMENT}, {database}", stopping.told())


@pytest.mark.soak
def test_a_daemon_that_ends_at_once_is_seen_to_cut_clients_or_to_leave_notices_undecided(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with field(tmp_path, nursery, controls="haste,no_drain", imap=(), gone=False, ahead=12) as desk:
        stopping = Stopping(desk, SIZE, random.Random(20261121), hold=4)
        stopping.run(2, AT_MOST)
        _, found = desk.finish(120)
    assert stopping.cut
    assert found.ambiguous
    seen = f"{stopping.cut} client cut and {found.ambiguous} notices undecided in 2 stops"
    figures.control("G12", EXPERIMENT, "no draining", seen)
