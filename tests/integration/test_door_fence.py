"""Whoever has lost their place does not wait at the door for a commit that hangs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.errors import Temporary
from gateway.inbound.door import Door, FencedDoor
from gateway.mail import Envelope
from gateway.store import Store, open_store

RAW = b"Subject: x\r\n\r\nx\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/gateway.db")
    yield opened
    opened.close()


def hang(store: Store, seconds: float) -> None:
    """Keep the writer busy."""

    def work(_: sa.Connection) -> None:
        time.sleep(seconds)

    store.submit(work)


def test_a_place_that_is_kept_waits_for_the_commit(store: Store) -> None:
    door = FencedDoor(Door(store, lambda _: True), lambda: False)
    hang(store, 0.7)
    assert not door.accept(RAW, Envelope(), source="imap:x", key="k").duplicate


def test_a_place_that_is_lost_is_left_at_once_and_the_mail_is_known_when_it_comes_again(store: Store) -> None:
    plain = Door(store, lambda _: True)
    hang(store, 6.0)
    began = time.monotonic()
    with pytest.raises(Temporary, match="did not commit"):
        FencedDoor(plain, lambda: True).accept(RAW, Envelope(), source="imap:x", key="k")
    assert time.monotonic() - began < 5
    assert plain.accept(RAW, Envelope(), source="imap:x", key="k").duplicate
