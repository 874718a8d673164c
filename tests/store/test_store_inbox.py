"""Mail comes in once, is leased to one worker at a time, and is never dropped."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial

import pytest
import sqlalchemy as sa
from harness.at_once import at_once
from harness.stored import NOW, accept, claim, inbox_row, later, rows

from gateway.errors import Temporary
from gateway.mail import Envelope
from gateway.store import Store, inbox, open_store
from gateway.store import schema as s

RAW = b"From: casey@client.example\r\nSubject: =?utf-8?q?x?=\r\n\r\n\x00\xff raw bytes are any bytes\r\n"


FROM_CASEY = Envelope("casey@client.example", ("support@desk.example",), "192.0.2.1")


def take(store: Store, *keys: str, raw: bytes = RAW, envelope: Envelope = FROM_CASEY) -> inbox.Accepted:
    return store.transact(lambda c: inbox.accept(c, raw, envelope, source="test", keys=keys, now=NOW))


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(store: Store) -> None:
    taken = take(store, "k1")
    (claimed,) = claim(store)
    assert (claimed.id, claimed.raw) == (taken.inbox_id, RAW)
    assert claimed.envelope == Envelope("casey@client.example", ("support@desk.example",), "192.0.2.1")
    assert claimed.received_at == NOW


def test_a_delivery_whose_every_key_is_known_is_a_duplicate(store: Store) -> None:
    first = take(store, "k1", "k2")
    again = take(store, "k2", "k1")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.inbox_id == first.inbox_id
    assert rows(store, s.inbox) == 1


def test_a_delivery_with_a_new_key_is_kept_and_claims_the_key(store: Store) -> None:
    first = take(store, "k1")
    second = take(store, "k1", "k2")
    assert not second.duplicate
    assert second.inbox_id != first.inbox_id
    assert take(store, "k2").inbox_id == second.inbox_id


def test_the_same_bytes_are_stored_once(store: Store) -> None:
    take(store, "k1")
    take(store, "k2")
    assert (rows(store, s.inbox), rows(store, s.blob)) == (2, 1)


def test_a_delivery_without_a_key_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="key"):
        take(store)


def test_one_mail_delivered_by_eight_connections_at_once_is_one_mail(store: Store) -> None:
    together = threading.Barrier(8)
    taken: list[inbox.Accepted] = []

    def deliver(n: int) -> None:
        together.wait()
        keys = ["k1", "k2", "k3"]
        taken.append(take(store, *(keys if n % 2 else reversed(keys))))

    threads = [threading.Thread(target=deliver, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(t.duplicate for t in taken) == {True: 7, False: 1}
    assert rows(store, s.inbox) == 1


def test_an_empty_envelope_and_the_null_sender_are_told_apart(store: Store) -> None:
    for key, sender in (("a", None), ("b", "")):
        take(store, key, envelope=Envelope(sender, ()))
    assert [c.envelope.sender for c in claim(store)] == [None, ""]


# --- claims -----------------------------------------------------------------------------------------


def test_the_oldest_mail_is_claimed_first_and_no_more_than_asked_for(store: Store) -> None:
    ids = [accept(store) for _ in range(5)]
    assert [c.id for c in claim(store, limit=3)] == ids[:3]
    assert [c.id for c in claim(store, limit=3)] == ids[3:]
    assert claim(store) == ()


def test_mail_that_is_not_due_yet_waits(store: Store) -> None:
    accept(store, now=later(10))
    assert claim(store, now=NOW) == ()
    assert len(claim(store, now=later(11))) == 1


def test_a_claim_made_again_under_the_same_lease_gets_what_it_took_and_counts_once(store: Store) -> None:
    ids = [accept(store) for _ in range(3)]
    claim(store, limit=2, lease="mine")  # let its answer be lost
    again = claim(store, lease="mine")
    assert [c.id for c in again] == ids
    assert [c.claims for c in again] == [1, 1, 1]
    assert {c.lease for c in again} == {"mine"}
    assert claim(store, lease="another") == ()


def test_a_lease_that_ran_out_is_claimed_anew_and_the_first_holder_is_fenced_off(store: Store) -> None:
    accept(store)
    (first,) = claim(store, lease_seconds=60)
    assert claim(store, now=later(59)) == ()
    (second,) = claim(store, now=later(61))
    assert second.claims == 2
    assert not store.read(lambda c: inbox.holds(c, first))
    assert store.read(lambda c: inbox.holds(c, second))
    store.transact(lambda c: inbox.give_back(c, first, later(900), reason="late", strike=True))
    row = inbox_row(store, first.id)
    assert (row.lease, row.strikes) == (second.lease, 0)


def test_two_processes_never_hold_one_mail(url: str) -> None:
    stores = [open_store(url), open_store(url)]
    ids = {accept(stores[0]) for _ in range(60)}
    held: list[int] = []
    lock = threading.Lock()

    def work(store: Store) -> None:
        while batch := claim(store, limit=3):
            with lock:
                held.extend(c.id for c in batch)

    threads = [threading.Thread(target=work, args=(stores[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == sorted(ids)
    for store in stores:
        store.close()


def test_a_settled_mail_is_never_claimed_again(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    settle(store, held)
    assert claim(store, now=later(10_000)) == ()
    assert not store.read(lambda c: inbox.holds(c, held))
    assert inbox_row(store, held.id).settled_at == NOW


def settle(store: Store, held: inbox.Claimed, state: str = "done", reason: str = "") -> None:
    store.transact(
        lambda c: inbox.settle(c, held, state=state, outcome="tested", reason=reason, ticket=None, now=NOW), serial=True
    )


def test_leases_of_a_dead_daemon_are_forgotten_when_the_next_one_starts(store: Store) -> None:
    accept(store)
    claim(store)
    assert claim(store) == ()
    store.transact(inbox.forget_leases)
    assert len(claim(store)) == 1


# --- strikes ----------------------------------------------------------------------------------------


def test_a_strike_counts_and_a_mere_return_does_not(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    store.transact(lambda c: inbox.give_back(c, held, later(5), reason="stopping", strike=False))
    assert claim(store) == ()
    (held,) = claim(store, now=later(6))
    assert (held.strikes, held.claims) == (0, 1)
    assert store.transact(lambda c: inbox.give_back(c, held, later(6), reason="killed", strike=True)) == 1
    (held,) = claim(store, now=later(7))
    assert (held.strikes, held.claims) == (1, 2)
    assert inbox_row(store, held.id).reason == "killed"


def test_a_long_outage_brings_no_mail_near_the_limit_of_claims(store: Store) -> None:
    accept(store)
    for n in range(2 * inbox.CLAIMS):
        (held,) = claim(store, now=later(n))
        give_back(store, held, n, strike=False)
    assert inbox_row(store, held.id).claims == 0


def test_daemons_that_died_before_the_first_strike_are_not_held_against_a_mail(store: Store) -> None:
    accept(store)
    for number in range(9):  # each time the lease runs out
        claimed = claim(store, now=later(100 * number))[0]
    store.transact(lambda c: inbox.give_back(c, claimed, later(1000), reason="too slow", strike=True))
    assert not claim(store, now=later(1000))[0].spent


def test_what_has_struck_once_is_spent_by_daemons_that_died_with_it(store: Store) -> None:
    """Their readers may have died of it too, with nobody left to note that."""
    accept(store)
    (held,) = claim(store)
    give_back(store, held, 0, strike=True)
    spent = [claim(store, now=later(100 * n))[0].spent for n in range(1, 4)]  # each time the lease runs out
    assert spent == [False, False, True]


def test_what_has_never_struck_may_see_daemons_die(store: Store) -> None:
    accept(store)
    assert not any(claim(store, now=later(100 * n))[0].spent for n in range(10))


def give_back(store: Store, held: inbox.Claimed, seconds: float, *, strike: bool) -> int:
    return store.transact(lambda c: inbox.give_back(c, held, later(seconds), reason="killed", strike=strike))


# --- one content by two roads -----------------------------------------------------------------------


def test_the_same_content_names_the_earlier_mail(store: Store) -> None:
    accept(store)
    accept(store)
    first, second = claim(store)
    assert store.transact(lambda c: inbox.same_content(c, first, "digest")) is None
    assert store.transact(lambda c: inbox.same_content(c, second, "digest")) == first.id
    assert store.transact(lambda c: inbox.same_content(c, second, "other")) is None


def test_a_mail_is_not_its_own_duplicate_when_it_is_decided_again(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    assert store.transact(lambda c: inbox.same_content(c, held, "digest")) is None
    assert store.transact(lambda c: inbox.same_content(c, held, "digest")) is None


def test_a_decision_that_fails_leaves_no_trace_of_the_content(store: Store) -> None:
    accept(store)
    accept(store)
    first, second = claim(store)

    def fails(connection: sa.Connection) -> None:
        inbox.same_content(connection, first, "digest")
        raise RuntimeError("deciding failed")

    with pytest.raises(RuntimeError):
        store.transact(fails)
    assert store.transact(lambda c: inbox.same_content(c, second, "digest")) is None


# --- quarantine -------------------------------------------------------------------------------------


def test_quarantined_mail_is_listed_with_its_reason_and_its_bytes(store: Store) -> None:
    accept(store, RAW)
    (held,) = claim(store)
    settle(store, held, "quarantined", "the reader was killed three times")
    (row,) = store.read(inbox.quarantined)
    assert (row.id, row.reason, row.state) == (held.id, "the reader was killed three times", "quarantined")
    assert store.read(lambda c: inbox.raw_of(c, held.id)) == RAW
    assert claim(store, now=later(10_000)) == ()


def test_released_mail_is_decided_anew_as_a_persons(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    settle(store, held, "quarantined", "why")
    assert store.transact(lambda c: inbox.release(c, held.id, NOW))
    assert not store.transact(lambda c: inbox.release(c, held.id, NOW))
    (again,) = claim(store)
    assert (again.forced, again.strikes, again.claims, again.raw) == (True, 0, 1, held.raw)


def test_dropped_mail_leaves_the_list_and_keeps_its_bytes(store: Store) -> None:
    accept(store, RAW)
    (held,) = claim(store)
    settle(store, held, "quarantined", "why")
    assert store.transact(lambda c: inbox.drop(c, held.id, NOW))
    assert not store.transact(lambda c: inbox.drop(c, held.id, NOW))
    assert store.read(inbox.quarantined) == ()
    assert store.read(lambda c: inbox.raw_of(c, held.id)) == RAW


def test_only_quarantined_mail_can_be_released_or_dropped(store: Store) -> None:
    inbox_id = accept(store)
    assert not store.transact(lambda c: inbox.release(c, inbox_id, NOW))
    assert not store.transact(lambda c: inbox.drop(c, inbox_id, NOW))
    assert not store.transact(lambda c: inbox.release(c, 999, NOW))
    assert store.read(lambda c: inbox.row(c, 999)) is None
    assert store.read(lambda c: inbox.raw_of(c, 999)) is None


def test_text_that_no_database_column_takes_is_cleaned(store: Store) -> None:
    accept(store)
    (held,) = claim(store)
    settle(store, held, "quarantined", "odd \x00 text \ud800 here")
    (row,) = store.read(inbox.quarantined)
    assert row.reason == "odd  text ? here"


def test_a_closed_store_takes_no_mail(store: Store) -> None:
    store.close()
    with pytest.raises(Temporary):
        accept(store)


def test_files_are_stored_in_steps_of_a_thousand_or_four_megabytes() -> None:
    many = [b"%d" % n for n in range(2001)]
    assert [len(step) for step in inbox.steps(many)] == [1000, 1000, 1]
    large = [bytes(size << 20) for size in (1, 3, 1, 9, 1)]
    assert [[len(data) >> 20 for data in step] for step in inbox.steps(large)] == [[1, 3], [1], [9], [1]]
    assert list(inbox.steps([])) == []


def test_two_that_store_the_same_files_in_another_order_do_not_wait_in_a_circle(store: Store) -> None:
    large = [bytes([n]) * 20_000 for n in range(200)]

    def put(contents: list[bytes]) -> None:
        with store.engine.connect() as connection, connection.begin():
            inbox.put_blobs(connection, contents)

    assert at_once(partial(put, large), partial(put, large[::-1])) == []
    assert rows(store, s.blob) == 200


def test_thousands_of_files_are_stored_in_a_few_steps(store: Store) -> None:
    contents = [b"file %d" % number for number in range(3000)] + [b"file 1", bytes(20_000)]
    steps: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda _c, _k, statement, *_: steps.append(statement))
    for _ in range(2):
        store.transact(lambda c: inbox.put_blobs(c, contents))
    assert rows(store, s.blob) == 3001
    kept = store.read(lambda c: c.execute(sa.select(s.blob.c.data).where(s.blob.c.size < 20_000)).scalars().all())
    assert {bytes(data) for data in kept} == set(contents[:-1])
    assert len([step for step in steps if step.startswith("INSERT")]) <= 20
