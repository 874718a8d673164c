"""A claim brings a bounded number of bytes into memory, and can leave large mail to others."""

from __future__ import annotations

from harness.stored import NOW, accept, inbox_row

from gateway.store import Store, inbox


def claimed(store: Store, largest: int | None = None) -> list[int]:
    found = store.transact(lambda c: inbox.claim(c, NOW, limit=10, lease_seconds=60, largest=largest))
    return [one.id for one in found]


def test_a_claim_takes_as_many_mails_as_fit_and_leaves_the_others_untouched(store: Store) -> None:
    ids = [accept(store, b"%d" % n + b"x" * (1 << 20)) for n in range(6)]
    assert claimed(store) == ids[:3]
    assert inbox_row(store, ids[3]).claims == 0
    assert inbox_row(store, ids[3]).lease is None
    assert claimed(store) == ids[3:]


def test_a_mail_larger_than_a_claim_is_taken_alone(store: Store) -> None:
    ids = [accept(store, b"%d" % n + b"x" * size) for n, size in enumerate((inbox.BATCH_BYTES + 1, 10, 10))]
    assert [claimed(store), claimed(store)] == [ids[:1], ids[1:]]


def test_large_mail_may_be_left_to_others(store: Store) -> None:
    large, small = accept(store, b"l" * 2000), accept(store, b"s")
    assert claimed(store, 1000) == [small]
    assert claimed(store) == [large]
