"""A door and cursors that only remember: what a watcher handed over, and where it says it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from servers.ports import wait_until


@dataclass(frozen=True)
class Answer:
    duplicate: bool


@dataclass
class Ledger:
    """Door and cursors of one watcher. ``failures`` are raised by the next calls of ``accept``, one each."""

    raws: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    places: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    saves: list[tuple[int, int]] = field(default_factory=list)
    oks: int = 0
    errors: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    before_answer: Callable[[], None] | None = None
    at: list[float] = field(default_factory=list)

    def accept(self, raw: bytes, envelope: object, *, source: str, key: str = "") -> Answer:
        if self.failures:
            raise self.failures.pop(0)
        if key in self.keys:
            self.duplicates.append(key)
            return Answer(duplicate=True)
        self.keys.append(key)
        self.raws.append(raw)
        self.at.append(time.monotonic())
        if self.before_answer is not None:
            self.before_answer()
        return Answer(duplicate=False)

    def load(self, account: str, folder: str) -> tuple[int, int] | None:
        return self.places.get((account, folder))

    def save(self, account: str, folder: str, uidvalidity: int, uid: int) -> None:
        self.places[account, folder] = (uidvalidity, uid)
        self.saves.append((uidvalidity, uid))

    def mailbox_ok(self, name: str) -> None:
        self.oks += 1

    def mailbox_failed(self, name: str, error: str) -> None:
        self.errors.append(error)

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        wait_until(lambda: len(self.raws) >= count, f"mail number {count}", seconds)


class Service(Protocol):
    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None: ...


@dataclass
class Running:
    """A service in its thread. ``beats`` are monotonic times."""

    thread: threading.Thread
    stop: threading.Event
    beats: list[float]
    ended: list[BaseException | None]

    def end(self, seconds: float = 30.0) -> float:
        """Tell it to stop; returns the seconds that took. Raises what escaped from it."""
        began = time.monotonic()
        self.stop.set()
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"the service did not end within {seconds} s"
        if self.ended[0] is not None:
            raise self.ended[0]
        return time.monotonic() - began


@contextmanager
def running(service: Service) -> Iterator[Running]:
    """Run a service; it must end when it is told to, and without an exception."""
    ended: list[BaseException | None] = []

    def body() -> None:
        try:
            service.run(state.stop, lambda: state.beats.append(time.monotonic()))
            ended.append(None)
        except BaseException as error:
            ended.append(error)

    state = Running(threading.Thread(target=body, daemon=True), threading.Event(), [], ended)
    state.thread.start()
    try:
        yield state
    finally:
        if not state.stop.is_set():
            state.end()
