"""Each way to break a promise, put into the daemon on purpose: the oracle must see it, or it proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.databases import POSTGRESQL, SQLITE
from harness.field import field
from harness.figures import Figures
from harness.nursery import Nursery

pytestmark = pytest.mark.timeout(300)

CONTROLS = [
    ("commit_after_250", SQLITE, "accept done", "", "lost"),
    ("commit_after_250", POSTGRESQL, "accept done", "", "lost"),
    ("flag_before_commit", SQLITE, "imap after move", "move", "lost"),
    ("no_unique_keys", SQLITE, "accept committed", "", "doubled"),
    ("no_unique_keys", POSTGRESQL, "accept committed", "", "doubled"),
    ("no_unique_keys", SQLITE, "imap before move", "move", "doubled"),
    ("new_message_id", SQLITE, "after dot", "", "notices_unknown"),
    ("no_dot_mark", SQLITE, "after dot", "", "notices_doubled"),
    ("no_dot_mark", POSTGRESQL, "after dot", "", "notices_doubled"),
    ("settle_before_dot", SQLITE, "before dot", "", "notices_lost"),
]


@pytest.mark.parametrize(
    ("control", "database", "point", "box", "seen"), CONTROLS, ids=lambda v: v.replace(" ", "-") if v else ""
)
def test_the_oracle_sees_a_broken_promise(
    tmp_path: Path,
    nursery: Nursery,
    figures: Figures,
    url: str,
    control: str,
    database: str,
    point: str,
    box: str,
    seen: str,
) -> None:
    broken, imap = f"haste,inside,{control}", (box,) if box else ()
    with field(tmp_path, nursery, url, controls=broken, imap=imap, gone=False, smtp=False, ahead=0) as desk:
        desk.traffic.start()
        assert desk.crash_at(point)
        desk.start()
        verdict, _ = desk.finish()
    assert getattr(verdict, seen), verdict
    words = control.replace("_", " ") + (", mailbox" if box else "") + (", PostgreSQL" if url else "")
    said = f"{len(getattr(verdict, seen))} {seen.replace('_', ' ')}"
    figures.control("G2", "death at every named point", words, said)
