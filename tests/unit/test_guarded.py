"""A guarded service runs while its lock is held, ends when it is lost, and starts anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gateway.guarded import Fence, Guarded


@dataclass
class Lock:
    """``answers``: what ``held`` says, one after the other; the last one for ever."""

    answers: list[bool]
    calls: list[str] = field(default_factory=list)

    def want(self) -> None:
        self.calls.append("want")

    def held(self) -> bool:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def release(self) -> None:
        self.calls.append("release")


@dataclass
class Watcher:
    """Does one thing a run, then looks whether it may go on."""

    log: list[str]
    number: int
    name: str = "imap:support"
    ends: Callable[[], None] = lambda: None

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        while not stop.is_set():
            self.log.append(f"works {self.number}")
            self.ends()
        self.log.append(f"ends {self.number}")


def test_a_fence_falls_when_the_lock_is_lost_and_stays_down() -> None:
    lock = Lock([True, False, True])
    fence = Fence(threading.Event(), lock.held)
    assert not fence.is_set()
    assert fence.is_set()
    assert fence.is_set(), "a lock that came back is another one"


def test_a_fence_falls_with_the_stop_of_the_whole() -> None:
    stop = threading.Event()
    fence = Fence(stop, lambda: True)
    assert not fence.wait(0)
    stop.set()
    assert fence.wait(60)
    assert fence.is_set()


def test_waiting_at_a_fence_ends_when_the_lock_is_lost() -> None:
    assert Fence(threading.Event(), Lock([True, True, False]).held).wait(30)


def test_each_time_the_lock_is_gained_a_new_service_runs_until_it_is_lost() -> None:
    log: list[str] = []
    stop = threading.Event()
    made = iter(range(1, 9))
    lock = Lock([False, True, True, False, True, True, False])

    def make(_: Fence) -> Watcher:
        number = next(made)
        return Watcher(log, number, ends=stop.set if number == 2 else lambda: None)

    Guarded("imap:support", make, lock).run(stop, lambda: None)
    assert log == ["works 1", "ends 1", "works 2", "ends 2"]
    assert lock.calls == ["want", "release"]


def test_a_service_that_fails_hands_the_lock_back_so_that_another_daemon_may_try() -> None:
    def fail() -> None:
        raise OSError("no")

    lock = Lock([True])
    with pytest.raises(OSError):
        Guarded("imap:support", lambda _: Watcher([], 1, ends=fail), lock).run(threading.Event(), lambda: None)
    assert lock.calls == ["want", "release"]


def test_a_service_without_the_lock_beats_and_ends_when_told() -> None:
    stop = threading.Event()
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        stop.set()

    Guarded("imap:support", lambda _: Watcher([], 1), Lock([False])).run(stop, beat)
    assert beats == [1]
