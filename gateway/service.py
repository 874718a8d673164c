"""A long-running service, and the keeper that runs it in a thread, restarts it and knows when it last beat."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway import log

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
_FORGIVEN = 5
"""How many times its patience a service may spend in pauses between restarts without one beat."""


class Service(Protocol):
    """Runs until ``stop`` is set, and calls ``beat`` at every step of real progress, also when there is no work.

    One that rightly needs longer between two beats than the supervisor's patience says so in an
    attribute ``patience_seconds``.
    """

    @property
    def name(self) -> str: ...

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None: ...


class State(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    """Failed; it is started again after a pause."""
    STALLED = "stalled"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Health:
    """One service as ``gateway status`` shows it; seconds since its last beat."""

    name: str
    state: State
    silent_seconds: float
    restarts: int
    last_error: str


class ReturnedEarlyError(Exception):
    """A service ended although nobody had asked it to."""


class Keeper:
    """One service in its thread. ``clock`` is monotonic seconds, ``draw(low, high)`` a random number between."""

    def __init__(
        self, service: Service, patience: float, clock: Callable[[], float], draw: Callable[[float, float], float]
    ) -> None:
        self.name = service.name
        self.stop = threading.Event()
        self.has_beaten = False
        self.restarts = 0
        self.last_error = ""
        self._service = service
        self._patience = float(getattr(service, "patience_seconds", patience))
        self._clock, self._draw = clock, draw
        self._last_beat = clock()
        self._paused = 0.0
        self._pausing = False
        self._stall_logged = False
        # A service that cannot be stopped in time must not keep the process alive.
        self._thread = threading.Thread(target=self._keep, name=self.name, daemon=True)

    def start(self) -> None:
        self._last_beat = self._clock()
        self._thread.start()

    def ended(self, wait: float = 0) -> bool:
        """Has its thread ended, within ``wait`` seconds?"""
        if self._thread.ident is not None:
            self._thread.join(wait)
        return not self._thread.is_alive()

    def beat(self) -> None:
        self._last_beat = self._clock()
        self._paused = 0.0
        self._stall_logged = False
        self.has_beaten = True

    def stalled(self) -> bool:
        """Silent for longer than its patience; pauses between restarts are forgiven, up to a point."""
        allowed = self._patience + min(self._paused, _FORGIVEN * self._patience)
        late = self._silence() > allowed and not self.stop.is_set()
        if late and not self._stall_logged:
            self._stall_logged = True
            log.service_stalled(self.name, self._silence())
        return late

    def health(self) -> Health:
        return Health(self.name, self._state(), round(self._silence(), 1), self.restarts, self.last_error)

    def _silence(self) -> float:
        return self._clock() - self._last_beat

    def _state(self) -> State:
        if not self._thread.is_alive():
            return State.STOPPED if self._thread.ident is not None else State.STARTING
        if self.stalled():
            return State.STALLED
        if self._pausing:
            return State.PAUSED
        return State.RUNNING if self.has_beaten else State.STARTING

    def _keep(self) -> None:
        failures = 0
        while not self.stop.is_set():
            began = self._clock()
            log.service_started(self.name)
            error = self._run_once()
            if error is None:
                break
            failures = 1 if self._clock() - began > LONGEST_PAUSE else failures + 1
            self._pause(error, failures)
        log.service_stopped(self.name)

    def _run_once(self) -> BaseException | None:
        """The reason to start it again, or None when it was asked to end."""
        try:
            self._service.run(self.stop, self.beat)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the service has ended and must run again
            return error
        return None if self.stop.is_set() else ReturnedEarlyError(self.name)

    def _pause(self, error: BaseException, failures: int) -> None:
        """Full jitter over an exponential ceiling, so that many that failed together do not return together."""
        self.restarts += 1
        self.last_error = type(error).__name__
        log.service_failed(self.name, error)
        ceiling = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** min(failures, 10))
        delay = self._draw(SHORTEST_PAUSE, ceiling)
        self._paused += delay
        self._pausing = True
        self.stop.wait(delay)
        self._pausing = False
