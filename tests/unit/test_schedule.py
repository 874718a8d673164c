from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbound.schedule import DELAYS, delay, next_attempt

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
FIVE_DAYS = 5 * 86400.0


def attempts_until_given_up(jitter: float = 0.0, give_up_after: float = FIVE_DAYS) -> list[datetime]:
    made, now = 1, START
    times = [now]
    while (at := next_attempt(made, START, now, give_up_after=give_up_after, jitter=jitter)) is not None:
        made, now = made + 1, at
        times.append(now)
    return times


def test_waits_are_1_5_10_20_40_and_67_minutes_and_then_stay() -> None:
    times = attempts_until_given_up()
    waits = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert waits[:8] == [60, 300, 600, 1200, 2400, 4000, 4000, 4000]


def test_the_last_attempt_is_made_when_patience_ends_and_none_after_it() -> None:
    times = attempts_until_given_up()
    assert times[-1] == START + timedelta(days=5)
    assert 110 < len(times) < 120


@pytest.mark.parametrize(("jitter", "seconds"), [(-1.0, 240.0), (0.0, 300.0), (1.0, 360.0)])
def test_jitter_moves_a_wait_by_a_fifth_at_most(jitter: float, seconds: float) -> None:
    assert delay(2, jitter) == pytest.approx(seconds)


def test_no_patience_at_all_means_one_attempt() -> None:
    assert attempts_until_given_up(give_up_after=0) == [START]


def test_a_clock_that_ran_backwards_neither_starves_nor_floods() -> None:
    yesterday = START - timedelta(days=1)
    assert next_attempt(3, START, yesterday, give_up_after=FIVE_DAYS) == yesterday + timedelta(minutes=10)


@given(st.integers(-5, 10**9), st.floats(-1, 1), st.integers(0, 6 * 86400))
def test_every_attempt_lies_ahead_and_within_patience(attempts: int, jitter: float, age: int) -> None:
    now = START + timedelta(seconds=age)
    at = next_attempt(attempts, START, now, give_up_after=FIVE_DAYS, jitter=jitter)
    if at is None:
        assert age >= FIVE_DAYS
    else:
        assert now < at <= min(START + timedelta(days=5), now + timedelta(seconds=1.2 * DELAYS[-1]))
