from __future__ import annotations

from gateway.outbound.breaker import Breaker


def test_it_rests_longer_with_every_failure_up_to_a_minute_and_forgets_on_success() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    assert [breaker.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert breaker.remaining() == 60
    now[0] = 61
    assert breaker.remaining() == 0
    breaker.worked()
    assert breaker.failed() == 1
