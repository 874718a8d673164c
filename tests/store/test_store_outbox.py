"""Notices are claimed with a lease, marked before the dot, and settled by whoever holds them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from harness.stored import CASEY, NOW, claim, contact, later, notice, notice_row, open_ticket, rows

from gateway.desk.notices import Claim, NoticeState, Settlement
from gateway.mail import Address
from gateway.store import Outbox, Store, open_store, outbox
from gateway.store import schema as s

SENT = Settlement(NoticeState.SENT, "250 ok")


def held(store: Store, *, now: int = 0, limit: int = 10, lease_seconds: int = 60) -> tuple[Claim, ...]:
    return Outbox(store).claim(later(now), limit=limit, lease_seconds=lease_seconds)


def test_a_decided_notice_is_due_at_once_and_comes_back_whole(store: Store) -> None:
    number = open_ticket(store)
    notice_id = notice(store, ticket=number, person=contact(store).id)
    (claimed,) = held(store)
    outgoing = claimed.outgoing
    assert (outgoing.id, outgoing.ticket, outgoing.attempts, outgoing.composed) == (notice_id, number, 0, None)
    assert outgoing.message_id == notice_row(store, notice_id).message_id
    assert (outgoing.draft.kind, outgoing.draft.to) == ("reply", CASEY)
    assert (outgoing.decided_at, claimed.state) == (NOW, NoticeState.DUE)


def test_what_goes_to_a_domain_to_avoid_goes_on_waiting(store: Store) -> None:
    addresses = (
        "a@Slow_.example",
        "b@slow_.example",
        "c@slowx.example",
        "d@very.slow_.example",
        "slow_.example@e.example",
    )
    notices = {address: notice(store, Address("", address)) for address in addresses}
    claimed = Outbox(store).claim(NOW, limit=9, lease_seconds=60, avoid=["slow_.example", "%"])
    assert [c.outgoing.id for c in claimed] == [notices[address] for address in addresses[2:]]


def test_the_notice_that_is_longest_due_is_claimed_first(store: Store) -> None:
    first, second, third = (notice(store) for _ in range(3))
    (claimed,) = held(store, limit=1)
    Outbox(store).settle(claimed, Settlement(NoticeState.DUE, "451", later(30)), NOW)
    assert [c.outgoing.id for c in held(store, now=31)] == [second, third, first]


def test_a_claim_made_again_under_the_same_lease_gets_what_it_took(store: Store) -> None:
    notices = [notice(store) for _ in range(3)]
    Outbox(store).claim(NOW, limit=2, lease_seconds=60, lease="mine")  # let its answer be lost
    again = Outbox(store).claim(NOW, limit=9, lease_seconds=60, lease="mine")
    assert [c.outgoing.id for c in again] == notices
    assert held(store) == ()


def test_nobody_else_claims_a_leased_notice(store: Store) -> None:
    notice(store)
    assert len(held(store)) == 1
    assert held(store, now=59) == ()
    assert len(held(store, now=61)) == 1


def test_two_processes_never_hold_one_notice(url: str) -> None:
    stores = [open_store(url), open_store(url)]
    ids = sorted(notice(stores[0]) for _ in range(40))
    found: list[int] = []

    def work(store: Store) -> None:
        while claims := held(store, limit=3):
            found.extend(c.outgoing.id for c in claims)

    threads = [threading.Thread(target=work, args=(stores[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ids
    for store in stores:
        store.close()


def test_the_bytes_are_kept_before_the_dot_so_that_every_attempt_sends_the_same(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    assert Outbox(store).mark_dot_pending(claimed, b"exact \x00 bytes", NOW)
    assert notice_row(store, notice_id).state == "dot_pending"
    (again,) = held(store, now=61)
    assert (again.state, again.outgoing.composed) == (NoticeState.DOT_PENDING, b"exact \x00 bytes")
    assert again.first_tried_at == NOW


def test_whoever_lost_the_lease_can_neither_mark_nor_settle_nor_release(store: Store) -> None:
    notice_id = notice(store)
    (first,) = held(store)
    (second,) = held(store, now=61)
    box = Outbox(store)
    assert not box.mark_dot_pending(first, b"late", later(62))
    assert not box.settle(first, SENT, later(62))
    box.release(first)
    row = notice_row(store, notice_id)
    assert (row.lease, row.state, row.composed) == (second.lease, "due", None)
    assert box.settle(second, SENT, later(63))


def test_a_sent_notice_is_settled_once_and_for_all(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    box = Outbox(store)
    box.mark_dot_pending(claimed, b"bytes", NOW)
    assert box.settle(claimed, SENT, NOW)
    assert not box.settle(claimed, Settlement(NoticeState.DEAD, "550"), NOW)
    row = notice_row(store, notice_id)
    assert (row.state, row.attempts, row.composed, row.settled_at) == ("sent", 1, None, NOW)
    assert held(store, now=100_000) == ()


def test_a_deferred_notice_waits_until_it_is_due_again(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    Outbox(store).settle(claimed, Settlement(NoticeState.DUE, "451 later", later(300)), NOW)
    assert held(store, now=299) == ()
    (again,) = held(store, now=300)
    assert (again.outgoing.attempts, again.first_tried_at) == (1, NOW)
    assert notice_row(store, notice_id).reply == "451 later"


def test_lost_answers_to_the_dot_are_counted(store: Store) -> None:
    notice(store)
    for n in range(1, 4):
        (claimed,) = held(store, now=n * 100)
        assert claimed.ambiguous_count == n - 1
        Outbox(store).settle(claimed, Settlement(NoticeState.AMBIGUOUS, "lost", later(n * 100 + 1)), later(n * 100))
    (claimed,) = held(store, now=1000)
    assert (claimed.ambiguous_count, claimed.state) == (3, NoticeState.AMBIGUOUS)


def test_a_released_claim_is_free_at_once_and_counts_no_attempt(store: Store) -> None:
    notice(store)
    (claimed,) = held(store)
    Outbox(store).release(claimed)
    (again,) = held(store)
    assert again.outgoing.attempts == 0


def test_leases_of_a_dead_daemon_are_forgotten_and_its_open_window_is_remembered(store: Store) -> None:
    notice(store)
    (claimed,) = held(store)
    Outbox(store).mark_dot_pending(claimed, b"bytes", NOW)
    store.transact(outbox.forget_leases)
    (again,) = held(store)
    assert again.state is NoticeState.DOT_PENDING


# --- dead letters and what an admin does with them --------------------------------------------------


@pytest.fixture
def dead(store: Store) -> int:
    notice_id = notice(store)
    (claimed,) = held(store)
    Outbox(store).mark_dot_pending(claimed, b"bytes", NOW)
    Outbox(store).settle(claimed, Settlement(NoticeState.DEAD, "550 no such user"), NOW)
    return notice_id


def test_a_dead_letter_is_listed_until_it_is_dealt_with_and_told_once(store: Store, dead: int) -> None:
    assert held(store, now=1_000_000) == ()
    assert [r.id for r in store.read(outbox.unsent)] == [dead]
    assert [r.id for r in store.read(outbox.died_untold)] == [dead]
    store.transact(lambda c: outbox.mark_told(c, dead))
    assert store.read(outbox.died_untold) == ()


def test_a_dead_letter_that_is_tried_again_sends_the_very_same_bytes(store: Store, dead: int) -> None:
    store.transact(lambda c: outbox.mark_told(c, dead))
    assert store.transact(lambda c: outbox.retry(c, dead, later(5)))
    (claimed,) = held(store, now=5)
    assert (claimed.outgoing.composed, claimed.state, claimed.ambiguous_count) == (b"bytes", NoticeState.DUE, 0)
    Outbox(store).settle(claimed, Settlement(NoticeState.DEAD, "550 still not"), later(6))
    assert [r.id for r in store.read(outbox.died_untold)] == [dead]


def test_a_waiting_notice_can_be_sent_now(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    Outbox(store).settle(claimed, Settlement(NoticeState.DUE, "451", later(4000)), NOW)
    assert store.transact(lambda c: outbox.retry(c, notice_id, later(1)))
    assert len(held(store, now=1)) == 1


def test_a_dropped_notice_is_never_sent(store: Store, dead: int) -> None:
    assert store.transact(lambda c: outbox.drop(c, dead, NOW))
    assert not store.transact(lambda c: outbox.drop(c, dead, NOW))
    assert not store.transact(lambda c: outbox.retry(c, dead, NOW))
    assert store.read(outbox.unsent) == ()
    assert store.read(outbox.died_untold) == ()


def test_a_notice_that_is_dropped_while_a_sender_holds_it_does_not_leave(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    assert store.transact(lambda c: outbox.drop(c, notice_id, NOW))
    assert not Outbox(store).mark_dot_pending(claimed, b"bytes", NOW)
    assert not Outbox(store).settle(claimed, SENT, NOW)
    assert notice_row(store, notice_id).state == "dropped"


def test_what_is_sent_can_be_neither_retried_nor_dropped(store: Store) -> None:
    notice_id = notice(store)
    (claimed,) = held(store)
    Outbox(store).settle(claimed, SENT, NOW)
    assert not store.transact(lambda c: outbox.retry(c, notice_id, NOW))
    assert not store.transact(lambda c: outbox.drop(c, notice_id, NOW))
    assert not store.transact(lambda c: outbox.retry(c, 999, NOW))


# --- what limits and bounces ask --------------------------------------------------------------------


def test_a_notice_with_a_key_is_decided_once(store: Store) -> None:
    notice(store, key="failed:1")
    notice(store, key="failed:1")
    notice(store, key="failed:2")
    notice(store)
    notice(store)
    assert rows(store, s.notice) == 4


def test_a_notice_is_found_by_its_message_id(store: Store) -> None:
    notice_id = notice(store)
    row = notice_row(store, notice_id)
    found = store.read(lambda c: outbox.by_message_id(c, row.message_id))
    assert found is not None
    assert found.id == notice_id
    assert store.read(lambda c: outbox.by_message_id(c, "unknown@desk.example")) is None


def test_the_loop_limits_count_answers_to_clients_and_rejections_but_no_other_staff_mail(store: Store) -> None:
    joe = Address("Joe", "Joe@desk.example")
    notice(store, kind="received")
    notice(store, kind="reply")  # a person wrote that
    notice(store, joe, kind="staff_new")
    notice(store, joe, kind="staff_rejected")
    day = NOW - timedelta(days=1)
    assert store.read(lambda c: outbox.automatic_since(c, day)) == 2
    assert store.read(lambda c: outbox.automatic_since(c, day, ["joe@desk.example"])) == 1
    assert store.read(lambda c: outbox.automatic_since(c, day, ["CASEY@client.example", "other@x.example"])) == 1
    assert store.read(lambda c: outbox.automatic_since(c, later(1))) == 0


def test_notices_and_mail_do_not_disturb_each_others_claims(store: Store) -> None:
    notice(store)
    assert claim(store) == ()
    assert len(held(store)) == 1


def test_a_thousand_open_notices_are_claimed_in_order_of_their_time(store: Store) -> None:
    template = {k: v for k, v in notice_row(store, notice(store))._mapping.items() if k != "id"}
    batch = [{**template, "message_id": f"x{n}@d.example", "due_at": later(-n)} for n in range(1, 1000)]
    store.transact(lambda c: c.execute(sa.insert(s.notice), batch))
    found = [c.outgoing.message_id for c in held(store, limit=5)]
    assert found == [f"x{n}@d.example" for n in range(999, 994, -1)]
