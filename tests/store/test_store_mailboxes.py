"""How far a mailbox has been read, whether it can be reached, and how much waits."""

from __future__ import annotations

from harness.stored import NOW, accept, apply, claim, later, notice, open_ticket

from gateway.desk import decision as d
from gateway.desk.model import Status
from gateway.desk.notices import NoticeState, Settlement
from gateway.store import MailboxState, Outbox, Store, inbox, mailboxes
from gateway.store.health import backlog


def state(store: Store, at: float = 0) -> MailboxState:
    return MailboxState(store, lambda: later(at))


def test_a_mailbox_that_was_never_read_has_no_position(store: Store) -> None:
    assert state(store).load("support", "INBOX") is None


def test_the_position_of_each_folder_is_kept_apart_and_may_be_large(store: Store) -> None:
    box = state(store)
    box.save("support", "INBOX", 4_294_967_295, 4_294_967_294)
    box.save("support", "Büro/\x00Ablage", 1, 2)
    box.save("billing", "INBOX", 3, 4)
    box.save("support", "INBOX", 4_294_967_295, 4_294_967_295)
    assert box.load("support", "INBOX") == (4_294_967_295, 4_294_967_295)
    assert box.load("support", "Büro/\x00Ablage") == (1, 2)
    assert box.load("billing", "INBOX") == (3, 4)


def test_a_new_uidvalidity_replaces_the_old_position(store: Store) -> None:
    box = state(store)
    box.save("support", "INBOX", 7, 900)
    box.save("support", "INBOX", 8, 1)
    assert box.load("support", "INBOX") == (8, 1)


def test_an_outage_is_dated_from_its_first_failure_and_ends_with_a_success(store: Store) -> None:
    state(store, 0).mailbox_failed("support", "LOGIN refused")
    state(store, 50).mailbox_failed("support", "no \ud800 route")
    (row,) = store.read(mailboxes.health)
    assert (row.failed_since, row.error, row.ok_at, row.told) == (NOW, "no ? route", None, False)
    store.transact(lambda c: mailboxes.mark_told(c, "support"))
    state(store, 60).mailbox_ok("support")
    (row,) = store.read(mailboxes.health)
    assert (row.failed_since, row.error, row.ok_at, row.told) == (None, "", later(60), False)
    state(store, 70).mailbox_failed("support", "again")
    (row,) = store.read(mailboxes.health)
    assert (row.failed_since, row.ok_at) == (later(70), later(60))


def test_an_empty_desk_has_no_backlog(store: Store) -> None:
    found = store.read(backlog)
    assert (found.mail_waiting, found.oldest_mail, found.notices_waiting, found.oldest_notice) == (0, None, 0, None)
    assert (found.quarantined, found.dead_letters, found.tickets, found.mailboxes) == (0, 0, {}, ())


def test_the_backlog_counts_what_waits_and_dates_the_oldest(store: Store) -> None:
    accept(store, now=later(5))
    accept(store, now=later(3))
    accept(store, now=later(1))
    held = claim(store, now=later(9))[0]
    store.transact(lambda c: inbox.settle(c, held, state="quarantined", outcome="", reason="why", ticket=None, now=NOW))
    first, second = open_ticket(store), open_ticket(store)
    apply(store, d.Change(second, {"status": Status.CLOSED}))
    for _ in range(3):
        notice(store, ticket=first)
    box = Outbox(store)
    dead, later_on, _ = box.claim(NOW, limit=3, lease_seconds=60)
    box.settle(dead, Settlement(NoticeState.DEAD, "550"), NOW)
    box.settle(later_on, Settlement(NoticeState.DUE, "451", later(-30)), NOW)
    state(store).mailbox_ok("support")
    found = store.read(backlog)
    assert (found.mail_waiting, found.oldest_mail, found.quarantined) == (2, later(3), 1)
    assert (found.notices_waiting, found.oldest_notice, found.dead_letters) == (2, later(-30), 1)
    assert found.tickets == {"new": 1, "closed": 1}
    assert [m.name for m in found.mailboxes] == ["support"]
