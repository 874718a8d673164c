"""A database with the past of a desk: tickets, the mails they came from, and notices that were sent."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from harness.stored import NOW, draft, message_op, mint, open_op

from gateway.desk import decision as d
from gateway.desk.notices import NoticeState
from gateway.mail import Address
from gateway.store import open_store, people
from gateway.store import schema as s
from gateway.store.apply import Applier


def fill(url: str, tickets: int) -> None:
    """One client, one mail and one notice a ticket."""
    store = open_store(url)
    try:
        for begin in range(0, tickets, 500):
            part = range(begin, min(begin + 500, tickets))
            store.transact(lambda c, part=part: _tickets(c, part), serial=True)
        store.transact(lambda c: _mails(c, tickets))
        store.transact(lambda c: c.execute(sa.update(s.notice).values(state=NoticeState.SENT, settled_at=NOW)))
    finally:
        store.close()


def _tickets(connection: sa.Connection, numbers: range) -> None:
    for number in numbers:
        address = Address(f"Client {number}", f"client-{number}@client.example")
        client = people.contact(connection, address, NOW)
        told = d.Notify(draft(address))
        decision = d.Decision("filled", (open_op(client), message_op(author=address), told), d.NEW)
        Applier(connection, NOW, mint).apply(decision)


def _mails(connection: sa.Connection, count: int) -> None:
    raws = [f"From: client-{n}@client.example\r\n\r\nMail number {n}.\r\n".encode() for n in range(count)]
    blobs = [{"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw), "data": raw} for raw in raws]
    row = {"source": "smtp", "sender": "", "recipients": [], "peer": "", "received_at": NOW, "due_at": NOW}
    done = {**row, "state": "done", "settled_at": NOW}
    connection.execute(sa.insert(s.blob), blobs)
    connection.execute(sa.insert(s.inbox), [{**done, "raw": b["sha256"], "size": b["size"]} for b in blobs])
