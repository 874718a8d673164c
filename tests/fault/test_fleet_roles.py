"""Parts of a daemon on machines of their own, and who may run beside whom."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from harness.daemon import Daemon
from harness.evidence import verdict
from harness.figures import Figures
from harness.fleet import fleet, hosts
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from servers.ports import free_port, wait_until

pytestmark = pytest.mark.timeout(scaled(600, 0))

MAILS = scaled(12, 500)
SPLIT = "roles on machines of their own (--only)"
SECOND = "a second daemon on a SQLite file"
ROLES = ("inbound", "worker", "sender", "clock")


def test_roles_on_four_machines_do_all_that_one_daemon_does(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, count=5, pause=0.05, ahead=10) as parts:
        whole, *each = parts.daemons
        whole.start()
        assert whole.stop() == 0
        for daemon, role in zip(each, ROLES, strict=True):
            daemon.start("--only", role, wait=False)
        parts.all_here()
        parts.traffic.ports = [each[0].smtp_port]
        parts.traffic.start()
        wait_until(lambda: len(parts.traffic.promises.tokens()) >= MAILS, f"{MAILS} mails", scaled(120, 3600))
        found, _ = parts.finish()
        assert found == Verdict(), str(found)[:3000]
        started = [services(daemon) for daemon in each]
        assert set.union(*started) == services(whole)
        assert sum(map(len, started)) == len(services(whole)), "nothing runs twice"
        mails = len(parts.traffic.promises.tokens())
    figures.measured("Fleet", f"{SPLIT}, PostgreSQL", f"{mails:,} mails over four machines: 0 lost, 0 twice")


def services(daemon: Daemon) -> set[str]:
    """What ran there; a listener without its own address."""
    return {entry["service"].partition(":127")[0] for entry in daemon.logged("service_started")}


def test_a_role_that_runs_nowhere_is_seen(tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures) -> None:
    with fleet(tmp_path, nursery, postgres, count=2, imap="", pause=0.05) as parts:
        listener, sender = parts.daemons
        listener.start("--only", "inbound")
        sender.start("--only", "sender,clock", wait=False)
        parts.all_here()
        parts.traffic.ports = [listener.smtp_port]
        parts.traffic.start()
        wait_until(lambda: len(parts.traffic.promises.tokens()) >= 5, "5 mails", 60)
        parts.traffic.hold()
        time.sleep(1)
        parts.stop()
        found, _ = verdict(parts.url, parts.traffic)
    assert len(found.lost) >= 5
    figures.control("Fleet", SPLIT, "no worker anywhere", f"{len(found.lost)} mails in no ticket")


def second(folder: Path, nursery: Nursery, controls: str = "") -> tuple[int | None, float, str]:
    """A second daemon beside one that runs: how it ended, after how long, its log. None: it did not end."""
    url = f"sqlite:///{folder}/gateway.db"
    first, other = made = hosts(folder, [url, url], free_port(), nursery=nursery, controls=controls)
    try:
        first.start()
        began = time.monotonic()
        other.start("--only", "worker", wait=False)
        assert other.process is not None
        wait_until(lambda: other.dead() or bool(other.logged("daemon_ready")), "the second to end, or to work", 60)
        status = other.process.poll()
        assert first.stop() == 0
        return status, time.monotonic() - began, other.log()
    finally:
        for daemon in made:
            daemon.close()


def test_sqlite_refuses_a_second_daemon_with_a_clear_error(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    status, seconds, log = second(tmp_path, nursery)
    assert status == 1
    assert "another gateway already runs on" in log
    assert "move to PostgreSQL, which many daemons may share" in log
    figures.measured("Fleet", f"{SECOND}, SQLite", f"ends with status 1 within {seconds:.1f} s, and says what to do")


def test_a_second_daemon_that_is_not_refused_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    status, _, _ = second(tmp_path, nursery, ",no_file_lock")
    assert status is None
    figures.control("Fleet", SECOND, "no lock on the file", "it runs")


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path, nursery: Nursery) -> None:
    (one,) = hosts(tmp_path, [f"sqlite:///{tmp_path}/gateway.db"], free_port(), nursery=nursery)
    one.start("--only", "worker,sendre", wait=False)
    assert one.process is not None
    try:
        assert one.process.wait(30) == 2
    except subprocess.TimeoutExpired:
        one.close()
        raise
    assert "--only takes inbound, worker, sender, clock" in one.log()
