"""Takes one claimed notice from its draft to its settlement."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway import log
from gateway.desk.notices import Claim, NoticeState, Outgoing, Settlement
from gateway.errors import Permanent
from gateway.outbound import barrier
from gateway.outbound.outbox import Outbox
from gateway.outbound.reply import Outcome, Reply, Stage, clean, ours
from gateway.outbound.settlement import DIED, Moment, again, ambiguous, dead, settlement
from gateway.outbound.transport import Transport

SETTLE_PAUSES = (0.2, 1.0, *(5.0,) * 100)
"""Seconds between tries to record an outcome: losing that of a sent mail would mean to send it twice.

They last for as long as a database may be away; nothing else could be sent meanwhile anyway.
"""


class Envelope(Protocol):
    """A composed notice."""

    @property
    def raw(self) -> bytes: ...
    @property
    def envelope_sender(self) -> str: ...
    @property
    def envelope_recipient(self) -> str: ...


Compose = Callable[[Outgoing, datetime], Envelope]


class LeaseLost(Exception):
    """Another sender has the notice now."""


@dataclass(frozen=True, slots=True)
class Courier:
    """``jitter`` gives a number in [-1, 1]; ``give_up_after`` is in seconds."""

    outbox: Outbox
    compose: Compose
    firewall: barrier.Firewall
    give_up_after: float
    clock: Callable[[], datetime]
    jitter: Callable[[], float]

    def deliver(self, claim: Claim, transport: Transport) -> Reply | None:
        """One attempt, settled. What the server said, or None when it was not asked. Raises nothing."""
        if claim.state is NoticeState.DOT_PENDING:  # counted first, so that a crash in every attempt ends too
            self._settle(claim, ambiguous(claim, DIED, self._moment()), DIED)
            return None
        reply: Reply | None = None
        try:
            reply = self._attempt(claim, transport)
            result, brief = settlement(claim, reply, self._moment()), reply.brief
        except LeaseLost:
            log.notice_lease_lost(claim.outgoing.id, claim.outgoing.draft.kind)
            return None
        except Permanent as error:
            result = dead(claim, clean(error.cause))
            brief = type(error).__name__
        except Exception as error:  # noqa: BLE001 - a bug of ours must not lose the notice
            log.notice_failed(claim.outgoing.id, claim.outgoing.draft.kind, error)
            brief = type(error).__name__
            result = again(claim, f"internal error: {brief}", self._moment())
        self._settle(claim, result, brief)
        return reply

    def _attempt(self, claim: Claim, transport: Transport) -> Reply:
        """Raises LeaseLost, Permanent (compose, barrier), or anything before the dot; after it nothing."""
        envelope = self.compose(claim.outgoing, self.clock())
        raw = claim.outgoing.composed
        if raw is None:
            raw = envelope.raw
            barrier.check(claim, raw, self.firewall)
        window = _Window(self.outbox, claim, raw, self.clock)
        try:
            return transport.send(raw, envelope.envelope_sender, envelope.envelope_recipient, before_dot=window.open)
        except Exception as error:
            if not window.is_open:
                raise
            log.notice_failed(claim.outgoing.id, claim.outgoing.draft.kind, error)
            return ours(Outcome.AMBIGUOUS, Stage.DOT, f"internal error: {type(error).__name__}")

    def _moment(self) -> Moment:
        return Moment(self.clock(), self.give_up_after, self.jitter())

    def _settle(self, claim: Claim, result: Settlement, brief: str) -> None:
        for pause in (*SETTLE_PAUSES, None):
            try:
                held = self.outbox.settle(claim, result, self.clock())
            except Exception as error:  # noqa: BLE001 - the lease ends by itself, and then it counts as ambiguous
                log.outbox_failed(error, pause or 0.0)
                if pause is None:
                    return
                time.sleep(pause)
            else:
                self._tell(claim, result, brief) if held else log.notice_lease_lost(*_names(claim))
                return

    def _tell(self, claim: Claim, result: Settlement, brief: str) -> None:
        names = _names(claim)
        if result.state is NoticeState.SENT:
            log.notice_sent(*names, claim.outgoing.attempts + 1)
        elif result.state is NoticeState.AMBIGUOUS:
            log.notice_ambiguous(*names, brief)
        elif result.next_at is not None:
            log.notice_deferred(*names, brief, (result.next_at - self.clock()).total_seconds())
        else:
            log.notice_dead(*names, brief)


class _Window:
    """The undecidable window of one attempt: open from the moment that the dot may be on the wire."""

    def __init__(self, outbox: Outbox, claim: Claim, raw: bytes, clock: Callable[[], datetime]) -> None:
        self._outbox, self._claim, self._raw, self._clock = outbox, claim, raw, clock
        self.is_open = False

    def open(self) -> None:
        """Raises LeaseLost; then nothing may be sent."""
        if not self._outbox.mark_dot_pending(self._claim, self._raw, self._clock()):
            raise LeaseLost
        self.is_open = True


def _names(claim: Claim) -> tuple[int, str]:
    return claim.outgoing.id, claim.outgoing.draft.kind
