"""The wall clock jumps by an hour and by a day, forwards and back: nothing starves, nothing is tried in vain."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from harness.databases import BOTH, SQLITE
from harness.evidence import verdict as judged
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.outage import LATER
from harness.scale import scaled
from harness.traffic import mail
from servers.ports import wait_until

from gateway.desk.notices import NoticeState
from gateway.store import schema as s
from gateway.store import timeshift
from gateway.store.engine import make_engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
HOUR, DAY = 3600, 86400
JUMPS = (HOUR, 0, -HOUR, 0, DAY, -DAY, 0) * scaled(1, 10)
QUESTIONS = scaled(3, 20)
FLOW = "mail in full flow while the clock jumps by an hour and a day, both ways"
AROUND: dict[str, Any] = {"troubles": ("hiccup",), "imap": ("move",), "pause": 0.3}
DEFERRED = "notices that a relay defers while the clock jumps"


class WallClock:
    """What the daemon takes for the time, as seconds off the true one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, offset: int) -> None:
        """At once: nobody may read half a number."""
        self.offset = offset
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(offset))
        os.replace(fresh, self.path)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@contextmanager
def clocked(folder: Path, nursery: Nursery, url: str, **around: Any) -> Iterator[tuple[Field, WallClock]]:
    clock = WallClock(folder / "clock")
    with field(folder / "field", nursery, url, gone=False, **around) as desk:
        desk.daemon.environment["FAULT_CLOCK"] = str(clock.path)
        desk.start()
        desk.traffic.start()
        yield desk, clock


@pytest.mark.parametrize("database", scaled((SQLITE,), BOTH))
def test_a_clock_that_jumps_neither_loses_nor_starves_anything(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    with clocked(tmp_path, nursery, url, controls="haste,planted,clock_file", **AROUND) as (desk, clock):
        for offset in JUMPS:
            clock.set(offset)
            time.sleep(scaled(1.0, 4.0))
        verdict, found = desk.finish(300)
        mails = len(desk.traffic.promises.tokens())
    assert verdict == Verdict(), verdict
    assert desk.traffic.replies.keys() <= {0, 250} | LATER
    figures.measured(
        "G14",
        f"{FLOW}, {database}",
        f"{len(JUMPS)} jumps, {mails:,} mails: 0 lost, 0 twice, 0 stuck; {found.ambiguous} notices undecidable",
    )


@pytest.mark.soak
def test_mail_that_a_clock_set_back_leaves_in_the_future_is_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with clocked(tmp_path, nursery, "", controls="haste,planted,clock_file,no_rescue", **AROUND) as (desk, clock):
        for offset in (DAY, 0):
            clock.set(offset)
            time.sleep(4)
        desk.traffic.stop(lambda: time.sleep(20))
        assert desk.daemon.stop() == 0
        verdict, _ = judged(desk.url, desk.traffic)
    assert verdict.stuck, verdict
    figures.control("G14", FLOW, "a clock set back is not noticed", f"{len(verdict.stuck)} stuck")


# --- attempts ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """A notice that is not at an end."""

    number: int
    attempts: int
    due: datetime
    held: bool

    def is_put_off(self, now: datetime) -> bool:
        """For a while, and not for a time that will come much later than any pause ends."""
        return not self.held and now < self.due <= now + timeshift.TRIED


def waiting(engine: sa.Engine) -> list[Waiting]:
    notice = s.notice.c
    query = sa.select(notice.id, notice.attempts, notice.due_at, notice.lease)
    with engine.connect() as connection:
        rows = connection.execute(query.where(notice.state.in_((NoticeState.DUE, NoticeState.AMBIGUOUS)))).all()
    return [Waiting(row.id, row.attempts, row.due_at, row.lease is not None) for row in rows]


@dataclass
class Deferred:
    """A desk whose relay takes nothing, and who counts attempts."""

    desk: Field
    clock: WallClock
    engine: sa.Engine

    def settle(self, seconds: float) -> bool:
        """Wait until every notice waits for a later hour, and a second more; did it come to that?"""
        end = time.monotonic() + seconds
        while not all(one.is_put_off(self.clock.now()) for one in waiting(self.engine)):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        time.sleep(1.2)
        return True

    def attempts(self) -> dict[int, int]:
        return {one.number: one.attempts for one in waiting(self.engine)}

    def jump(self, offset: int, seconds: float = 60) -> int:
        """Set the clock; the most attempts that any notice has seen since, until all wait again."""
        before = self.attempts()
        self.clock.set(offset)
        self.settle(seconds)
        return max(n - before[number] for number, n in self.attempts().items())


@contextmanager
def deferred(folder: Path, nursery: Nursery, url: str, controls: str, questions: int) -> Iterator[Deferred]:
    """Every notice has been tried once, and waits for its second attempt."""
    around = {"controls": f"quick_turns,clock_file{controls}", "imap": (), "smtp": False}
    with clocked(folder, nursery, url, **around) as (desk, clock):
        desk.sink.fail("RCPT", "4xx")
        for number in range(1, questions + 1):
            token = f"token-defer-{number * 3 + 1}"  # multiples of three are answered
            desk.traffic.insist(mail(token), f"{token}@client.example", "support@desk.example", token)
        engine = make_engine(desk.url).execution_options(read_only=True)
        made = Deferred(desk, clock, engine)
        wait_until(lambda: sum(n > 0 for n in made.attempts().values()) == 2 * questions, "a first attempt of each")
        yield made
        engine.dispose()


@pytest.mark.parametrize("database", BOTH)
def test_a_jump_of_the_clock_costs_a_notice_one_attempt_at_most(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    with deferred(tmp_path, nursery, url, "", QUESTIONS) as made:
        costs = [made.jump(offset) for offset in JUMPS]
        assert made.settle(60), waiting(made.engine)
        made.desk.sink.mend()
        made.clock.set(DAY)  # everybody's hour has come
        verdict, _ = made.desk.finish(120)
    assert verdict == Verdict(), verdict
    assert max(costs) == 1, costs
    figures.measured(
        "G14",
        f"{DEFERRED}, {database}",
        f"{2 * QUESTIONS} notices, {len(JUMPS)} jumps: at most {max(costs)} attempt of each at a jump; all are sent",
    )


def test_taking_what_was_put_off_for_stranded_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with deferred(tmp_path, nursery, "", ",eager_rescue", 1) as made:
        cost = made.jump(-HOUR, seconds=5)
        made.desk.daemon.close()
    assert cost > 1
    figures.control("G14", DEFERRED, "whatever waits is tried at once", f"{cost} attempts within 5 s of a jump")


def test_not_looking_for_what_a_clock_set_back_has_stranded_is_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with deferred(tmp_path, nursery, "", ",no_rescue", 1) as made:
        made.jump(DAY)
        made.jump(0, seconds=5)
        made.desk.sink.mend()
        time.sleep(4)
        made.desk.traffic.stop(lambda: None)
        assert made.desk.daemon.stop() == 0
        verdict, _ = judged(made.desk.url, made.desk.traffic)
    assert verdict.stuck, verdict
    figures.control("G14", DEFERRED, "a clock set back is not noticed", f"{len(verdict.stuck)} notices wait for a day")
