"""Large values go in and out in other ways than small ones, and are the same bytes."""

from __future__ import annotations

import os
import sys

import pytest
import sqlalchemy as sa
from harness.stored import NOW
from servers.ports import wait_until

from gateway.store import Store, inbox, large, schema

SIZES = [0, 1, large.LARGE, large.LARGE + 1, 3 * large.LARGE, 3 * large.LARGE + 7]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_of_every_size_come_back_as_they_were(store: Store, size: int) -> None:
    data = os.urandom(size)
    digest = store.transact(lambda c: inbox.put_blob(c, data))
    assert store.transact(lambda c: inbox.put_blob(c, data)) == digest
    assert store.read(lambda c: inbox.get_blob(c, digest)) == data
    assert store.transact(lambda c: inbox.get_blob(c, digest)) == data
    assert store.read(lambda c: inbox.get_blob(c, "0" * 64)) is None


def test_a_large_value_is_rolled_back_with_its_transaction(store: Store) -> None:
    data = os.urandom(2 * large.LARGE)

    def fails(connection: sa.Connection) -> None:
        inbox.put_blob(connection, data)
        raise ValueError

    with pytest.raises(ValueError):
        store.transact(fails)
    query = sa.select(sa.func.count()).select_from(schema.blob)
    assert store.read(lambda c: c.execute(query).scalar_one()) == 0


def test_a_large_value_fills_the_place_that_a_row_has_for_it(store: Store) -> None:
    composed = os.urandom(2 * large.LARGE)
    notice = {"kind": "received", "audience": "client", "automatic": True, "recipient": "a@b.example", "draft": {}}
    row = {**notice, "message_id": "1@b.example", "subject": "", "state": "due", "created_at": NOW, "due_at": NOW}

    def filled(connection: sa.Connection) -> bytes:
        (number,) = connection.execute(sa.insert(schema.notice).values(**row)).inserted_primary_key or (0,)
        mine = schema.notice.c.id == number
        connection.execute(sa.update(schema.notice).where(mine).values(composed=large.place_for(connection, composed)))
        large.fill(connection, schema.notice.c.composed, mine, composed)
        return bytes(connection.execute(sa.select(schema.notice.c.composed)).scalar_one())

    assert store.transact(filled) == composed


@pytest.mark.parametrize(("size", "same"), [(large.LARGE, True), (2 * large.LARGE, False)])
def test_a_connection_to_postgresql_ends_after_something_large_and_its_buffers_with_it(
    store: Store, size: int, same: bool
) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite keeps no buffers")

    def backend() -> list[int]:
        return [store.transact(lambda c: c.execute(sa.select(sa.func.pg_backend_pid())).scalar_one())]

    before = backend()
    store.transact(lambda c: inbox.put_blob(c, bytes(size)))
    assert (backend() == before) is same


def test_nothing_keeps_a_large_value(store: Store) -> None:
    data = os.urandom(2 * large.LARGE)
    held = sys.getrefcount(data)
    store.transact(lambda c: inbox.put_blob(c, data))
    wait_until(lambda: sys.getrefcount(data) == held, "the value to be let go")


def test_a_large_value_is_read_while_somebody_writes(store: Store) -> None:
    data = os.urandom(2 * large.LARGE)
    digest = store.transact(lambda c: inbox.put_blob(c, data))
    assert store.transact(lambda _: store.read(lambda c: inbox.get_blob(c, digest))) == data
