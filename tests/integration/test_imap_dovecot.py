"""The watcher against a real Dovecot: nothing lost, nothing twice, whatever happens to the connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from servers.dovecot import Dovecot
from servers.ledger import Ledger, running
from servers.ports import wait_until

from gateway.config import InboundImap
from gateway.errors import Temporary
from gateway.inbound.door import Door
from gateway.inbound.imap import ImapWatcher, probe
from gateway.store import MailboxState, open_store, schema

USER = "support@desk.example"


def mail(number: int = 1, body: bytes = b"hello") -> bytes:
    return b"From: a@client.example\r\nMessage-ID: <%d@client.example>\r\nSubject: %d\r\n\r\n%s\r\n" % (
        number,
        number,
        body,
    )


def settings(server: Dovecot, **more: Any) -> InboundImap:
    basic = {"name": "support", "host": server.host, "port": server.port, "tls": "none", "username": USER}
    return InboundImap(**{"password": "pw", **basic, **more})


def watcher(server: Dovecot, ledger: Ledger, **more: Any) -> ImapWatcher:
    return ImapWatcher(settings(server, **more), ledger, ledger, password=lambda: "pw", random=lambda: 0.0)


@pytest.fixture
def box(dovecot: Dovecot) -> Dovecot:
    dovecot.add_user(USER)
    return dovecot


@pytest.fixture
def make_dovecot() -> Iterator[Callable[..., Dovecot]]:
    made: list[Dovecot] = []

    def make(**more: Any) -> Dovecot:
        made.append(Dovecot(**more))
        made[-1].add_user(USER)
        return made[-1]

    yield make
    for server in made:
        server.close()


def moved(server: Dovecot, count: int, folder: str = "Processed") -> None:
    wait_until(lambda: len(server.raw_mails(USER, folder)) == count, f"{count} in {folder}")
    wait_until(lambda: server.raw_mails(USER) == [], "an empty inbox")


def test_mail_that_was_there_before_is_taken_in_and_moved(box: Dovecot) -> None:
    for number in range(3):
        box.deliver(mail(number), USER)
    ledger = Ledger()
    with running(watcher(box, ledger)):
        ledger.wait_for(3)
        moved(box, 3)
    assert [raw.count(b"\r\n\r\nhello\r\n") for raw in ledger.raws] == [1, 1, 1]
    assert ledger.keys[0].startswith(f"imap:{USER}@127.0.0.1:{box.port}:INBOX:")
    assert ledger.oks >= 1
    assert ledger.errors == []


def test_the_bytes_are_those_of_the_server_and_the_mail_stays_unseen(box: Dovecot) -> None:
    box.deliver(mail(1, "zażółć \x00".encode()), USER)
    (original,) = box.raw_mails(USER)
    ledger = Ledger()
    with running(watcher(box, ledger)):
        ledger.wait_for(1)
        moved(box, 1)
    assert ledger.raws == [original]
    with box.client(USER) as client:
        client.select_folder("Processed")
        assert client.search("UNSEEN") == [1]


def test_idle_sees_new_mail_at_once(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger)):
        wait_until(lambda: ledger.oks > 0, "first scan")
        time.sleep(0.3)
        for number in range(3):
            sent = time.monotonic()
            box.deliver(mail(number), USER)
            ledger.wait_for(number + 1)
            assert ledger.at[-1] - sent < 10  # the next scan is a minute away
    assert len(ledger.keys) == 3


def test_without_idle_the_mailbox_is_looked_at_regularly(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(capability="IMAP4rev1 UIDPLUS MOVE")
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        wait_until(lambda: ledger.oks > 0, "first scan")
        server.deliver(mail(), USER)
        ledger.wait_for(1, 40)


def test_without_move_mail_is_copied_and_expunged_by_uid(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(capability="IMAP4rev1 IDLE UIDPLUS")
    server.deliver(mail(1), USER)
    server.deliver(mail(2), USER)
    with server.client(USER) as client:
        uidvalidity = client.select_folder("INBOX")[b"UIDVALIDITY"]
        client.add_flags([1], [b"\\Deleted"])  # somebody else's, and not for us to remove
    ledger = Ledger(places={(f"{USER}@127.0.0.1:{server.port}", "INBOX"): (uidvalidity, 1)})
    with running(watcher(server, ledger)):
        ledger.wait_for(1)
        wait_until(lambda: len(server.raw_mails(USER, "Processed")) == 1, "move")
        wait_until(lambda: len(server.raw_mails(USER)) == 1, "expunge")
        time.sleep(0.2)
    assert b"<1@client.example>" in server.raw_mails(USER)[0]
    assert b"<2@client.example>" in ledger.raws[0]


def test_without_move_and_uidplus_a_keyword_marks_what_is_done(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(capability="IMAP4rev1 IDLE")
    server.deliver(mail(1), USER)
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1)
        server.deliver(mail(2), USER)
        ledger.wait_for(2)
        with server.client(USER) as client:
            client.select_folder("INBOX")
            wait_until(lambda: client.noop() and len(client.search("KEYWORD $Processed")) == 2, "keywords")
    with running(watcher(server, Ledger())) as second:  # another gateway without memory: the keyword tells it
        time.sleep(0.5)
        second.end()
    assert len(server.raw_mails(USER)) == 2
    assert len(ledger.keys) == 2


def test_a_crash_between_commit_and_move_moves_the_mail_and_takes_it_once(box: Dovecot) -> None:
    box.deliver(mail(), USER)
    first = Ledger()
    died = watcher(box, first)
    first.before_answer = box.stop  # committed, and at that moment the server is gone
    with running(died) as run:
        wait_until(lambda: len(first.keys) == 1 and len(first.errors) > 0, "commit and loss")
        run.end()
    box.start()
    assert len(box.raw_mails(USER)) == 1
    first.before_answer = None
    with running(watcher(box, first)):
        moved(box, 1)
    assert len(first.keys) == 1
    assert first.duplicates == first.keys


def test_the_door_that_cannot_commit_leaves_the_mail_where_it_is(box: Dovecot) -> None:
    box.deliver(mail(), USER)
    ledger = Ledger(failures=[Temporary("the store is down")])
    with running(watcher(box, ledger)):
        wait_until(lambda: not ledger.failures, "refusal")
        assert len(box.raw_mails(USER)) == 1
        assert ledger.saves == []
        ledger.wait_for(1)
        moved(box, 1)
    assert ledger.errors == []  # the mailbox is well


def test_a_new_uidvalidity_means_a_rescan(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(capability="IMAP4rev1 IDLE", extra="")
    server.deliver(mail(), USER)
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        ledger.wait_for(1)
        with server.client(USER) as client:
            client.select_folder("INBOX")
            wait_until(lambda: client.noop() and client.search("KEYWORD $Processed") == [1], "keyword")
            client.remove_flags([1], ["$Processed"])
    server.uidvalidity_bump(USER)
    with running(watcher(server, ledger)):
        ledger.wait_for(2)
    values = {key.split(":")[-2] for key in ledger.keys}
    assert len(values) == 2
    assert ledger.raws[0] == ledger.raws[1]


def test_a_uidvalidity_that_changes_under_the_watcher_is_noticed(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger, scan_interval=1)):
        box.deliver(mail(1), USER)
        ledger.wait_for(1)
        moved(box, 1)
        box.uidvalidity_bump(USER)
        box.deliver(mail(2), USER)
        ledger.wait_for(2)
        moved(box, 2)
    assert len(ledger.keys) == 2


def test_a_server_that_restarts_in_mid_idle_is_found_again(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger)) as run:
        wait_until(lambda: ledger.oks > 0, "first scan")
        box.stop()
        wait_until(lambda: len(ledger.errors) > 0, "loss noticed")
        box.start()
        box.deliver(mail(), USER)
        ledger.wait_for(1)
        gaps = [b - a for a, b in zip(run.beats, run.beats[1:], strict=False)]
        assert max(gaps) < 5


def test_mail_that_somebody_else_takes_away_is_no_error(box: Dovecot) -> None:
    for number in range(3):
        box.deliver(mail(number), USER)
    ledger = Ledger()

    def take_away() -> None:
        if len(ledger.keys) == 1:
            with box.client(USER) as client:
                client.select_folder("INBOX")
                client.move([2], "Trash") if client.folder_exists("Trash") else client.delete_messages([2])
                client.expunge()

    ledger.before_answer = take_away
    with running(watcher(box, ledger)):
        ledger.wait_for(2)
        moved(box, 2)
        time.sleep(0.2)
    assert ledger.errors == []
    assert [key.rpartition(":")[2] for key in ledger.keys] == ["1", "3"]


def test_a_mail_that_is_too_large_leaves_its_header_and_goes_to_the_rejected_folder(box: Dovecot) -> None:
    box.deliver(mail(1, b"x" * 76 + b"\r\n" + b"y" * 70_000), USER)
    box.deliver(mail(2), USER)
    ledger = Ledger()
    with running(watcher(box, ledger, max_size=65_536, rejected="Too big")):
        ledger.wait_for(2)
        moved(box, 1, "Too big")
    assert b"Message-ID: <1@client.example>" in ledger.raws[0]
    assert b"\r\nX-Gateway-Truncated: 70" in ledger.raws[0]
    assert len(ledger.raws[0]) < 2_000
    assert len(box.raw_mails(USER, "Processed")) == 1


@pytest.mark.parametrize("separator", ["/", "."])
def test_folders_may_have_any_name_and_delimiter(make_dovecot: Callable[..., Dovecot], separator: str) -> None:
    server = make_dovecot(separator=separator)
    with server.client(USER) as client:
        client.create_folder(f"Kunden{separator}Anfragen für & wider")
        client.append(f"Kunden{separator}Anfragen für & wider", mail())
    ledger = Ledger()
    with running(watcher(server, ledger, folder="Kunden/Anfragen für & wider", done="Erledigt/Übernommen 済")):
        ledger.wait_for(1)
        wait_until(lambda: len(server.raw_mails(USER, f"Erledigt{separator}Übernommen 済")) == 1, "move")
        with server.client(USER) as client:
            assert f"Erledigt{separator}Übernommen 済" in [name for _, _, name in client.list_sub_folders()]


def test_a_done_folder_that_disappears_is_made_again(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger)):
        box.deliver(mail(1), USER)
        ledger.wait_for(1)
        moved(box, 1)
        with box.client(USER) as client:
            client.delete_folder("Processed")
        box.deliver(mail(2), USER)
        ledger.wait_for(2)
        moved(box, 1)
    assert ledger.errors == []


def test_a_wrong_password_is_told_and_later_tried_again(box: Dovecot) -> None:
    ledger = Ledger()
    box.add_user(USER, "other")
    with running(watcher(box, ledger)):
        wait_until(lambda: len(ledger.errors) > 0, "failure")
        time.sleep(0.3)
    assert len(ledger.errors) == 1  # no hammering
    assert USER not in ledger.errors[0]


def test_a_stop_in_idle_is_heard_at_once(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger)) as run:
        wait_until(lambda: ledger.oks > 0, "first scan")
        time.sleep(0.2)
        assert run.end() < 10


def test_mail_reaches_the_store_once_and_the_store_remembers_the_place(box: Dovecot, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/gateway.db")
    try:
        door, state = Door(store, lambda _: True), MailboxState(store)
        chosen = settings(box)
        for number in range(2):
            with running(ImapWatcher(chosen, door, state, password=lambda: "pw", random=lambda: 0.0)):
                box.deliver(mail(number), USER)
                wait_until(lambda: len(box.raw_mails(USER, "Processed")) == number + 1, "move")  # noqa: B023
        with store.engine.connect() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(schema.inbox)).scalar() == 2
            assert connection.execute(sa.select(schema.mailbox.c.uid)).scalar_one() == 2
            assert connection.execute(sa.select(schema.mailbox_health.c.error)).scalar_one() == ""
    finally:
        store.close()


# --- TLS


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_tls_is_verified_by_the_ca_file(make_dovecot: Callable[..., Dovecot], tls: str) -> None:
    server = make_dovecot(tls=True)
    server.deliver(mail(), USER)
    ledger = Ledger()
    port = server.tls_port if tls == "implicit" else server.port
    with running(watcher(server, ledger, tls=tls, port=port, ca_file=server.ca_file)):
        ledger.wait_for(1)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("fault", ["unknown issuer", "wrong name"])
def test_a_certificate_that_does_not_verify_is_refused_before_the_password(
    make_dovecot: Callable[..., Dovecot], tls: str, fault: str
) -> None:
    server = make_dovecot(tls=True, name="localhost" if fault == "unknown issuer" else "other.example")
    trusted = server.ca_file if fault == "wrong name" else None
    ledger = Ledger()
    port = server.tls_port if tls == "implicit" else server.port
    with running(watcher(server, ledger, tls=tls, port=port, ca_file=trusted)):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    assert "certificate" in ledger.errors[0]
    assert USER not in server.log()


def test_starttls_that_is_not_offered_ends_without_a_password(box: Dovecot) -> None:
    ledger = Ledger()
    with running(watcher(box, ledger, tls="starttls")):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    assert "STARTTLS" in ledger.errors[0]
    assert USER not in box.log()


# --- large folders


def test_a_first_scan_can_be_interrupted_and_goes_on(box: Dovecot) -> None:
    with box.client(USER) as client:
        for start in range(0, 600, 300):
            client.multiappend("INBOX", [mail(n) for n in range(start, start + 300)])
    ledger = Ledger()
    with running(watcher(box, ledger)):
        ledger.wait_for(150, 60)
    assert len(ledger.keys) < 600
    with running(watcher(box, ledger)):
        ledger.wait_for(600, 60)
        wait_until(lambda: box.raw_mails(USER) == [], "the last move")
    assert len(set(ledger.keys)) == 600
    assert len(ledger.duplicates) <= 50
    assert ledger.errors == []


# --- gateway check


def test_probe_describes_a_mailbox_that_works(box: Dovecot) -> None:
    rows = probe(settings(box), "pw")
    assert [(what, ok) for what, ok, _ in rows] == [
        ("connect", True),
        ("login", True),
        ("folder", True),
        ("after taking in", True),
        ("new mail", True),
        ("done folder", True),
        ("rejected folder", True),
    ]
    assert "will be created" in rows[5][2]
    with box.client(USER) as client:
        assert not client.folder_exists("Processed")


def test_probe_says_what_is_wrong(box: Dovecot, free_port: int) -> None:
    assert probe(settings(box), "wrong")[-1][:2] == ("login", False)
    assert probe(settings(box, folder="Nowhere"), "pw")[-1][:2] == ("folder", False)
    assert probe(settings(box, port=free_port), "pw")[-1][:2] == ("connect", False)
    assert "STARTTLS" in probe(settings(box, tls="starttls"), "pw")[-1][2]
