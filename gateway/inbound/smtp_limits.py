"""What a listener grants its clients: connections, bytes in memory, time and patience."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are not configured. Times are in seconds."""

    recipients: int = 100
    """RFC 5321 section 4.5.3.1.8 demands at least 100 a transaction."""
    command_bytes: int = 2048
    transaction: float = 600.0
    """From the greeting, or the end of the last transaction, to the end of the next one."""
    commit: float = 30.0
    """How long a client is kept waiting after its dot. What is not stored by then may still become so."""
    lookup: float = 10.0
    drain: float = 25.0
    """How long a stop waits for messages in progress."""
    linger: float = 3.0
    """How long a client may take to read the last reply before the connection is reset."""
    patience: int = 1000
    """Commands a session may spend between two accepted mails; a refused one counts tenfold."""


class ByteBudget:
    """Bytes of messages that may be in memory at once, shared by every connection (and, if handed to
    several listeners, by all of them). Counts content once; a copy is alive for moments only.

    A quarter is kept for messages up to ``SMALL`` bytes, so that a few big ones, or one client that
    announces big ones and dawdles, cannot hold up ordinary mail.
    """

    SMALL = 1 << 20

    def __init__(self, total: int = 128 << 20) -> None:
        self.total = total
        self._free = total
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        return self._free

    @property
    def largest(self) -> int:
        """The biggest message that can ever be taken."""
        return max(self.total - self.total // 4, min(self.total, self.SMALL))

    def lease(self) -> Lease:
        return Lease(self)

    def _take(self, count: int, *, small: bool) -> bool:
        with self._lock:
            if self._free - count < (0 if small else self.total // 4):
                return False
            self._free -= count
            return True

    def _give(self, count: int) -> None:
        with self._lock:
            self._free += count


class Lease:
    """One message's share of a budget. ``release`` may be called from any thread, and more than once."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._held = 0

    def cover(self, total: int) -> bool:
        """Grow to ``total`` bytes; False when the budget is spent."""
        if total <= self._held:
            return True
        if not self._budget._take(total - self._held, small=total <= self._budget.SMALL):
            return False
        self._held = total
        return True

    def release(self) -> None:
        held, self._held = self._held, 0
        self._budget._give(held)


class Connections:
    """Counts open connections, in total and for each client. Used by one event loop alone."""

    def __init__(self, total: int, per_client: int) -> None:
        self._total = total
        self._per_client = per_client
        self._clients: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._clients.total()

    def enter(self, client: str) -> bool:
        """Count one more for ``client`` ("" is a local socket, which has no client); False when it is one too many."""
        if len(self) >= self._total or (client and self._clients[client] >= self._per_client):
            return False
        self._clients[client] += 1
        return True

    def leave(self, client: str) -> None:
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]


def client_of(host: str) -> str:
    """Whom a connection counts for: an IPv4 address, or an IPv6 /64, which one customer usually has whole."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
