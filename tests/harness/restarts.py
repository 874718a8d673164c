"""How soon a killed daemon is there again: it greets, says that it is ready, takes a mail, frees what was held."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.cpu import cpu_seconds
from harness.field import Field
from harness.traffic import mail, submit
from harness.waiting import Waiting
from servers.ports import greets, wait_until

GOALS = {"greeting": 3.0, "ready": 3.0, "first 250": 5.0, "leases free": 60.0}
"""Seconds."""
CPU_SECONDS = 3.0
"""Of CPU until the greeting: more could not be within the goal on any machine that is like this one."""
_PATIENCE = 240.0


@dataclass
class Restarts:
    """``again`` kills a daemon that holds leases and starts it; ``took`` has the seconds of each start, by goal."""

    desk: Field
    took: list[dict[str, float]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        name = f"gateway-test-{secrets.token_hex(8)}"
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(f"\0{name}")
        self._manager.settimeout(_PATIENCE)
        self.desk.daemon.environment.update(NOTIFY_SOCKET=f"@{name}", PYTHONDONTWRITEBYTECODE="")

    def close(self) -> None:
        self._manager.close()

    def again(self) -> None:
        """Once for the measurement; the daemon must run."""
        held = self._killed()
        began, found = time.monotonic(), dict[str, float]()
        self.desk.daemon.start(wait=False)

        def timed(goal: str, wait: Callable[[], None]) -> threading.Thread:
            def body() -> None:
                wait()
                found[goal] = time.monotonic() - began

            thread = threading.Thread(target=body, daemon=True)
            thread.start()
            return thread

        waits = {"greeting": self._greeted, "ready": self._ready, "first 250": self._taken}
        threads = [timed(goal, wait) for goal, wait in waits.items()]
        threads.append(timed("leases free", lambda: self._freed(held)))
        for thread in threads:
            thread.join(_PATIENCE)
        assert found.keys() == GOALS.keys(), (found, self.desk.daemon.log()[-3000:])
        self.took.append(found)
        self.held.append(len(held))

    # --- before and after a death -------------------------------------------------------------------

    def _killed(self) -> set[str]:
        """kill -9 with notices on the wire; the leases that are left."""
        self.desk.sink.fail(".", "delay", times=4, seconds=30)
        for _ in range(3):
            self._taken()
        with Waiting(self.desk.url) as there:
            wait_until(lambda: len(there.leases()) > 1, "leases to be held", 60)
            self.desk.daemon.kill()
            self.desk.sink.mend()
            self._forget()
            return there.leases()

    def _forget(self) -> None:
        """What the dead one told its manager."""
        self._manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._manager.recv(4096):
                pass
        self._manager.settimeout(_PATIENCE)

    def _greeted(self) -> None:
        wait_until(lambda: greets(self.desk.daemon.smtp_port, b"220"), "the greeting", _PATIENCE)
        assert self.desk.daemon.process is not None
        self.cpu.append(cpu_seconds(self.desk.daemon.process.pid))

    def _ready(self) -> None:
        while self._manager.recv(4096) != b"READY=1":
            pass

    def _taken(self) -> None:
        """A client of its own, who tries until its mail is taken."""
        token = f"token-smtp-{secrets.randbelow(10**12)}"
        raw, sender = mail(token), f"{token}@client.example"
        while submit(self.desk.daemon.smtp_port, raw, sender, "support@desk.example") != 250:
            time.sleep(0.01)

    def _freed(self, held: set[str]) -> None:
        with Waiting(self.desk.url) as there:
            wait_until(lambda: not held & there.leases(), "the leases of the dead to be free", _PATIENCE)

    # --- figures ------------------------------------------------------------------------------------

    def missed(self) -> dict[str, int]:
        """Goals and how often they were missed."""
        count = {goal: sum(one[goal] > limit for one in self.took) for goal, limit in GOALS.items()}
        return {goal: number for goal, number in count.items() if number}

    def told(self) -> str:
        """The figure; a busy machine is slow, and says so."""
        ordered = {goal: sorted(one[goal] for one in self.took) for goal in GOALS}
        middle = len(self.took) // 2
        parts = [f"{goal} after {times[middle]:.2f} s (at most {times[-1]:.2f})" for goal, times in ordered.items()]
        missed = ", ".join(f"{goal} missed {n} times" for goal, n in self.missed().items()) or "no goal missed"
        busy = f"{os.cpu_count()} cores with {os.getloadavg()[0]:.0f} processes that want them"
        cpu = f"{sorted(self.cpu)[middle]:.1f} s of CPU until the greeting"
        return f"{len(self.took)} starts, {sum(self.held)} leases: {', '.join(parts)}; {cpu}; {missed}; {busy}"
