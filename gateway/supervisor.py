"""Starts the services, restarts what fails, tells the service manager how they do, and stops them in order."""

from __future__ import annotations

import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from types import FrameType

from gateway import __version__, log, systemd
from gateway.errors import ConfigError
from gateway.service import Health, Keeper, Service, State

__all__ = ["Health", "Service", "State", "Supervisor"]

READY_WITHIN = 3.0
"""Seconds after which we say that we are ready although a service has not beaten yet, e.g. a mailbox that is down."""
_LONGEST_TICK = 1.0


class _Order(Enum):
    STOP = "stop"
    RELOAD = "reload"


class Supervisor:
    """Runs services until it is told to stop.

    ``services`` are stopped in the order given, each once those before it have ended; an entry that is itself a
    sequence is a group that stops together. ``reload`` is called on SIGHUP and may raise ConfigError.
    ``drain_seconds`` bounds the whole stop.
    """

    def __init__(
        self,
        services: Sequence[Service | Sequence[Service]],
        *,
        reload: Callable[[], None] | None = None,
        patience_seconds: float = 60,
        drain_seconds: float = 30,
        notify: Callable[[str], None] = systemd.notify,
        watchdog_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._stages = [
            [Keeper(one, patience_seconds, clock, draw) for one in (entry if isinstance(entry, Sequence) else [entry])]
            for entry in services
        ]
        self._keepers = [keeper for stage in self._stages for keeper in stage]
        self._reload_settings = reload
        self._drain_seconds = drain_seconds
        self._notify, self._clock = notify, clock
        self._watchdog = systemd.watchdog_seconds() if watchdog_seconds is None else watchdog_seconds
        self._orders: queue.SimpleQueue[tuple[_Order, str]] = queue.SimpleQueue()  # its put() is safe in a handler
        self._ready = False
        self._status = ""

    def run(self) -> int:
        """Block until stopped by SIGTERM, SIGINT or ``stop()``; returns 0, or 1 when the drain was cut short."""
        with self._signals():
            began = self._clock()
            for keeper in self._keepers:
                keeper.start()
            reason = self._watch(began)
            return self._drain(reason)

    def stop(self, reason: str = "asked") -> None:
        """Begin to drain; a second time: end at once. Any thread may call it."""
        self._orders.put((_Order.STOP, reason))

    def reload(self) -> None:
        """Read the configuration again. Any thread may call it."""
        self._orders.put((_Order.RELOAD, "asked"))

    def health(self) -> tuple[Health, ...]:
        """How each service does now. Any thread may call it."""
        return tuple(keeper.health() for keeper in self._keepers)

    # --- watching

    def _watch(self, began: float) -> str:
        """Tick until somebody says stop; returns why."""
        while True:
            self._announce(began)
            self._feed_watchdog()
            order, reason = self._next_order(self._tick())
            if order is _Order.STOP:
                return reason
            if order is _Order.RELOAD:
                self._reload()

    def _next_order(self, wait: float) -> tuple[_Order | None, str]:
        try:
            return self._orders.get(timeout=max(0.0, wait))
        except queue.Empty:
            return None, ""

    def _tick(self) -> float:
        """A quarter of what the manager allows: it advises half, and a late wake-up must not cost us a life."""
        wish = _LONGEST_TICK if self._ready else 0.05
        return min(wish, self._watchdog / 4) if self._watchdog else wish

    def _announce(self, began: float) -> None:
        if not self._ready and (all(k.has_beaten for k in self._keepers) or self._clock() - began >= READY_WITHIN):
            self._ready = True
            self._notify("READY=1")
            log.daemon_ready(__version__)
        self._tell_status(self._describe())

    def _describe(self) -> str:
        states = [(h.name, h.state) for h in self.health()]
        troubled = [f"{name} {state}" for name, state in states if state is not State.RUNNING]
        return ", ".join(troubled) or f"{len(states)} services running"

    def _tell_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self._notify(f"STATUS={status}")

    def _feed_watchdog(self) -> None:
        stalled = [keeper for keeper in self._keepers if keeper.stalled()]
        if self._watchdog and not stalled:
            self._notify("WATCHDOG=1")

    def _reload(self) -> None:
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            if self._reload_settings:
                self._reload_settings()
        except ConfigError as error:
            log.configuration_refused(error.problems)
        except Exception as error:  # noqa: BLE001 - a reload that fails leaves the old settings working
            log.service_failed("reload", error)
        self._notify("READY=1")

    # --- stopping

    def _drain(self, reason: str) -> int:
        """Each stage may use its share of the time that is left, so that one that hangs leaves some to the others."""
        log.daemon_stopping(reason)
        self._notify("STOPPING=1\nSTATUS=draining")
        deadline = self._clock() + self._drain_seconds
        for index, stage in enumerate(self._stages):
            for keeper in stage:
                keeper.stop.set()
            left = deadline - self._clock()
            if not self._wait(stage, self._clock() + left / (len(self._stages) - index)):
                return self._abandon()
        self._wait(self._keepers, deadline)
        return 0 if all(keeper.ended() for keeper in self._keepers) else self._abandon()

    def _wait(self, keepers: list[Keeper], until: float) -> bool:
        """Until all have ended or the time has come; False when a second stop came first."""
        while self._clock() < until and not all(keeper.ended() for keeper in keepers):
            if self._watchdog:
                self._notify("WATCHDOG=1")
            order, _ = self._next_order(min(0.05, until - self._clock()))
            if order is _Order.STOP:
                return False
        return True

    def _abandon(self) -> int:
        for keeper in self._keepers:
            keeper.stop.set()
            if not keeper.ended():
                log.service_stalled(keeper.name, keeper.health().silent_seconds)
        return 1

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals become orders; only the main thread may receive them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = {signal.SIGTERM: _Order.STOP, signal.SIGINT: _Order.STOP, signal.SIGHUP: _Order.RELOAD}

        def receive(number: int, _frame: FrameType | None) -> None:
            self._orders.put((wanted[signal.Signals(number)], signal.Signals(number).name))

        before = {number: signal.signal(number, receive) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
