"""Each way to break a promise, put into the daemon on purpose: the oracle must see it, or it proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.field import field
from harness.nursery import Nursery

pytestmark = pytest.mark.timeout(180)

CONTROLS = [
    ("commit_after_250", "accept done", (), "lost"),
    ("flag_before_commit", "accept done", ("move",), "lost"),
    ("no_unique_keys", "accept committed", (), "doubled"),
    ("no_unique_keys", "imap before move", ("move",), "doubled"),
    ("new_message_id", "after dot", (), "notices_unknown"),
    ("no_dot_mark", "after dot", (), "notices_doubled"),
    ("settle_before_dot", "before dot", (), "notices_lost"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("control", "point", "imap", "seen"), CONTROLS, ids=lambda v: v if isinstance(v, str) else "")
def test_the_oracle_sees_a_broken_promise(
    tmp_path: Path, nursery: Nursery, control: str, point: str, imap: tuple[str, ...], seen: str
) -> None:
    with field(
        tmp_path, nursery, controls=f"haste,{control}", imap=imap, gone=False, ahead=6, smtp=not imap, pause=0.05
    ) as desk:
        desk.traffic.start()
        assert desk.crash_at(point, 2)
        desk.start()
        verdict, _ = desk.finish()
    assert getattr(verdict, seen), verdict
