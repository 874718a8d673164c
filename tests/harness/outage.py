"""A time in which the daemon cannot store anything: what those who came meanwhile were told, and what it cost."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.field import Field
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import TOKEN, mail, submit
from servers.dovecot import Dovecot
from servers.ports import wait_until

EXPERIMENT = "nothing can be stored"
"""The beginning of what these experiments are called."""
AROUND: dict[str, Any] = {"imap": ("move", "keyword"), "gone": False, "ahead": 400, "pause": 1.0}
"""What the field of such an experiment is like."""
SUPPORT = "support@desk.example"
LATER = frozenset({421, 451, 452})
"""Replies that make a sender come again. 0 stands for none at all."""
GROWTH = 20 << 20
"""Bytes by which the daemon may grow."""
_GRACE = 2.0
"""Seconds in which what is under way when it begins may still be stored."""
_UNTOUCHED = "UNKEYWORD $Processed UNDELETED UNSEEN"


class Knocks:
    """Clients who each bring one mail after the other, and insist on it. Every answer is kept with its time.

    Their mail says ``token-knock-N``, and nobody answers it. ``port``: not the daemon's own, but a way to it.
    """

    def __init__(self, desk: Field, clients: int = 2, pause: float = scaled(0.8, 0.4), port: int = 0) -> None:
        self.answers: list[tuple[float, int]] = []
        self._desk, self._pause, self._port = desk, pause, port or desk.daemon.smtp_port
        self._numbers = itertools.count(1_000_000, 3)  # the agent of the traffic answers multiples of three
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new mail; returns when the last of them is taken."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads), "a mail is still not taken"

    def between(self, began: float, ended: float) -> Counter[int]:
        return Counter(code for at, code in list(self.answers) if began <= at < ended)

    def taken_after(self, moment: float, seconds: float) -> float:
        """Seconds from ``moment`` to the next 250; waits for it."""

        def found() -> list[float]:
            return [at - moment for at, code in list(self.answers) if code == 250 and at > moment]

        wait_until(lambda: bool(found()), "mail to be taken again", seconds)
        return found()[0]

    def _client(self) -> None:
        while not self._stop.wait(self._pause):
            token = f"token-knock-{next(self._numbers)}"
            sender = f"{token}@client.example"
            raw = mail(token, sender=sender)
            while (code := submit(self._port, raw, sender, SUPPORT)) != 250:
                self.answers.append((time.monotonic(), code))
                time.sleep(0.2)
            self._desk.traffic.promises.note(token)
            self.answers.append((time.monotonic(), code))


class Memory:
    """The daemon's own memory (RSS of its process), looked at ten times a second until ``stop``."""

    def __init__(self, desk: Field) -> None:
        assert desk.daemon.process is not None
        self._status = Path(f"/proc/{desk.daemon.process.pid}/status")
        self.before = self.peak = self.now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def now(self) -> int:
        found = re.search(r"VmRSS:\s+(\d+) kB", self._status.read_text())
        return int(found[1]) << 10 if found else 0

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, self.now())


@dataclass
class Outage:
    """``told`` is what clients were answered in it, ``back`` the seconds after it until one was told 250.

    Of the mails that came into mailboxes meanwhile ``untouched`` stayed there as they were; ``fetched`` were taken all
    the same, which is right where they could be stored: the ledgers know.
    """

    told: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    untouched: int = 0
    fetched: int = 0
    before: int = 0
    peak: int = 0
    back: float = 0.0
    drained: float = 0.0

    @property
    def wrong(self) -> dict[int, int]:
        """Answers that turn somebody away for good, or none."""
        return {code: n for code, n in self.told.items() if code not in LATER | {250}}

    def __str__(self) -> str:
        told = ", ".join(f"{n:,} x {code or 'no answer'}" for code, n in sorted(self.told.items()))
        return (
            f"{self.seconds:.0f} s: {told}; {self.untouched} mails untouched in their mailboxes; "
            f"RSS {self.before >> 20} MB before, {self.peak >> 20} MB at most; "
            f"first 250 after {self.back:.1f} s, all worked off after {self.drained:.0f} s"
        )


def lived_through(
    desk: Field, begin: Callable[[], None], end: Callable[[], None], seconds: float
) -> tuple[Outage, Verdict]:
    """The whole of it: traffic, the outage, traffic, and what the ledgers say in the end."""
    desk.start()
    desk.traffic.start()
    knocks = Knocks(desk, clients=scaled(2, 5))
    desk.sink.wait_for(scaled(8, 60), 120)
    with _outage(desk, knocks, begin, end) as seen:
        time.sleep(seconds)
    return seen, desk.finish()[0]


def contract_kept(seen: Outage, verdict: Verdict) -> None:
    assert verdict == Verdict(), verdict
    assert not seen.wrong, seen
    assert seen.told[451] + seen.told[452] >= 3, seen
    assert seen.untouched, seen
    assert seen.peak - seen.before <= GROWTH, seen


@contextmanager
def _outage(desk: Field, knocks: Knocks, begin: Callable[[], None], end: Callable[[], None]) -> Iterator[Outage]:
    """The body is how long it lasts; what was seen is complete after it."""
    seen, memory = Outage(), Memory(desk)
    begin()
    time.sleep(_GRACE)
    began, lying = time.monotonic(), _posted(desk)
    yield seen
    ended, came = time.monotonic(), _posted(desk) - lying
    left = untouched(desk)
    seen.told, seen.seconds = knocks.between(began, ended), ended - began
    seen.untouched, seen.fetched = len(came & left), len(came - left)
    end()
    restored = time.monotonic()
    seen.back = knocks.taken_after(restored, 60)
    memory.stop()
    seen.before, seen.peak = memory.before, memory.peak
    knocks.stop()
    worked_off(desk)
    seen.drained = time.monotonic() - restored
    assert desk.daemon.starts == 1
    assert not desk.daemon.dead()


def untouched(desk: Field) -> set[str]:
    """Tokens of mails that lie in their mailboxes as they came: no flag, no keyword, not moved."""
    return {token for name, server in desk.mailboxes.items() for token in _lying(server, f"{name}@desk.example")}


def _lying(server: Dovecot, address: str) -> Iterator[str]:
    with server.client(address) as client:
        client.select_folder("INBOX", readonly=True)
        for item in client.fetch(client.search(_UNTOUCHED), ["BODY.PEEK[]"]).values():
            found = TOKEN.search(item[b"BODY[]"].decode())
            assert found is not None
            yield found[0]


def _posted(desk: Field) -> set[str]:
    """Tokens that lie in a mailbox, or did, by their promises."""
    return {t for t in desk.traffic.promises.tokens() if t.split("-")[1] in desk.mailboxes}


def worked_off(desk: Field, seconds: float = scaled(300, 1200)) -> None:
    """No more questions; wait until every mailbox is empty and nothing waits in the database."""
    desk.traffic.hold()
    end = time.monotonic() + seconds
    while untouched(desk):
        assert time.monotonic() < end, f"{len(untouched(desk))} mails lie in their mailboxes"
        time.sleep(0.5)
    desk.idle(seconds)
