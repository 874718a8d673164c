"""IMAP servers that keep doing the same odd thing: the watcher waits for them without spinning."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from harness.figures import Figures
from harness.scale import scaled
from servers.imap_script import Hangup, ScriptedImap, Session
from servers.ledger import Ledger, Running, running
from servers.ports import wait_until

from gateway.config import InboundImap
from gateway.inbound import imap

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
SECONDS = scaled(4, 120)
MOST = 0.02
"""Of one CPU, for each watcher."""
OFTEN = 1.5
"""Commands IDLE in a second. On a busy machine a watcher that spins gets little of the CPU, but turns quickly."""
EXPERIMENT = "CPU time of a watcher beside scripted servers"

Idle = Callable[[Session, str, str], None]


def idling(words: str, *, then: str = "listen") -> Idle:
    """A server that answers each IDLE so, and goes on as ``then`` says: listen, hang up or say nothing more."""

    def idle(session: Session, tag: str, _: str) -> None:
        session.send(words.replace("TAG", tag))
        if then == "listen":
            session.end_idle(tag)
        if then == "hang up":
            raise Hangup
        if then == "silence":
            session.silence()

    return idle


SERVERS = {
    "EXISTS together with the +": idling("+ idling\r\n* 1 EXISTS\r\n"),
    "untagged before the +": idling("* OK still here\r\n* 1 EXISTS\r\n+ idling\r\n"),
    "EOF": idling("", then="hang up"),
    "EOF in IDLE": idling("+ idling\r\n", then="hang up"),
    "BYE": idling("+ idling\r\n* BYE going down\r\n", then="hang up"),
    "part of a line and EOF": idling("+ idling\r\n* 1 EXI", then="hang up"),
    "part of a line and silence": idling("+ idling\r\n* 1 EXI", then="silence"),
    "NO to IDLE": idling("TAG NO not today\r\n", then=""),
    "silence at IDLE": idling("", then="silence"),
    "silence in IDLE": idling("+ idling\r\n", then="silence"),
}


@dataclass
class Beside:
    """A watcher and its server."""

    run: Running
    server: ScriptedImap

    def spent(self) -> float:
        """CPU seconds of the watcher's thread."""
        assert self.run.thread.ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(self.run.thread.ident))

    def now(self) -> tuple[float, int]:
        return self.spent(), self.server.count("IDLE")


@dataclass(frozen=True)
class Effort:
    """``share`` of one CPU, and ``turns`` a second."""

    share: float
    turns: float

    @property
    def spins(self) -> bool:
        return self.share > MOST or self.turns > OFTEN


@contextlib.contextmanager
def beside(idle: Idle) -> Iterator[Beside]:
    """A watcher that has been in IDLE with such a server."""
    server, ledger = ScriptedImap(on={"IDLE": idle}), Ledger()
    settings = InboundImap(name="s", host=server.host, port=server.port, tls="none", username="me", password="x")
    try:
        with running(imap.ImapWatcher(settings, ledger, ledger, password=lambda: "pw")) as run:
            wait_until(lambda: ledger.oks > 0 and server.count("IDLE") > 0, "the first IDLE", 60)
            yield Beside(run, server)
    finally:
        server.close()


def efforts(servers: dict[str, Idle], seconds: float) -> dict[str, Effort]:
    with contextlib.ExitStack() as stack:
        pairs = {name: stack.enter_context(beside(idle)) for name, idle in servers.items()}
        before = {name: pair.now() for name, pair in pairs.items()}
        began = time.monotonic()
        time.sleep(seconds)
        after = {name: pair.now() for name, pair in pairs.items()}
        passed = time.monotonic() - began
    return {
        name: Effort((after[name][0] - before[name][0]) / passed, (after[name][1] - before[name][1]) / passed)
        for name in pairs
    }


def test_no_watcher_spins_whatever_its_server_keeps_doing(figures: Figures) -> None:
    found = efforts(SERVERS, SECONDS)
    assert {name: effort for name, effort in found.items() if effort.spins} == {}
    worst = max(found, key=lambda name: found[name].share)
    most, turns = found[worst].share, max(effort.turns for effort in found.values())
    figures.measured(
        "G8",
        EXPERIMENT,
        f"{len(found)} servers, {SECONDS} s each: {most:.2%} at most ({worst}), IDLE {turns:.1f} times a second",
    )


def test_a_watcher_that_reconnects_without_a_pause_is_seen(figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "pause", lambda *_, **__: 0.0)
    effort = efforts({"EOF": SERVERS["EOF"]}, 2)["EOF"]
    assert effort.spins, effort
    seen = f"{effort.share:.0%} of a CPU, IDLE {effort.turns:.0f} times a second"
    figures.control("G8", EXPERIMENT, "no pause before the next connection", seen)
