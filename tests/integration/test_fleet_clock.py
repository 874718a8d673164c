"""Two daemons' clocks on one PostgreSQL: what came due is decided by one of them, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from harness.desk import START, Desk
from harness.stored import later, notice

from gateway.clock import Clock
from gateway.desk.notices import NoticeState, Settlement
from gateway.store import MailboxState, Outbox
from gateway.store import schema as s


@pytest.fixture
def desks(tmp_path: Path, postgres: str) -> Iterator[list[Desk]]:
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        agents = [{"handle": "ada", "name": "Ada", "address": "ada@desk.example", "role": "admin"}]
        routing = {"default_owner": "ada"}
        made.append(Desk.open(tmp_path / name, database=postgres, agents=agents, routing=routing))
    yield made
    for desk in made:
        desk.close()


def both_tick(desks: list[Desk]) -> list[int]:
    """At the same moment, as nearly as threads can."""
    start, done = threading.Barrier(len(desks)), []

    def tick(desk: Desk) -> None:
        clock = Clock(desk.gateway.store, desk.gateway.setup_now, {"support": 60}, clock=desk.clock)
        start.wait()
        done.append(clock.tick())

    threads = [threading.Thread(target=tick, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def told(desk: Desk, kind: str) -> int:
    query = sa.select(sa.func.count()).select_from(s.notice).where(s.notice.c.kind == kind)
    return int(desk.gateway.store.read(lambda c: c.execute(query).scalar_one()))


def test_a_dead_letter_is_reported_once(desks: list[Desk]) -> None:
    store = desks[0].gateway.store
    for turn in range(1, 6):
        notice(store)
        (claim,) = Outbox(store).claim(later(60), limit=1, lease_seconds=60)
        assert Outbox(store).settle(claim, Settlement(NoticeState.DEAD, "550 no"), later(60))
        assert sum(both_tick(desks)) == 1
        assert told(desks[0], "admin_dead_letter") == turn
        drop = sa.update(s.notice).where(s.notice.c.state == "due").values(state="sent")
        store.transact(lambda c, d=drop: c.execute(d))
    assert both_tick(desks) == [0, 0]


def test_an_unreachable_mailbox_is_reported_once(desks: list[Desk]) -> None:
    state = MailboxState(desks[0].gateway.store, lambda: START)
    state.mailbox_failed("support", "no route")
    for desk in desks:
        desk.clock.forward(minutes=5)
    assert sum(both_tick(desks)) == 1
    assert told(desks[0], "admin_mailbox_unreachable") == 1
