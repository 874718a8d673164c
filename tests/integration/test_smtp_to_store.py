"""The listener before the real door and database: what is answered 250 is stored, once, as it was sent."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from servers.listening import Client, dotted, listening

from gateway.inbound.door import Door
from gateway.store import Store, open_store
from gateway.store import schema as s

ENVELOPE = b"EHLO c\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/gateway.db")
    yield opened
    opened.close()


def serving(store: Store, **settings: Any) -> Any:
    door: Any = Door(store, lambda address: address.endswith("@desk.example"))
    door.close = lambda: None
    return listening(door, **settings)


def stored(store: Store) -> list[bytes]:
    query = sa.select(s.blob.c.data).join(s.inbox, s.inbox.c.raw == s.blob.c.sha256)
    return [bytes(data) for data in store.read(lambda connection: list(connection.execute(query).scalars()))]


def test_senders_who_drop_anywhere_and_send_again_leave_each_mail_once(store: Store) -> None:
    rng = random.Random(5)
    mails = [b"Message-ID: <%d@client.example>\r\n\r\n.body %d\r\n" % (n, n) for n in range(60)]
    with serving(store) as server:
        for turn, raw in enumerate(mails):
            whole = ENVELOPE + dotted(raw) + b"QUIT\r\n"
            for _ in range(rng.randrange(3)):
                cut = len(ENVELOPE + dotted(raw)) if turn % 3 == 0 else rng.randrange(len(whole))
                with Client(server.address, greet="") as client:
                    client.send(whole[:cut])
                    if rng.random() < 0.3:
                        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with Client(server.address) as client:
                assert client.deliver(raw).startswith("250 2.0.0")
    assert sorted(stored(store)) == sorted(mails)


def test_a_mail_sent_again_is_accepted_as_the_first_one(store: Store) -> None:
    with serving(store) as server, Client(server.address) as client:
        first = client.deliver()
        assert first.startswith("250 2.0.0 accepted as ")
        assert client.deliver() == first
    assert len(stored(store)) == 1


def test_a_full_database_puts_mail_off_and_loses_nothing(store: Store) -> None:
    big = b"Subject: big\r\n\r\n" + (b"x" * 76 + b"\r\n") * 6000

    def pages(connection: sa.Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    def limit(connection: sa.Connection, count: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")

    with serving(store) as server, Client(server.address) as client:
        used = store.transact(pages)
        store.transact(lambda connection: limit(connection, used + 20))
        for _ in range(3):
            assert client.deliver(big)[:3] in ("451", "452")
        store.transact(lambda connection: limit(connection, 1 << 30))
        assert client.deliver(big).startswith("250")
    assert stored(store) == [big]
