"""What a dead daemon held is free after its silence; a frozen one that wakes up does nothing with it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from statistics import median

import pytest
from harness import failpoints
from harness.daemon import Daemon
from harness.evidence import verdict
from harness.figures import Figures
from harness.fleet import WAITING, Fleet, fleet
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import mail
from servers.ports import wait_until

pytestmark = pytest.mark.timeout(scaled(600, 0))

TIMES = scaled(1, int(os.environ.get("GATEWAY_FLEET_TIMES", "20")))
LIMIT = scaled(20, 60)
"""Seconds; the short forms have shorter bounds."""
UNDECIDED = "SELECT count(*) FROM inbox WHERE state = 'waiting'"
FREED = "leases of a killed daemon are free again"
HELD_UP = "a daemon freezes in the middle of a decision"
WOKEN = "a sender frozen before the dot, its notices sent by another, wakes up"


def send(desk: Fleet, number: int) -> None:
    """A mail that is accepted."""
    token = f"token-smtp-{number}"
    desk.traffic.insist(mail(token), f"{token}@client.example", "support@desk.example", token)


def dies(desk: Fleet, daemon: Daemon, role: str, point: str, table: str) -> float:
    """The daemon takes a lease and dies of it; when. The thread that found nothing to claim may be the first."""
    daemon.environment.update(FAULT_POINT=point, FAULT_LEDGER=str(daemon.folder / "points"))
    held = f"SELECT count(*) FROM {table} WHERE lease IS NOT NULL"
    for _ in range(5):
        daemon.start("--only", role, wait=False)
        assert daemon.process is not None
        assert daemon.process.wait(60) == failpoints.STATUS, daemon.log()[-3000:]
        died = time.monotonic()
        if desk.rows.one(held):
            return died
    raise AssertionError("it never died with a lease")


def decide(desk: Fleet, daemon: Daemon) -> None:
    """A healthy worker decides what there is, and ends; the notices wait."""
    daemon.start("--only", "worker", wait=False)
    desk.rows.until(UNDECIDED, lambda n: n == 0, "the decisions", 60)
    assert daemon.stop() == 0


def lease_is_taken_over(desk: Fleet, number: int, within: float = 90) -> float:
    """A worker and a sender die with a lease each; seconds until another daemon has done what they held."""
    _, other, worker, sender = desk.daemons
    send(desk, 2 * number)
    decide(desk, other)
    send(desk, 2 * number + 1)
    died = dies(desk, worker, "worker", "claim mail committed", "inbox")
    dies(desk, sender, "sender", "claim notice committed", "notice")
    other.start("--only", "worker,sender", wait=False)
    desk.rows.idle(within)
    taken = time.monotonic() - died
    assert other.stop() == 0
    return taken


def test_what_a_killed_daemon_held_is_free_within_a_minute(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, count=4, imap="") as desk:
        desk.daemons[0].start("--only", "inbound")
        seconds = [lease_is_taken_over(desk, number) for number in range(TIMES)]
        found, _ = verdict(desk.url, desk.traffic)
        assert found == Verdict(), str(found)[:3000]
        assert max(seconds) < 60
        spread = f"p50 {median(seconds):.1f} s, max {max(seconds):.1f} s"
        told = f"{TIMES} times: done by another {spread} after the death; 0 lost, 0 twice"
        figures.measured("G32", f"{FREED}, mail and notices, PostgreSQL", told)


@pytest.mark.soak
def test_leases_that_do_not_end_with_their_holder_are_seen(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, count=4, imap="", controls=",leases_by_time_alone", hasty=False) as desk:
        desk.daemons[0].start("--only", "inbound")
        with pytest.raises(TimeoutError):
            lease_is_taken_over(desk, 0, LIMIT)
        found, _ = verdict(desk.url, desk.traffic)
    assert found.lost
    assert found.stuck
    seen = f"after {LIMIT} s {len(found.lost)} mail and {len(found.stuck) - 1} notices not done"
    figures.control("G32", FREED, "leases end by time alone", seen)


def wakes_up(desk: Fleet, number: int) -> None:
    """A sender freezes before two dots; another sends both notices; it goes on where it was."""
    frozen, other = desk.daemons
    at = len(desk.sink.commands)
    desk.sink.fail("RCPT", "delay", seconds=2.0, times=2)
    send(desk, number)
    wait_until(lambda: sum(c.startswith("RCPT") for c in desk.sink.commands[at:]) == 2, "two envelopes", 60)
    assert frozen.process is not None
    os.kill(frozen.process.pid, signal.SIGSTOP)
    try:
        other.start("--only", "sender", wait=False)
        desk.rows.idle(120)
    finally:
        os.kill(frozen.process.pid, signal.SIGCONT)
    assert other.stop() == 0


def woken(tmp_path: Path, nursery: Nursery, postgres: str, times: int, controls: str = "") -> tuple[Verdict, int]:
    """What became of it, and how often the frozen one found out that a notice was not its own any more."""
    with fleet(tmp_path, nursery, postgres, count=2, imap="", controls=controls) as desk:
        frozen = desk.daemons[0]
        frozen.start()
        desk.traffic.ports = [frozen.smtp_port]
        for number in range(times):
            wakes_up(desk, number)
        desk.rows.until(WAITING, lambda n: n == 0, "the end", 60)
        assert frozen.stop() == 0  # what it is at is finished first
        found, _ = verdict(desk.url, desk.traffic)
        return found, len(frozen.logged("notice_lease_lost"))


def test_a_sender_that_was_frozen_sends_nothing_that_another_has_sent(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    found, noticed = woken(tmp_path, nursery, postgres, TIMES)
    assert found == Verdict(), str(found)[:3000]
    assert noticed == 2 * TIMES
    figures.measured("Fleet", f"{WOKEN}, PostgreSQL", f"{noticed} notices, all dropped by it: 0 lost, 0 sent twice")


def test_a_sender_without_a_fence_is_seen_to_send_twice(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    found, _ = woken(tmp_path, nursery, postgres, 1, ",no_lease_fence")
    assert found.notices_doubled
    figures.control("Fleet", WOKEN, "no fence on leases", f"{len(found.notices_doubled)} of 2 notices sent twice")


def decisions_go_on(desk: Fleet, number: int, within: float) -> float:
    """A worker freezes before it commits a decision; seconds until another has decided that mail and the next."""
    frozen, other, _ = desk.daemons
    file = Path(frozen.environment["FAULT_FREEZE"])
    file.touch()
    send(desk, 2 * number)
    wait_until(lambda: not file.exists(), "a decision", 60)
    began = time.monotonic()
    other.start("--only", "worker", wait=False)
    send(desk, 2 * number + 1)
    assert frozen.process is not None
    try:
        desk.rows.until(UNDECIDED, lambda n: n == 0, "the decisions", within)
    finally:
        os.kill(frozen.process.pid, signal.SIGCONT)
    taken = time.monotonic() - began
    assert other.stop() == 0
    return taken


def frozen_deciders(
    tmp_path: Path, nursery: Nursery, postgres: str, times: int, controls: str = "", within: float = 90
) -> list[float]:
    with fleet(tmp_path, nursery, postgres, count=3, imap="", controls=controls) as desk:
        frozen, _, listener = desk.daemons
        frozen.environment["FAULT_FREEZE"] = str(tmp_path / "freeze")
        frozen.environment["FAULT_CONTROLS"] += ",freezes"
        listener.start("--only", "inbound,sender")
        frozen.start("--only", "worker", wait=False)
        desk.traffic.ports = [listener.smtp_port]
        seconds = [decisions_go_on(desk, number, within) for number in range(times)]
        desk.rows.idle(120)
        desk.stop()
        found, _ = verdict(desk.url, desk.traffic)
        assert found == Verdict(), str(found)[:3000]
        return seconds


def test_a_daemon_frozen_in_the_middle_of_a_decision_holds_the_others_up_for_less_than_a_minute(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    seconds = frozen_deciders(tmp_path, nursery, postgres, TIMES)
    assert max(seconds) < 60
    spread = f"p50 {median(seconds):.1f} s, max {max(seconds):.1f} s"
    figures.measured("G32", f"{HELD_UP}, PostgreSQL", f"{TIMES} times: others decide again after {spread}; 0 twice")


@pytest.mark.soak
def test_a_server_that_waits_for_a_frozen_daemon_is_seen(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with pytest.raises(TimeoutError):
        frozen_deciders(tmp_path, nursery, postgres, 1, ",patient_server", LIMIT)
    figures.control("G32", HELD_UP, "no limit on silence in a transaction", f"no decision in {LIMIT} s")


def test_claims_without_leases_and_row_locks_are_seen_to_double(
    tmp_path: Path, nursery: Nursery, postgres: str, figures: Figures
) -> None:
    with fleet(tmp_path, nursery, postgres, count=2, imap="", controls=",no_leases") as desk:
        desk.start()
        for number in range(6):
            send(desk, number)
        with contextlib.suppress(TimeoutError):  # they may well hinder each other for ever
            desk.rows.until(UNDECIDED, lambda n: n == 0, "the decisions", scaled(20, 60))
        desk.stop()
        found, _ = verdict(desk.url, desk.traffic)
    assert found.doubled
    seen = f"{len(found.doubled)} of 6 mails decided twice, {len(found.notices_doubled)} notices sent twice"
    figures.control("Fleet", "one watcher of a mailbox", "claims without SKIP LOCKED and lease", seen)
