"""What lies around the daemon fails: disks, databases, links, clocks. Nothing is lost, nothing comes twice."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.evidence import verdict as judged
from harness.field import Field, field
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.traffic import mail
from servers.ports import missing, wait_until
from servers.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LARGE = 25 << 20


def clean(desk: Field, seconds: float = 90) -> None:
    verdict, _ = desk.finish(seconds)
    assert verdict == Verdict(), str(verdict)


def put_off(desk: Field, *, some: bool = True) -> None:
    """Nobody was turned away for good: every answer but 250 is of the 400s, or no answer at all."""
    put_off = {code: n for code, n in desk.traffic.replies.items() if code not in (0, 250)}
    assert put_off.keys() <= {421, 451, 452}, put_off
    assert put_off or not some


# --- PostgreSQL -------------------------------------------------------------------------------------


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


def test_postgresql_away_for_ten_seconds_puts_mail_off(
    tmp_path: Path, nursery: Nursery, own_postgres: Postgres
) -> None:
    with field(tmp_path, nursery, own_postgres.database(), imap=("move",), gone=False) as desk:
        desk.start()
        desk.traffic.start()
        desk.sink.wait_for(6, 60)
        own_postgres.stop()
        time.sleep(10)
        own_postgres.start()
        before = desk.traffic.replies[250]
        wait_until(lambda: desk.traffic.replies[250] > before, "mail to be taken again", 15)
        time.sleep(3)
        assert desk.daemon.starts == 1
        assert not desk.daemon.dead()
        clean(desk, 120)
        put_off(desk)


def crash_of(server: Postgres) -> None:
    """kill -9 of the whole of PostgreSQL, in whatever it is doing, and a start that recovers."""
    assert server._process is not None
    os.killpg(server._process.pid, signal.SIGKILL)
    server._process.wait(10)
    server.start()


def killed_postgres(desk: Field, server: Postgres, kills: int, cuts: int) -> None:
    desk.start()
    desk.traffic.start()
    desk.sink.wait_for(2, 60)
    for _ in range(kills):
        time.sleep(1.2)
        crash_of(server)
    for _ in range(cuts):
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ticket-gateway'"
        server.psql(f"{query} AND (query ILIKE 'commit%' OR state = 'active')")
        time.sleep(0.05)
    assert not desk.daemon.dead()
    clean(desk, 240)
    put_off(desk, some=False)


def test_postgresql_killed_in_mid_commit_loses_and_doubles_nothing(
    tmp_path: Path, nursery: Nursery, own_postgres: Postgres
) -> None:
    with field(tmp_path, nursery, own_postgres.database(), imap=("move",), gone=False, pause=0.02) as desk:
        killed_postgres(desk, own_postgres, kills=3, cuts=30)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_postgresql_killed_a_hundred_times(tmp_path: Path, nursery: Nursery, own_postgres: Postgres) -> None:
    with field(tmp_path, nursery, own_postgres.database(), imap=("move",), gone=False, pause=0.02) as desk:
        killed_postgres(desk, own_postgres, kills=100, cuts=400)


# --- links ------------------------------------------------------------------------------------------


def test_links_that_fall_silent_or_break_lose_and_double_nothing(tmp_path: Path, nursery: Nursery) -> None:
    with field(
        tmp_path,
        nursery,
        controls="haste,impatient",
        gone=False,
        proxied=True,
        outbound="connect_timeout = 2\ncommand_timeout = 2\ndata_timeout = 2",
    ) as desk:
        desk.start()
        desk.traffic.start()
        desk.sink.wait_for(6, 60)
        for link in desk.links:
            link.pause()
        time.sleep(5)
        for link in desk.links:
            link.resume()
        time.sleep(2)
        assert sum(link.forget() for link in desk.links) >= 3
        time.sleep(6)
        for _ in range(5):
            for link in desk.links:
                link.cut()
            time.sleep(0.7)
        clean(desk, 120)
        put_off(desk, some=False)


# --- stopping, sizes, poison ------------------------------------------------------------------------


def begun(port: int, token: str) -> socket.socket:
    """A client in the middle of DATA."""
    link = socket.create_connection(("127.0.0.1", port), timeout=60)
    for command in (b"", b"EHLO c.example\r\n", f"MAIL FROM:<{token}@client.example> SIZE={LARGE}\r\n".encode()):
        link.sendall(command)
        link.recv(4096)
    for command in (b"RCPT TO:<support@desk.example>\r\n", b"DATA\r\n"):
        link.sendall(command)
        assert link.recv(4096)[:1] in b"23"
    return link


def test_sigterm_in_the_middle_of_25_megabytes_lets_them_end(tmp_path: Path, nursery: Nursery) -> None:
    with field(tmp_path, nursery, imap=(), gone=False) as desk:
        desk.start()
        raw = mail("token-large-1", size=LARGE - 2_000_000)
        link = begun(desk.daemon.smtp_port, "token-large-1")
        link.sendall(raw[: len(raw) // 2])
        process = desk.daemon.process
        assert process is not None
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        link.sendall(raw[len(raw) // 2 :] + b".\r\n")
        heard = link.recv(4096)
        link.close()
        assert heard.startswith(b"250"), heard
        assert process.wait(30) == 0
        assert time.monotonic() - began < 30
        desk.traffic.promises.note("token-large-1")
        desk.start()
        desk.daemon.idle(60)
        assert desk.daemon.stop() == 0
        assert judged(desk.url, desk.traffic)[0] == Verdict()


def test_a_poison_mail_kills_three_readers_at_most_while_good_mail_goes_on(tmp_path: Path, nursery: Nursery) -> None:
    with field(tmp_path, nursery, controls="haste,deadly", imap=(), gone=False, troubles=("poison",), ahead=12) as desk:
        desk.start()
        desk.traffic.start()
        desk.sink.wait_for(10, 60)
        desk.daemon.kill()
        desk.start()
        wait_until(lambda: len(desk.daemon.logged("mail_quarantined")) >= 2, "two quarantined mails", 60)
        verdict, _ = desk.finish()
    assert verdict == Verdict(), str(verdict)
    deaths: dict[int, int] = {}
    for entry in desk.daemon.logged("reader_killed"):
        deaths[entry["inbox_id"]] = deaths.get(entry["inbox_id"], 0) + 1
    assert deaths
    assert max(deaths.values()) <= 3


# --- clocks -----------------------------------------------------------------------------------------


def test_a_clock_that_jumps_neither_loses_nor_starves_anything(tmp_path: Path, nursery: Nursery) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with field(
        tmp_path / "desk", nursery, controls="haste,planted,clock_file", gone=False, troubles=("hiccup",), pause=0.2
    ) as desk:
        desk.daemon.environment["FAULT_CLOCK"] = str(clock)
        desk.start()
        desk.traffic.start()
        for seconds in (3600, 0, 86400, -3600, -86400, 0):
            clock.write_text(str(seconds))
            time.sleep(2)
        clean(desk, 60)
        put_off(desk, some=False)
