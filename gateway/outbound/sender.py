"""The service that empties the outbox: a few threads, each with a transport of its own."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from gateway import log
from gateway.config import Outbound
from gateway.desk.notices import Claim
from gateway.outbound.barrier import Firewall
from gateway.outbound.breaker import Breaker
from gateway.outbound.courier import Compose, Courier, Envelope
from gateway.outbound.fair_pool import PARK_SECONDS, FairPool
from gateway.outbound.outbox import Outbox
from gateway.outbound.reply import Outcome, Reply
from gateway.outbound.transport import Transport

__all__ = ["Compose", "Envelope", "Firewall", "Outbox", "Sender", "lease_seconds"]

DRAIN_SECONDS = 25.0  # the supervisor gives the whole stop 30
_TURN_SECONDS = 1.0
_LONGEST_TURN_SECONDS = 3.0
"""Without a notice. A slower one costs a beat, of which our patience has many."""
_AFTER_DATABASE_FAILURE = 5.0


def lease_seconds(outbound: Outbound) -> int:
    """Longer than the longest attempt: every wait in it is bounded, so an older lease belongs to nobody."""
    smtp = outbound.smtp
    if smtp is None:
        return PARK_SECONDS + 60
    return PARK_SECONDS + 60 + smtp.connect_timeout + 2 * smtp.command_timeout + 2 * smtp.data_timeout


class Sender:
    """Claims, sends and settles notices until told to stop."""

    name = "sender"
    patience_seconds = 60.0 - _LONGEST_TURN_SECONDS  # our last beat may be so much later than our last turn

    def __init__(
        self,
        outbox: Outbox,
        transport: Callable[[], Transport],
        compose: Compose,
        firewall: Firewall,
        outbound: Outbound,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = lambda: random.uniform(-1.0, 1.0),  # noqa: S311 - spreads load, guards nothing
    ) -> None:
        self._outbox, self._transport, self._clock = outbox, transport, clock
        self._threads = outbound.smtp.connections if outbound.smtp else 1
        self._lease_seconds = lease_seconds(outbound)
        self._courier = Courier(outbox, compose, firewall, outbound.give_up_after, clock, jitter)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Returns within 30 s of ``stop``; what is then still on the wire counts as ambiguous."""
        pool = FairPool(self._outbox, self._threads, self._lease_seconds, self._clock, stop)
        breaker = Breaker()
        crew = [_Worker(n, self._outbox, self._transport, self._courier, pool, breaker) for n in range(self._threads)]
        for worker in crew:
            worker.start(stop)
        while not stop.wait(_TURN_SECONDS):
            if all(worker.is_well(self._lease_seconds) for worker in crew):
                beat()
        pool.release_all()
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and any(worker.is_alive() for worker in crew):
            time.sleep(0.02)
            beat()
        pool.release_all()


class _Worker:
    """One thread with one transport."""

    def __init__(
        self,
        number: int,
        outbox: Outbox,
        transport: Callable[[], Transport],
        courier: Courier,
        pool: FairPool,
        breaker: Breaker,
    ) -> None:
        self._name = f"sender-{number + 1}"
        self._outbox, self._open, self._courier, self._pool, self._breaker = outbox, transport, courier, pool, breaker
        self._busy_since: float | None = None
        self._turned = time.monotonic()
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        self._thread = threading.Thread(target=self._work, args=(stop,), name=self._name, daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def is_well(self, longest: float) -> bool:
        """Alive, and turning, or not at one notice for longer than any attempt can take."""
        since, now = self._busy_since, time.monotonic()
        in_time = now - self._turned < _LONGEST_TURN_SECONDS if since is None else now - since < longest
        return self.is_alive() and in_time

    def _work(self, stop: threading.Event) -> None:
        transport = self._open()
        try:
            while not stop.is_set():
                self._turned = time.monotonic()
                try:
                    self._turn(transport, stop)
                except Exception as error:  # noqa: BLE001 - the database may be away; nothing ends the loop
                    log.outbox_failed(error, _AFTER_DATABASE_FAILURE)
                    stop.wait(_AFTER_DATABASE_FAILURE)
        finally:
            transport.close()

    def _turn(self, transport: Transport, stop: threading.Event) -> None:
        rest = self._breaker.remaining()
        if rest:
            stop.wait(min(rest, _TURN_SECONDS))
            return
        claim = self._pool.take(_TURN_SECONDS)
        if claim is None:
            transport.idle()
            return
        self._busy_since = time.monotonic()
        try:
            self._carry(claim, transport, stop)
        finally:
            self._busy_since = None
            self._pool.done(claim)

    def _carry(self, claim: Claim, transport: Transport, stop: threading.Event) -> None:
        if stop.is_set():
            self._outbox.release(claim)
            return
        reply = self._courier.deliver(claim, transport)
        if reply is None:
            return
        if reply.outcome is Outcome.MISCONFIGURED or (
            reply.stage.before_mail and reply.outcome is not Outcome.PERMANENT
        ):
            self._rest(reply)
        else:
            self._breaker.worked()

    def _rest(self, reply: Reply) -> None:
        if reply.outcome is Outcome.MISCONFIGURED:
            log.relay_misconfigured(reply.brief)
        log.relay_paused(reply.brief, self._breaker.failed())
