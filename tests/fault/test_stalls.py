"""One component of the running daemon hangs: the pings to the service manager cease in time, and return with it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fault.controls.stalled import PLACES
from harness.daemon import Daemon
from harness.field import CONFIG, MAILBOX
from harness.figures import Figures
from harness.nursery import Nursery
from harness.scale import scaled
from servers.imap_script import ScriptedImap
from servers.ports import HOST, free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
WATCHDOG = scaled(2.0, 60.0)
"""Seconds as in the service unit; a ping is due within them."""
PATIENCE = scaled("5", "")
ONE_BIRTH = threading.Lock()
"""The nursery makes one child at a time."""
EXPERIMENT = "a component of the daemon hangs"
SERVICES = {"listener": "smtp:", "watcher": "imap:", "worker": "worker", "sender": "sender", "clock": "clock"}


@dataclass
class Manager:
    """The service manager's end of the socket: when pings came, and the last status."""

    address: str
    pings: list[float] = field(default_factory=list)
    status: str = ""
    ready: bool = False

    def __post_init__(self) -> None:
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._link.bind(self.address)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._link.recv(4096).decode():
            for line in message.splitlines():
                if line == "WATCHDOG=1":
                    self.pings.append(time.monotonic())
                self.ready = self.ready or line == "READY=1"
                self.status = line.removeprefix("STATUS=") if line.startswith("STATUS=") else self.status

    def last_ping(self) -> float:
        return self.pings[-1] if self.pings else 0.0

    def close(self) -> None:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as end:
            end.sendto(b"", self.address)
        self._thread.join(10)
        self._link.close()


@dataclass
class Watched:
    """A daemon under a manager, and the file that makes a component hang."""

    daemon: Daemon
    manager: Manager
    stall: Path

    def hang(self, name: str) -> float:
        """Returns when that was."""
        self.stall.write_text(name)
        if name == "listener":
            with socket.create_connection((HOST, self.daemon.smtp_port)):
                return time.monotonic()
        return time.monotonic()

    def resume(self) -> None:
        self.stall.write_text("")


@contextlib.contextmanager
def watched(folder: Path, nursery: Nursery, controls: str = "stalled") -> Iterator[Watched]:
    folder.mkdir()
    mailbox, manager = ScriptedImap(), Manager(str(folder / "notify"))
    text = CONFIG.format(database="sqlite:///gateway.db", smtp=(port := free_port()), out=free_port(), outbound="")
    text += MAILBOX.format(name="box", port=mailbox.port, user="me@desk.example")
    daemon = Daemon(folder / "desk", text, smtp_port=port, nursery=nursery)
    desk = Watched(daemon, manager, folder / "stall")
    desk.resume()
    daemon.environment.update(
        FAULT_CONTROLS=controls,
        FAULT_STALL=str(desk.stall),
        FAULT_PATIENCE=PATIENCE,
        NOTIFY_SOCKET=manager.address,
        WATCHDOG_USEC=str(int(WATCHDOG * 1e6)),
    )
    try:
        with ONE_BIRTH:
            daemon.start(wait=False)
        wait_until(lambda: manager.ready and bool(manager.pings), "the first ping", 60)
        yield desk
        desk.resume()
        assert daemon.stop() == 0, daemon.log()[-3000:]
    finally:
        desk.resume()
        daemon.close()
        mailbox.close()
        manager.close()


def noticed(desk: Watched, name: str) -> float:
    """Seconds from the hang to the last ping before the manager would act; raises TimeoutError when pings go on."""
    began = desk.hang(name)

    def silent() -> bool:
        return time.monotonic() - max(desk.manager.last_ping(), began) > 1.5 * WATCHDOG

    wait_until(silent, f"the pings to cease after the {name} had hung", scaled(60, 400))
    assert re.search(rf"{SERVICES[name]}\S*( \d)? stalled", desk.manager.status), desk.manager.status
    last = desk.manager.last_ping()
    desk.resume()
    wait_until(lambda: desk.manager.last_ping() > last, "the pings to return", 60)
    return max(0.0, last - began)


def test_pings_cease_when_a_component_hangs_and_return_with_it(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    def seconds(name: str) -> float:
        with watched(tmp_path / name, nursery) as desk:
            return noticed(desk, name)

    with ThreadPoolExecutor(len(PLACES)) as pool:
        found = dict(zip(PLACES, pool.map(seconds, PLACES), strict=True))
    assert max(found.values()) < scaled(30, 75), found
    words = ", ".join(f"{name} {after:.0f} s" for name, after in found.items())
    figures.measured("G13", EXPERIMENT, f"pings cease after: {words}; they return with it")


def test_pings_that_do_not_ask_the_services_go_on(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with watched(tmp_path / "desk", nursery, "stalled,ungated_ping") as desk:
        began = desk.hang("worker")
        wait_until(lambda: "stalled" in desk.manager.status, "the stall", scaled(60, 400))
        before = len(desk.manager.pings)
        wait_until(lambda: len(desk.manager.pings) >= before + 3, "more pings", 60)
        figures.control(
            "G13", EXPERIMENT, "a ping that no service gates", f"still coming after {time.monotonic() - began:.0f} s"
        )
