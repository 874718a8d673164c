"""Rests while the relay cannot be used at all, so that waiting notices do not burn their attempts on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LONGEST = 60.0


class Breaker:
    """Open for 1, 2, 4 … 60 seconds after each failure in a row. Any thread may use it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0

    def failed(self) -> float:
        """Seconds to rest from now on."""
        with self._lock:
            seconds = min(LONGEST, 2.0 ** min(self._failures, 10))
            self._failures += 1
            self._until = self._monotonic() + seconds
            return seconds

    def worked(self) -> None:
        with self._lock:
            self._failures, self._until = 0, 0.0

    def remaining(self) -> float:
        """Seconds left to rest; 0.0: go on."""
        with self._lock:
            return max(0.0, self._until - self._monotonic())
