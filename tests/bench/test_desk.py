"""From the door to the composed notice, on SQLite in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.desk import Desk, letter

from gateway.mail import Envelope


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(tmp_path)
    opened.take(letter("Casey <casey@client.example>", "The first one is slow: it starts the reader."))
    yield opened
    opened.close()


def _mails(count: int) -> list[bytes]:
    return [letter(f"c{n} <c{n}@client.example>", f"Question {n}", subject=f"q{n}").as_bytes() for n in range(count)]


def test_accept_100_mails_durably_one_after_the_other(desk: Desk, benchmark: Any) -> None:
    envelope = Envelope("casey@client.example", ("support@desk.example",))

    def work(mails: list[bytes]) -> None:
        for mail in mails:
            desk.gateway.door.accept(mail, envelope, source="bench")

    benchmark.pedantic(work, setup=lambda: ((_mails(100),), {}), rounds=5)


def test_accept_100_mails_durably_at_once(desk: Desk, benchmark: Any) -> None:
    envelope = Envelope("casey@client.example", ("support@desk.example",))

    def work(mails: list[bytes]) -> None:
        for future in [desk.gateway.door.submit(mail, envelope, source="bench") for mail in mails]:
            future.result()

    benchmark.pedantic(work, setup=lambda: ((_mails(100),), {}), rounds=5)


def test_decide_50_new_tickets(desk: Desk, benchmark: Any) -> None:
    envelope = Envelope("casey@client.example", ("support@desk.example",))

    def fill() -> None:
        for mail in _mails(50):
            desk.gateway.door.accept(mail, envelope, source="bench")

    def work() -> None:
        while desk.worker.work():
            pass

    benchmark.pedantic(work, setup=fill, rounds=4)


def test_compose_a_staff_notice(desk: Desk, benchmark: Any) -> None:
    desk.take(letter("Casey <casey@client.example>", "A question.\n" * 40))
    outgoing = _last_outgoing(desk)
    benchmark(desk.gateway.compose, outgoing, desk.clock())


def _last_outgoing(desk: Desk) -> Any:
    import sqlalchemy as sa

    from gateway.store import outbox
    from gateway.store import schema as s

    query = sa.select(s.notice).where(s.notice.c.kind == "staff_new").order_by(s.notice.c.id.desc()).limit(1)
    return outbox.outgoing(desk.gateway.store.read(lambda c: c.execute(query).one()))
