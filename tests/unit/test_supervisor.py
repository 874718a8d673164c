"""Services are started, restarted with back-off, watched, reloaded and stopped in order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from gateway.errors import ConfigError
from gateway.service import Keeper, State
from gateway.supervisor import Supervisor


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Steady:
    """Beats and waits until it is stopped; keeps a diary that may be shared."""

    def __init__(self, name: str = "steady", diary: list[str] | None = None) -> None:
        self.name = name
        self.diary = diary if diary is not None else []
        self.started = threading.Event()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        self.started.set()
        while not stop.wait(0.01):
            beat()
        self.diary.append(f"{self.name} stopped")


class Failing(Steady):
    """Ends ``times`` times by raising or returning, then is steady."""

    def __init__(self, times: int, error: BaseException | None) -> None:
        super().__init__("failing")
        self.left, self.error = times, error

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        if self.left:
            self.left -= 1
            if self.error is None:
                return
            raise self.error
        super().run(stop, beat)


class Deaf:
    """Does not end when it is told to."""

    name = "deaf"

    def __init__(self) -> None:
        self.release = threading.Event()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        self.release.wait(20)


class Running:
    """A supervisor in a thread of its own, with what it told the service manager."""

    def __init__(self, *services, **options) -> None:
        self.told: list[str] = []
        options = {"notify": self.told.append, "draw": lambda low, high: 0.0} | options
        self.supervisor = Supervisor(services, **options)
        self.status: int | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.status = self.supervisor.run()

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> int | None:
        self.supervisor.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.status

    def wait_for(self, message: str) -> None:
        wait_until(lambda: message in self.told)


def wait_until(condition: Callable[[], bool]) -> None:
    ticks = threading.Event()
    for _ in range(1000):
        if condition():
            return
        ticks.wait(0.005)
    pytest.fail("did not happen within 5 s")


def test_says_ready_once_all_have_beaten_and_stopping_when_told():
    with Running(Steady("a"), Steady("b")) as running:
        running.wait_for("READY=1")
        running.wait_for("STATUS=2 services running")
        assert running.end() == 0
    assert running.told[-1] == "STOPPING=1\nSTATUS=draining"
    assert running.told.count("READY=1") == 1


def test_is_not_ready_before_a_service_has_beaten_but_after_three_seconds_all_the_same():
    clock, silent = Clock(), Deaf()
    silent.run = lambda stop, beat: stop.wait(20)
    with Running(silent, clock=clock) as running:
        running.wait_for("STATUS=deaf starting")
        assert "READY=1" not in running.told
        clock.now += 3.1
        running.wait_for("READY=1")


def test_stops_in_the_order_given_and_a_group_together():
    diary: list[str] = []
    stages = [[Steady("smtp", diary), Steady("imap", diary)], Steady("worker", diary), Steady("sender", diary)]
    with Running(*stages) as running:
        running.wait_for("READY=1")
        running.end()
    assert sorted(diary[:2]) == ["imap stopped", "smtp stopped"]
    assert diary[2:] == ["worker stopped", "sender stopped"]


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(3), None], ids=["raises", "exits", "returns"])
def test_restarts_a_service_that_ends(error):
    service = Failing(3, error)
    with Running(service) as running:
        assert service.started.wait(5)
        health = running.supervisor.health()[0]
    assert health.restarts == 3
    assert health.last_error == (type(error).__name__ if error else "ReturnedEarlyError")
    assert running.status == 0


def test_one_that_fails_leaves_the_others_alone():
    steady = Steady()
    with Running(steady, Failing(10**9, RuntimeError("boom")), draw=lambda low, high: 60.0) as running:
        running.wait_for("STATUS=failing paused")
        assert [h.state for h in running.supervisor.health()] == [State.RUNNING, State.PAUSED]
        assert running.end() == 0, "a pause ends at once when it is told to stop"


def test_back_off_is_jitter_under_a_ceiling_that_doubles_to_a_minute():
    asked: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.0

    service = Failing(8, RuntimeError("boom"))
    with Running(service, draw=draw):
        assert service.started.wait(5)
    assert asked == [(1.0, high) for high in (2, 4, 8, 16, 32, 60, 60, 60)]


def test_a_drain_that_takes_too_long_is_cut_short_and_the_later_stages_still_stop():
    deaf, last = Deaf(), Steady("last")
    with Running(deaf, last, drain_seconds=0.3) as running:
        running.wait_for("READY=1")
        assert running.end() == 1
    assert last.diary == ["last stopped"]
    deaf.release.set()


def test_a_second_stop_ends_at_once():
    deaf = Deaf()
    with Running(deaf, drain_seconds=3600) as running:
        running.wait_for("READY=1")
        running.supervisor.stop()
        running.wait_for("STOPPING=1\nSTATUS=draining")
        assert running.end() == 1
    deaf.release.set()


@pytest.mark.parametrize("error", [None, ConfigError([("desk.name", "is required")]), RuntimeError("boom")])
def test_reload_is_told_to_the_manager_and_never_ends_the_daemon(error):
    called = threading.Event()

    def reload() -> None:
        called.set()
        if error:
            raise error

    with Running(Steady(), reload=reload) as running:
        running.wait_for("READY=1")
        running.supervisor.reload()
        assert called.wait(5)
        wait_until(lambda: running.told.count("READY=1") == 2)
        assert any(message.startswith("RELOADING=1\nMONOTONIC_USEC=") for message in running.told)
        assert running.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_and_handlers_are_put_back(number):
    before = signal.getsignal(number)
    service = Steady()

    def kill() -> None:
        service.started.wait(5)
        os.kill(os.getpid(), number)

    killer = threading.Thread(target=kill)
    killer.start()
    assert Supervisor([service], notify=lambda message: None).run() == 0
    killer.join()
    assert signal.getsignal(number) is before


def test_hangup_reloads():
    service, told = Steady(), []
    supervisor: Supervisor

    def reload() -> None:
        told.append("reloaded")
        supervisor.stop()

    def kill() -> None:
        service.started.wait(5)
        os.kill(os.getpid(), signal.SIGHUP)

    supervisor = Supervisor([service], notify=lambda message: None, reload=reload)
    threading.Thread(target=kill).start()
    assert (supervisor.run(), told) == (0, ["reloaded"])


def keeper(clock: Clock, service: object | None = None) -> Keeper:
    return Keeper(service or Steady(), 60, clock, lambda low, high: high)


def test_silence_longer_than_the_patience_is_a_stall_until_the_next_beat():
    clock = Clock()
    kept = keeper(clock)
    kept.beat()
    clock.now += 60
    assert not kept.stalled()
    clock.now += 0.1
    assert kept.stalled()
    kept.beat()
    assert not kept.stalled()


def test_a_service_may_ask_for_more_patience():
    clock, service = Clock(), Steady()
    service.patience_seconds = 660
    kept = keeper(clock, service)
    clock.now += 659
    assert not kept.stalled()
    clock.now += 2
    assert kept.stalled()


def test_one_that_was_told_to_stop_is_not_stalled():
    clock = Clock()
    kept = keeper(clock)
    kept.stop.set()
    clock.now += 1000
    assert not kept.stalled()


def test_pauses_between_restarts_are_forgiven_up_to_a_point():
    clock = Clock()
    kept = keeper(clock)
    kept.stop.set()  # so that a pause does not wait
    for failures in range(1, 30):
        kept._pause(RuntimeError("boom"), failures)
    kept.stop.clear()
    clock.now += 6 * 60
    assert not kept.stalled()
    clock.now += 1
    assert kept.stalled(), "one that only ever fails must end in a restart of the process"
