"""Shares claimed notices out to the sender's threads, so that no recipient's domain holds all of them."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway import log
from gateway.desk.notices import Claim
from gateway.outbound.outbox import Outbox

PARK_SECONDS = 60
_PARKED_PER_THREAD = 16
LARGE = 4 << 20
"""Bytes of files in a notice."""
_LOOK_AGAIN_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class _Parked:
    claim: Claim
    since: float


class FairPool:
    """Claims a few more than there are threads, and lets each domain have all of the threads but one.

    However many wait for one domain, few of them are claimed ahead: they would leave no room for the others.
    Of large notices one is under way at a time.

    One thread at a time asks the outbox, and waits there; the others wait for their turn.
    """

    def __init__(
        self,
        outbox: Outbox,
        threads: int,
        lease_seconds: int,
        clock: Callable[[], datetime],
        stop: threading.Event,
    ) -> None:
        self._outbox, self._clock, self._lease_seconds, self._stop = outbox, clock, lease_seconds, stop
        self._threads, self._room = threads, threads * _PARKED_PER_THREAD
        self._cap = max(1, threads - 1)
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._parked: list[_Parked] = []
        self._late: list[Claim] = []
        self._large = 0
        self._lease = _new_lease()
        """The name of the next claim; a claim that failed keeps it."""
        self._busy: Counter[str] = Counter()

    def take(self, timeout: float) -> Claim | None:
        """A notice to send now, or None after about ``timeout`` seconds. Give it back with ``done``."""
        claim = self._pick()
        if claim is not None or not self._turn.acquire(timeout=timeout):
            return claim
        try:
            if self._stop.is_set():
                return None
            claim = self._pick() or self._fetch()
            if claim is None:
                self._await(timeout)
            return claim
        finally:
            self._turn.release()

    def done(self, claim: Claim) -> None:
        with self._lock:
            self._busy[_domain(claim)] -= 1
            self._large -= is_large(claim)

    def release_all(self) -> None:
        """Give back what was claimed and not begun."""
        with self._lock:
            parked, self._parked = self._parked, []
            self._late += [item.claim for item in parked]
        self._release_late()

    def _pick(self) -> Claim | None:
        """The first parked notice of the domain with the fewest threads at work."""
        self._expire()
        with self._lock:
            free = [item for item in self._parked if self._may_go(item.claim)]
            if not free:
                return None
            chosen = min(free, key=lambda item: self._busy[_domain(item.claim)])
            self._parked.remove(chosen)
            self._busy[_domain(chosen.claim)] += 1
            self._large += is_large(chosen.claim)
            return chosen.claim

    def _may_go(self, claim: Claim) -> bool:
        return self._busy[_domain(claim)] < self._cap and not (self._large and is_large(claim))

    def _fetch(self) -> Claim | None:
        room = min(self._room - len(self._parked), self._threads)
        if room <= 0:
            return None
        now, lease, seconds = self._clock(), self._lease, self._lease_seconds
        claims = self._outbox.claim(now, limit=room, lease_seconds=seconds, avoid=self._crowded(), lease=lease)
        self._lease = _new_lease()
        since = time.monotonic()
        with self._lock:
            self._parked.extend(_Parked(claim, since) for claim in claims)
        return self._pick()

    def _crowded(self) -> list[str]:
        """Domains of which enough is parked."""
        with self._lock:
            parked = Counter(_domain(item.claim) for item in self._parked)
        return [domain for domain, count in parked.items() if count >= self._threads]

    def _await(self, timeout: float) -> None:
        """Sleep until work arrives, or a thread may have become free for the domain of what is parked."""
        self._outbox.wait(min(timeout, _LOOK_AGAIN_SECONDS) if self._parked else timeout)

    def _expire(self) -> None:
        """The lease is reckoned for an attempt that begins within PARK_SECONDS."""
        oldest = time.monotonic() - PARK_SECONDS
        with self._lock:
            self._late += [item.claim for item in self._parked if item.since < oldest]
            self._parked = [item for item in self._parked if item.since >= oldest]
        self._release_late()

    def _release_late(self) -> None:
        """What cannot be given back now, because the database is away, is given back the next time."""
        with self._lock:
            late, self._late = self._late, []
        for number, claim in enumerate(late):
            try:
                self._outbox.release(claim)
            except Exception as error:  # noqa: BLE001 - if we never come to it, the lease ends by itself
                log.outbox_failed(error, _LOOK_AGAIN_SECONDS)
                with self._lock:
                    self._late += late[number:]
                return


def is_large(claim: Claim) -> bool:
    """Does it carry so much that only one like it may be under way? It is in memory several times over."""
    return sum(file.size for file in claim.outgoing.draft.files) > LARGE


def _new_lease() -> str:
    return secrets.token_hex(16)


def _domain(claim: Claim) -> str:
    return claim.outgoing.draft.to.domain
