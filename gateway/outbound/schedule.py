"""When a notice is tried again: data, and one pure function."""

from __future__ import annotations

from datetime import datetime, timedelta

DELAYS = (60, 300, 600, 1200, 2400, 4000)
"""Seconds after the first, second … attempt; the last one repeats (RFC 5321 section 4.5.4.1 asks for patience)."""
JITTER = 0.2
MAX_RESENDS = 3
"""How often a mail that may have been delivered is sent again (RFC 1047)."""


def delay(attempts: int, jitter: float) -> float:
    """Seconds to wait after ``attempts`` attempts (1 or more). ``jitter`` is in [-1, 1] and moves it by up to 20 %."""
    base = DELAYS[min(max(attempts, 1), len(DELAYS)) - 1]
    return base * (1 + JITTER * min(max(jitter, -1.0), 1.0))


def next_attempt(
    attempts: int, first: datetime, now: datetime, *, give_up_after: float, jitter: float = 0.0
) -> datetime | None:
    """When to try again after ``attempts`` failed ones, the last of them just now; None: give up.

    The last attempt of all falls on the very end of ``give_up_after`` seconds since the first.
    """
    end = first + timedelta(seconds=give_up_after)
    if now >= end:
        return None
    return min(now + timedelta(seconds=delay(attempts, jitter)), end)
