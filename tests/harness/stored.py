"""Short ways to put things into a store and to look at them again."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway.desk import decision as d
from gateway.desk.model import Direction, Person, Ticket, TicketKind
from gateway.desk.notices import NoticeDraft, sample
from gateway.mail import Address, Envelope
from gateway.store import Store, inbox, outbox, people, tickets
from gateway.store import schema as s
from gateway.store.apply import Applier

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CASEY = Address("Casey Client", "casey@client.example")
_nonces = itertools.count(1)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def mint(ticket: int, person: int) -> str:
    return f"m{ticket}.{person}.{next(_nonces)}@desk.example"


def accept(store: Store, raw: bytes = b"From: a@b.example\r\n\r\nhi\r\n", *, key: str = "", now: datetime = NOW) -> int:
    """Put a mail into the inbox; without a key each one is a mail of its own."""
    keys = (key or f"test:{next(_nonces)}",)
    envelope = Envelope("a@b.example", ("support@desk.example",))
    return store.transact(lambda c: inbox.accept(c, raw, envelope, source="test", keys=keys, now=now)).inbox_id


def claim(
    store: Store, *, limit: int = 10, now: datetime = NOW, lease_seconds: int = 60, lease: str | None = None
) -> tuple[inbox.Claimed, ...]:
    return store.transact(lambda c: inbox.claim(c, now, limit=limit, lease_seconds=lease_seconds, lease=lease))


def inbox_row(store: Store, inbox_id: int) -> sa.Row[Any]:
    return store.read(lambda c: c.execute(sa.select(s.inbox).where(s.inbox.c.id == inbox_id)).one())


def contact(store: Store, address: Address = CASEY) -> Person:
    return store.transact(lambda c: people.contact(c, address, NOW), serial=True)


def apply(store: Store, *ops: d.Op, ticket: int | None = None, now: datetime = NOW) -> int | None:
    """Carry a decision out as the desk does."""
    decision = d.Decision("test", ops, ticket)
    return store.transact(lambda c: Applier(c, now, mint).apply(decision), serial=True)


def open_op(client: Person, subject: str = "A question") -> d.OpenTicket:
    return d.OpenTicket(TicketKind.TICKET, subject, client, None, "nobody owns it")


def message_op(ticket: int = d.NEW, direction: Direction = Direction.IN, **more: Any) -> d.AddMessage:
    values: dict[str, Any] = {
        "kind": "person",
        "author": CASEY,
        "author_id": None,
        "subject": "A question",
        "text": "Hello?",
        "reply": "Hello?",
    }
    return d.AddMessage(ticket, direction, **{**values, **more})


def open_ticket(store: Store, client: Person | None = None, subject: str = "A question") -> int:
    person = client or contact(store)
    number = apply(store, open_op(person, subject), message_op(), ticket=d.NEW)
    assert number is not None
    return number


def ticket(store: Store, number: int) -> Ticket:
    found = store.read(lambda c: tickets.get(c, number, whole=True))
    assert found is not None
    return found


def draft(
    to: Address = CASEY, *, kind: str = "reply", ticket: int | None = None, key: str = "", person: int | None = None
) -> NoticeDraft:
    return NoticeDraft(kind, to, person, {**sample(kind)}, ticket=ticket, key=key)


def notice(store: Store, to: Address = CASEY, **more: Any) -> int:
    """Decide a notice; returns its id."""
    apply(store, d.Notify(draft(to, **more)))
    return int(store.read(lambda c: c.execute(sa.select(sa.func.max(s.notice.c.id))).scalar_one()))


def notice_row(store: Store, notice_id: int) -> sa.Row[Any]:
    row = store.read(lambda c: outbox.get(c, notice_id))
    assert row is not None
    return row


def rows(store: Store, table: sa.Table) -> int:
    return int(store.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()))
