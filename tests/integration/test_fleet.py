"""Two and three daemons on one PostgreSQL, one of them killed in mid-traffic: nothing is lost or doubled.

Frozen hosts, silent links and long runs: tests/fault/test_fleet_faults.py; the locks alone: tests/store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.fleet import (
    MAILBOX,
    Clients,
    Fleet,
    Rows,
    add_mailbox,
    idle,
    post,
    settle,
    tokens,
    verdict,
    watched,
    watcher,
)
from harness.oracle import Verdict
from servers.dovecot import Dovecot
from servers.ports import wait_until
from servers.sink import SmtpSink

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Dovecot:
    add_mailbox(dovecot)
    return dovecot


@pytest.fixture
def rows(postgres: str) -> Iterator[Rows]:
    made = Rows(postgres)
    yield made
    made.close()


@pytest.fixture
def fleet(tmp_path: Path, smtp_sink: SmtpSink) -> Iterator[Callable[..., Fleet]]:
    made: list[Fleet] = []

    def make(*urls: str, more: str = "") -> Fleet:
        made.append(Fleet(tmp_path, urls, smtp_sink.port, more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_daemon_killed_in_mid_traffic_costs_nothing_and_its_mailbox_is_taken_over_within_a_minute(
    fleet: Callable[..., Fleet], postgres: str, rows: Rows, mailbox: Dovecot, smtp_sink: SmtpSink
) -> None:
    three = fleet(postgres, postgres, postgres, more=MAILBOX.format(port=mailbox.port))
    three.start()
    watched(three)
    ports = [daemon.smtp_port for daemon in three.daemons]
    accepted: list[str] = []
    clients = Clients(ports, tokens("smtp", 60), threads=3, pause=0.05)
    post(mailbox, accepted, 20)
    victim = watcher(three)
    assert len(victim.json("status")["daemons"]) == 3
    wait_until(lambda: all(d.logged("mail_accepted") for d in three.daemons), "every listener to have taken mail")
    victim.kill()
    died = time.monotonic()
    post(mailbox, accepted, 20)
    assert watched(three, but=victim) < 30
    clients.wait()
    settle(rows, mailbox)
    assert time.monotonic() - died < 60 + 30, "what it held was free within a minute"
    assert verdict(rows, accepted + clients.accepted, smtp_sink) == Verdict()
    assert len(clients.accepted) == 60
    assert {row.status for row in rows("SELECT status FROM ticket")} == {"new"}
    assert sorted(three.stop()) == [0, 0]
    assert rows("SELECT name FROM watch") == []
    assert len(rows("SELECT id FROM daemon")) == 1, "the killed one alone did not say goodbye"


def test_roles_may_be_split_and_work_wanders_between_hosts_within_seconds(
    fleet: Callable[..., Fleet], postgres: str, rows: Rows, mailbox: Dovecot, smtp_sink: SmtpSink
) -> None:
    roles = ("inbound", "worker", "sender,clock")
    three = fleet(postgres, postgres, postgres, more=MAILBOX.format(port=mailbox.port))
    for daemon, role in zip(three.daemons, roles, strict=True):
        daemon.start("--only", role, wait=False)
    for daemon in three.daemons:
        three.ready(daemon)
    started = [{entry["service"] for entry in daemon.logged("service_started")} for daemon in three.daemons]
    assert {name.partition(" ")[0].partition(":")[0] for name in started[0]} == {"smtp", "imap"}
    assert {name.partition(" ")[0] for name in started[1]} == {"worker"}
    assert started[2] == {"sender", "clock"}

    watched(three)
    accepted: list[str] = []
    post(mailbox, accepted, 3)
    clients = Clients([three.daemons[0].smtp_port], tokens("smtp", 3), threads=1, pause=1.0)
    clients.wait()
    settle(rows, mailbox)
    assert verdict(rows, accepted + clients.accepted, smtp_sink) == Verdict()
    waits: list[Any] = rows("SELECT extract(epoch FROM settled_at - received_at) AS seconds FROM inbox")
    assert min(float(row.seconds) for row in waits) < 2.5, "another host notices mail within a second"
    assert three.stop() == [0, 0, 0]


def test_what_a_killed_sender_held_is_sent_by_another_within_a_minute(
    fleet: Callable[..., Fleet], postgres: str, rows: Rows, smtp_sink: SmtpSink
) -> None:
    """Its leases would last for half an hour otherwise: sending one notice may take that long."""
    two = fleet(postgres, postgres)
    smtp_sink.fail("RCPT", "silent", times=1)
    two.daemons[0].start()
    clients = Clients([two.daemons[0].smtp_port], tokens("smtp", 1), threads=1)
    clients.wait()
    wait_until(lambda: any(line.startswith("RCPT") for line in smtp_sink.commands), "the sender to be at it")
    assert rows.one("SELECT max(lease_until) - now() > interval '10 minutes' FROM notice")
    two.daemons[0].kill()
    killed = time.monotonic()
    two.daemons[1].start()
    idle(rows, 60)
    assert time.monotonic() - killed < 60
    assert verdict(rows, clients.accepted, smtp_sink) == Verdict()


def test_sqlite_refuses_a_second_daemon_with_a_clear_error(
    fleet: Callable[..., Fleet], tmp_path: Path, smtp_sink: SmtpSink
) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    two = fleet(url, url)
    two.daemons[0].start()
    second = two.daemons[1]
    second.start("--only", "worker", wait=False)
    assert second.process is not None
    assert second.process.wait(30) == 1
    assert "another gateway already runs on" in second.log()
    assert "move to PostgreSQL, which many daemons may share" in second.log()


def test_a_role_that_does_not_exist_is_refused(
    fleet: Callable[..., Fleet], tmp_path: Path, smtp_sink: SmtpSink
) -> None:
    one = fleet(f"sqlite:///{tmp_path}/gateway.db").daemons[0]
    one.start("--only", "worker,sendre", wait=False)
    assert one.process is not None
    assert one.process.wait(30) == 2
    assert "--only takes inbound, worker, sender, clock" in one.log()
