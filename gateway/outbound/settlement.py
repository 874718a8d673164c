"""What an attempt's outcome means for the notice: sent, due again, ambiguous or dead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.desk.notices import Claim, NoticeState, Settlement
from gateway.outbound.reply import Outcome, Reply
from gateway.outbound.schedule import MAX_RESENDS, next_attempt

UNKNOWN = "unknown: the server never confirmed"
DIED = "the sending process ended while the message was on the wire"


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, how patient we are (seconds since the first attempt), and the dice, in [-1, 1]."""

    now: datetime
    give_up_after: float
    jitter: float = 0.0


def settlement(claim: Claim, reply: Reply, moment: Moment) -> Settlement:
    """How the attempt ended."""
    if reply.outcome is Outcome.DELIVERED:
        return Settlement(NoticeState.SENT, reply.line)
    if reply.outcome is Outcome.PERMANENT:
        return dead(claim, reply.line)
    if reply.outcome is Outcome.AMBIGUOUS:
        return ambiguous(claim, reply.line, moment)
    return again(claim, reply.line, moment)


def again(claim: Claim, reason: str, moment: Moment) -> Settlement:
    """Due again later, or given up."""
    at = _next(claim, moment)
    if at is None:
        return dead(claim, f"given up after {_span(moment.give_up_after)}: {reason}")
    return Settlement(NoticeState.DUE, reason, at)


def ambiguous(claim: Claim, reason: str, moment: Moment) -> Settlement:
    """Sent again a few times only: each time may be one copy more in the recipient's mailbox."""
    at = _next(claim, moment)
    if claim.ambiguous_count >= MAX_RESENDS or at is None:
        return Settlement(NoticeState.DEAD, f"{UNKNOWN} ({reason})")
    return Settlement(NoticeState.AMBIGUOUS, reason, at)


def dead(claim: Claim, reason: str) -> Settlement:
    doubt = " (an earlier attempt was never confirmed, and may have been delivered)" if claim.ambiguous_count else ""
    return Settlement(NoticeState.DEAD, reason + doubt)


def _next(claim: Claim, moment: Moment) -> datetime | None:
    first = claim.first_tried_at or moment.now
    attempts = claim.outgoing.attempts + 1
    return next_attempt(attempts, first, moment.now, give_up_after=moment.give_up_after, jitter=moment.jitter)


def _span(seconds: float) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(seconds)} seconds"
