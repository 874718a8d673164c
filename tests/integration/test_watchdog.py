"""The service manager's watchdog is fed by the progress of every service, over a real NOTIFY_SOCKET."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import systemd
from gateway.supervisor import Supervisor

WATCHDOG_SECONDS = 0.4
PATIENCE = 0.3
NAMES = ("smtp", "imap", "worker", "sender")


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(address)

    def wait_for(self, wanted: str, within: float = 5) -> None:
        self.link.settimeout(within)
        while self.link.recv(4096).decode() != wanted:
            pass

    def pings_within(self, seconds: float) -> int:
        """How many WATCHDOG=1 arrive in a stretch of time."""
        end, pings = time.monotonic() + seconds, 0
        self.link.settimeout(0.02)
        while time.monotonic() < end:
            try:
                pings += self.link.recv(4096) == b"WATCHDOG=1"
            except TimeoutError:
                continue
        return pings


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_SECONDS * 1e6)))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield manager
    manager.link.close()


class Stallable:
    """Beats every 10 ms until it is told to hang."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hang = threading.Event()
        self.resume = threading.Event()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        while not stop.wait(0.01):
            if self.hang.is_set():
                self.resume.wait(20)
                self.hang.clear()
            beat()


@pytest.mark.parametrize("name", NAMES)
def test_pings_cease_when_a_service_stalls_and_return_with_it(manager, name):
    services = {each: Stallable(each) for each in NAMES}
    supervisor = Supervisor(list(services.values()), patience_seconds=PATIENCE)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        manager.wait_for("READY=1")
        assert manager.pings_within(0.6) >= 2

        services[name].hang.set()
        manager.wait_for(f"STATUS={name} stalled")
        assert manager.pings_within(2 * WATCHDOG_SECONDS) == 0

        services[name].resume.set()
        manager.wait_for(f"STATUS={len(NAMES)} services running")
        assert manager.pings_within(0.6) >= 2
    finally:
        services[name].resume.set()
        supervisor.stop()
        thread.join(10)
    assert not thread.is_alive()
    manager.wait_for("STOPPING=1\nSTATUS=draining")


def test_the_daemon_as_the_manager_sees_it(manager, tmp_path, free_port):
    """Ready, watched, reloaded with a mistake and without, and drained with status 0."""
    desk = tmp_path / "desk"
    gateway = [sys.executable, "-m", "gateway", "--config", str(desk / "gateway.toml")]
    subprocess.run([*gateway, "init", str(desk)], check=True, stdout=subprocess.DEVNULL, timeout=30)
    good = (desk / "gateway.toml").read_text().replace("127.0.0.1:2525", f"127.0.0.1:{free_port}")
    (desk / "gateway.toml").write_text(good)
    daemon = subprocess.Popen([*gateway, "run"], stderr=subprocess.PIPE, text=True)
    try:
        manager.wait_for("READY=1", within=30)
        assert manager.pings_within(2.0) >= 1
        for text, verb in ((good + "[unknown]\n", "configuration_refused"), (good, "configuration_reloaded")):
            (desk / "gateway.toml").write_text(text)
            daemon.send_signal(signal.SIGHUP)
            manager.wait_for("READY=1")
            assert verb in read_until(daemon, "configuration_")
        daemon.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1\nSTATUS=draining")
        assert daemon.wait(30) == 0
    finally:
        daemon.kill()
        daemon.communicate(timeout=10)


def read_until(daemon: subprocess.Popen[str], wanted: str) -> str:
    """The first line of its log that holds ``wanted``."""
    assert daemon.stderr
    return next(line for line in daemon.stderr if wanted in line)


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_an_abstract_socket_is_reached():
    name = f"gateway-test-{uuid.uuid4().hex}"
    manager = Manager("\0" + name)
    systemd.notify("READY=1", {"NOTIFY_SOCKET": "@" + name})
    manager.wait_for("READY=1")
    manager.link.close()


@pytest.mark.parametrize("address", ["", "relative/path", "/nowhere/notify"])
def test_a_manager_that_is_not_there_is_no_error(address):
    systemd.notify("READY=1", {"NOTIFY_SOCKET": address})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_interval_is_read_from_the_environment(environ, seconds):
    assert systemd.watchdog_seconds(environ, pid=7) == seconds
