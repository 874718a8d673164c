"""A service that one daemon of a fleet may run at a time, such as the watcher of a mailbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from gateway import log
from gateway.service import Service

_LOOK_SECONDS = 0.5


class Lock(Protocol):
    def want(self) -> None: ...
    def held(self) -> bool: ...
    def release(self) -> None: ...


class Fence(threading.Event):
    """Set when ``outer`` is, and from the moment on at which the lock is not surely held any more."""

    def __init__(self, outer: threading.Event, held: Callable[[], bool]) -> None:
        super().__init__()
        self._outer, self._held_now = outer, held

    def lost(self) -> bool:
        """Is it the lock that is gone? A mere stop leaves time to finish what is under way."""
        return not self._held_now()

    def is_set(self) -> bool:
        if not super().is_set() and (self._outer.is_set() or not self._held_now()):
            self.set()  # for good: a lock that comes back is another one
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
            if left <= 0:
                break
            self._outer.wait(left)
        return self.is_set()


class Guarded:
    """Runs what ``make`` gives while ``lock`` is held. Each time is a new one: what it remembered is out of date.

    ``make`` is given the fence, for what the service waits for outside its own loop.
    """

    def __init__(self, name: str, make: Callable[[Fence], Service], lock: Lock) -> None:
        self.name = name
        self._make, self._lock = make, lock

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self._lock.want()
        try:
            while not stop.is_set():
                beat()
                if self._lock.held():
                    self._hold(stop, beat)
                else:
                    stop.wait(_LOOK_SECONDS)
        finally:
            self._lock.release()

    def _hold(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        fence = Fence(stop, self._lock.held)
        log.watch_began(self.name)
        try:
            self._make(fence).run(fence, beat)
        finally:
            log.watch_ended(self.name)
