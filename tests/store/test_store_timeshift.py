"""The wall clock is set back: nothing waits for a time that will come a day late."""

from __future__ import annotations

from harness.stored import NOW, accept, claim, inbox_row, later, notice, notice_row

from gateway.desk.notices import NoticeState, Settlement
from gateway.store import Outbox, Store, timeshift
from gateway.store.outbox import claim as claim_notices

DAY = 86400


def test_mail_and_notices_of_a_future_that_never_was_are_due_now(store: Store) -> None:
    mail = accept(store, now=later(DAY))
    fresh = notice(store)  # of NOW
    back = later(-DAY)
    assert claim(store, now=back) == ()
    assert store.read(lambda c: timeshift.stranded(c, back))
    assert store.transact(lambda c: timeshift.rescue(c, back)) == 2
    assert not store.read(lambda c: timeshift.stranded(c, back))
    assert [held.id for held in claim(store, now=back)] == [mail]
    assert notice_row(store, fresh).due_at == back


def test_what_was_put_off_in_the_ordinary_way_stays_put_off(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    inbox_due = inbox_row(store, held.id).due_at
    number = notice(store)
    (taken,) = store.transact(lambda c: claim_notices(c, NOW, limit=1, lease_seconds=60))
    Outbox(store).settle(taken, Settlement(NoticeState.DUE, "451 later", later(4800)), NOW)
    assert not store.read(lambda c: timeshift.stranded(c, NOW))
    assert store.transact(lambda c: timeshift.rescue(c, NOW)) == 0
    assert notice_row(store, number).due_at == later(4800)
    assert inbox_row(store, held.id).due_at == inbox_due


def test_a_notice_that_was_tried_in_the_future_is_tried_once_and_then_waits_again(store: Store) -> None:
    number = notice(store)
    (taken,) = store.transact(lambda c: claim_notices(c, NOW, limit=1, lease_seconds=60))
    Outbox(store).settle(taken, Settlement(NoticeState.DUE, "451 later", later(DAY + 60)), later(DAY))
    assert store.transact(lambda c: timeshift.rescue(c, NOW)) == 1
    (again,) = store.transact(lambda c: claim_notices(c, NOW, limit=1, lease_seconds=60))
    Outbox(store).settle(again, Settlement(NoticeState.DUE, "451 later", later(300)), NOW)
    assert not store.read(lambda c: timeshift.stranded(c, NOW))
    assert notice_row(store, number).attempts == 2
