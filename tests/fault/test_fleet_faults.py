"""Daemons on one PostgreSQL that freeze, lose their link to it, or die again and again: nothing is lost or doubled."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.fleet import MAILBOX, Clients, Fleet, Rows, add_mailbox, post, settle, tokens, verdict, watched, watcher
from harness.oracle import Verdict
from harness.paused_link import PausedLink
from servers.dovecot import Dovecot
from servers.ports import wait_until
from servers.postgres import Postgres
from servers.sink import SmtpSink

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


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


def test_a_frozen_holder_loses_the_mailbox_and_does_no_harm_when_it_wakes(
    fleet: Callable[..., Fleet], postgres: str, rows: Rows, mailbox: Dovecot, smtp_sink: SmtpSink
) -> None:
    two = fleet(postgres, postgres, more=MAILBOX.format(port=mailbox.port))
    two.start()
    watched(two)
    accepted: list[str] = []
    holder = watcher(two)
    assert holder.process is not None
    os.kill(holder.process.pid, signal.SIGSTOP)
    post(mailbox, accepted, 10)
    assert watched(two, but=holder) < 45
    settle(rows, mailbox)
    os.kill(holder.process.pid, signal.SIGCONT)
    wait_until(lambda: bool(holder.logged("watch_ended")), "the frozen one to notice", 30)
    post(mailbox, accepted, 10, pause=0.05)
    settle(rows, mailbox)
    assert verdict(rows, accepted, smtp_sink) == Verdict()
    assert watcher(two) is not holder


def test_a_holder_whose_link_to_the_database_goes_silent_stops_before_another_starts(
    fleet: Callable[..., Fleet],
    postgres: str,
    postgres_server: Postgres,
    rows: Rows,
    mailbox: Dovecot,
    smtp_sink: SmtpSink,
) -> None:
    link = PausedLink(postgres_server.host, postgres_server.port)
    through = re.sub(r":\d+/", f":{link.port}/", postgres)
    two = fleet(through, postgres, more=MAILBOX.format(port=mailbox.port))
    far, near = two.daemons
    far.start()
    watched(two)
    near.start()
    accepted: list[str] = []
    link.pause()
    post(mailbox, accepted, 10)
    assert watched(two, but=far) < 60
    wait_until(lambda: bool(far.logged("watch_ended")), "the cut-off one to end", 5)
    assert far.logged("watch_ended")[0]["at"] < near.logged("watch_began")[0]["at"]
    settle(rows, mailbox)
    link.resume()
    wait_until(lambda: bool(rows("SELECT 1 FROM daemon HAVING count(*) = 2")), "both to be registered", 60)
    post(mailbox, accepted, 5)
    settle(rows, mailbox)
    assert verdict(rows, accepted, smtp_sink) == Verdict()
    link.close()


def test_daemons_are_killed_and_frozen_one_after_the_other(
    fleet: Callable[..., Fleet], postgres: str, rows: Rows, mailbox: Dovecot, smtp_sink: SmtpSink
) -> None:
    rounds = int(os.environ.get("GATEWAY_FLEET_ROUNDS", "30"))
    three = fleet(postgres, postgres, postgres, more=MAILBOX.format(port=mailbox.port))
    three.start()
    watched(three)
    accepted: list[str] = []
    clients = Clients([d.smtp_port for d in three.daemons], tokens("smtp", 40 * rounds), threads=3, pause=0.2)
    for number in range(rounds):
        daemon = three.daemons[number % 3]
        post(mailbox, accepted, 10, pause=0.1)
        assert daemon.process is not None
        if number % 2:
            os.kill(daemon.process.pid, signal.SIGSTOP)
            time.sleep(35)
            os.kill(daemon.process.pid, signal.SIGCONT)
        else:
            daemon.kill()
            daemon.start(wait=False)
    clients.wait(900)
    settle(rows, mailbox, 300)
    assert verdict(rows, accepted + clients.accepted, smtp_sink) == Verdict()
