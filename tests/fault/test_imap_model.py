"""A second client does as it likes in the watched folder, the server restarts and renumbers; the ledger decides."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness.databases import BOTH
from harness.evidence import verdict as judged
from harness.field import CAPABILITIES, Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from harness.second_client import SecondClient
from harness.traffic import TOKEN
from servers.dovecot import Dovecot
from servers.ledger import Ledger, running
from servers.ports import wait_until

from gateway.config import InboundImap
from gateway.inbound.imap import ImapWatcher

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
STEPS = scaled(10, 1250)
"""Of one client; five kinds of server and store make eight of them, and so 10,000 in all."""
EXPERIMENT = "random IMAP client beside the desk"
USER = "support@desk.example"


# --- the whole desk -------------------------------------------------------------------------------------


def clients(desk: Field) -> list[SecondClient]:
    """One in each mailbox."""
    return [
        SecondClient(server, f"{name}@desk.example", name, random.Random(name), desk.traffic.promises.note)
        for name, server in desk.mailboxes.items()
    ]


def waiting(client: SecondClient) -> int:
    """How many mails the desk has not put away."""
    with client.server.client(client.address) as imap:
        imap.select_folder("INBOX", readonly=True)
        return len(imap.search("UNKEYWORD $Processed" if client.name == "keyword" else "ALL"))


def finished(desk: Field, beside: list[SecondClient]) -> Verdict:
    """The verdict; what another client took away may have come to the desk or not."""
    for client in beside:
        wait_until(lambda c=client: not waiting(c), f"mailbox {client.name} to be put away", scaled(180, 1800))  # type: ignore[misc]
    desk.idle(scaled(180, 1800))
    assert desk.daemon.stop() == 0, desk.daemon.log()[-3000:]
    verdict, _ = judged(desk.url, desk.traffic)
    taken_away = {client.token(number) for client in beside for number in client.taken_away}
    return dataclasses.replace(verdict, lost=tuple(token for token in verdict.lost if token not in taken_away))


@pytest.mark.parametrize("database", BOTH)
def test_every_mail_is_a_message_exactly_once_whatever_another_client_does(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    with field(tmp_path, nursery, url, gone=False, controls="haste,soon_back") as desk:
        beside = clients(desk)
        desk.start()
        with ThreadPoolExecutor(len(beside)) as pool:
            list(pool.map(lambda client: client.run(STEPS), beside))
        verdict = finished(desk, beside)
        failures = desk.daemon.logged("service_failed")
    assert verdict == Verdict(), str(verdict)
    assert failures == [], "an exception that the watcher does not know"
    note(figures, f"by {', '.join(CAPABILITIES)}, {database}", beside)


def note(figures: Figures, how: str, beside: list[SecondClient]) -> None:
    did = sum((client.did for client in beside), Counter())
    mails = sum(len(client.sent) for client in beside)
    done = f"{did.total():,} steps, {mails:,} mails, {did['renumber']} times a new UIDVALIDITY"
    figures.measured("G7", f"{EXPERIMENT}, {how}", f"{done}: 0 lost, 0 twice, 0 exceptions escaped")


def test_without_unique_keys_a_mail_that_is_put_back_is_seen_twice(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with field(tmp_path, nursery, imap=("move",), gone=False, controls="haste,no_unique_keys") as desk:
        beside = clients(desk)
        desk.start()
        beside[0].append()
        wait_until(lambda: not waiting(beside[0]), "the mail to be put away", 30)
        beside[0].put_back()
        verdict = finished(desk, beside)
    assert verdict.doubled, verdict
    figures.control("G7", EXPERIMENT, "no unique keys", f"{len(verdict.doubled)} doubled")


# --- the watcher alone ----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["move", "copy"])
def test_the_watcher_hands_over_every_mail_whatever_another_client_does(way: str, figures: Figures) -> None:
    server, ledger = Dovecot(capability=CAPABILITIES[way]), Ledger()
    try:
        server.add_user(USER)
        beside = SecondClient(server, USER, way, random.Random(way))
        with running(watcher(server, ledger)):
            beside.run(STEPS)
            wait_until(lambda: not waiting(beside), "an empty inbox", scaled(180, 1800))
    finally:
        server.close()
    taken = [int(TOKEN.findall(raw.decode())[0].rpartition("-")[2]) for raw in ledger.raws]
    assert set(beside.sent) - beside.taken_away <= set(taken)
    once = [number for number in taken if number not in beside.may_repeat]
    assert len(once) == len(set(once))
    note(figures, f"by {way}, the watcher alone", [beside])


def watcher(server: Dovecot, ledger: Ledger) -> ImapWatcher:
    settings = InboundImap(
        name="support", host=server.host, port=server.port, tls="none", username=USER, password="pw", scan_interval=1
    )
    return ImapWatcher(settings, ledger, ledger, password=lambda: "pw", random=lambda: 0.0)
