"""What the sender asks of the store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from gateway.desk.notices import Claim, Settlement


class Outbox(Protocol):
    """Notices that are due, leased to one sender at a time. Every call is safe from any thread."""

    def claim(
        self,
        now: datetime,
        *,
        limit: int,
        lease_seconds: int,
        avoid: Collection[str] = (),
        lease: str | None = None,
    ) -> tuple[Claim, ...]:
        """At most ``limit`` notices that are due, the longest waiting first, leased to the caller.

        Those to the domains of ``avoid`` go on waiting. A claim that failed is made again under the same ``lease``,
        a name of the caller's: it may have taken notices all the same, and they are had in this way.
        """
        ...

    def mark_dot_pending(self, claim: Claim, composed: bytes, now: datetime) -> bool:
        """Record, durably, that these bytes may be delivered from now on. False: the lease is lost."""
        ...

    def settle(self, claim: Claim, settlement: Settlement, now: datetime) -> bool:
        """Record how the attempt ended, and count it. False: the lease is lost, nothing was written."""
        ...

    def release(self, claim: Claim) -> None:
        """Give a claim back untried; it is due at once."""
        ...

    def wait(self, timeout: float) -> None:
        """Return when work may have arrived, or after ``timeout`` seconds."""
        ...
