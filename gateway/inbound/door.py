"""The one door for mail, whatever road it came by: stored raw, with its keys, before anybody reads it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

import sqlalchemy as sa

from gateway import log
from gateway.errors import Temporary
from gateway.mail import Envelope
from gateway.store import Store, inbox, utcnow
from gateway.store.inbox import Accepted

COMMIT_SECONDS = 30
_LOOK_SECONDS = 0.5


class Door:
    """``owns`` tells the desk's addresses from foreign ones."""

    def __init__(self, store: Store, owns: Callable[[str], bool], clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._owns = owns
        self._clock = clock

    def knows(self, address: str) -> bool:
        """Is mail for this address ours to take?"""
        return self._owns(address)

    def submit(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Future[Accepted]:
        """Begin to store a mail. The future ends after the durable commit, or raises Temporary."""
        keys = keys_of(raw, envelope, source, key)
        now = self._clock()

        def work(connection: sa.Connection) -> Accepted:
            return inbox.accept(connection, raw, envelope, source=source, keys=keys, now=now)

        future = self._store.submit(work)
        future.add_done_callback(lambda done: self._accepted(done, source, len(raw)))
        return future

    def accept(
        self, raw: bytes, envelope: Envelope, *, source: str, key: str = "", lost: Callable[[], bool] | None = None
    ) -> Accepted:
        """Store a mail and wait for the durable commit.

        Raises Temporary when that fails or takes longer than half a minute, or soon after ``lost`` says that nobody
        waits any more.
        """
        future = self.submit(raw, envelope, source=source, key=key)
        end = time.monotonic() + COMMIT_SECONDS
        while (left := end - time.monotonic()) > 0:
            try:
                return future.result(left if lost is None else min(left, _LOOK_SECONDS))
            except TimeoutError:
                if lost is not None and lost():
                    break
        raise Temporary("the store did not commit in time")

    def _accepted(self, done: Future[Accepted], source: str, size: int) -> None:
        if done.cancelled() or done.exception() is not None:
            return  # whoever waits for it says so
        accepted = done.result()
        self._store.mail_waits.set()
        log.mail_accepted(accepted.inbox_id, source, size, accepted.duplicate)


class FencedDoor:
    """The door for somebody whose place another may take while they wait for a commit."""

    def __init__(self, door: Door, lost: Callable[[], bool]) -> None:
        self._door, self._lost = door, lost

    def accept(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Accepted:
        """Raises Temporary like ``Door.accept``, and soon after the place is lost: whether it is stored is open."""
        return self._door.accept(raw, envelope, source=source, key=key, lost=self._lost)


def keys_of(raw: bytes, envelope: Envelope, source: str, key: str) -> tuple[str, ...]:
    """What makes a delivery the same one again: the road's own key, or recipient and digest (decision 5)."""
    if key:
        return (key,)
    digest = hashlib.sha256(raw).hexdigest()
    return tuple(dict.fromkeys(f"raw:{digest}:{r.casefold()}" for r in envelope.recipients or ("",)))
