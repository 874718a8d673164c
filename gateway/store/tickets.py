"""Questions about tickets: by number, by Message-ID, by status; and the events of one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gateway.desk.model import OpenTicket, Ticket
from gateway.store import rows
from gateway.store import schema as s


def get(connection: sa.Connection, number: int, *, whole: bool = False) -> Ticket | None:
    return rows.ticket(connection, number, whole=whole)


def open_of(connection: sa.Connection, client: int) -> tuple[OpenTicket, ...]:
    return rows.open_tickets(connection, client)


def listed(
    connection: sa.Connection, *, statuses: tuple[str, ...] = (), owner: str = "", limit: int = 100
) -> tuple[Ticket, ...]:
    """Tickets without their conversations, the most recently changed first."""
    query = sa.select(s.ticket.c.number).order_by(s.ticket.c.updated_at.desc(), s.ticket.c.number.desc()).limit(limit)
    if statuses:
        query = query.where(s.ticket.c.status.in_(statuses))
    if owner:
        query = query.join(s.person, s.person.c.id == s.ticket.c.owner).where(s.person.c.handle == owner)
    return tuple(rows.heads(connection, connection.execute(query).scalars().all()))


def by_references(connection: sa.Connection, ids: tuple[str, ...]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Message-ID → (ticket, rank) pairs; rank as in ``schema.message_ref``."""
    found: dict[str, list[tuple[int, int]]] = {}
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        query = sa.select(s.message_ref).where(s.message_ref.c.message_id.in_(chunk))
        for row in connection.execute(query):
            found.setdefault(row.message_id, []).append((row.ticket, row.rank))
    return {key: tuple(sorted(pairs, key=lambda p: (p[1], -p[0]))) for key, pairs in found.items()}


def events(connection: sa.Connection, number: int) -> tuple[sa.Row[Any], ...]:
    return tuple(connection.execute(sa.select(s.event).where(s.event.c.ticket == number).order_by(s.event.c.id)))


def happened(connection: sa.Connection, number: int, kind: str) -> int:
    """How often an event of this kind stands on the ticket."""
    query = sa.select(sa.func.count()).select_from(s.event).where(s.event.c.ticket == number, s.event.c.kind == kind)
    return int(connection.execute(query).scalar() or 0)


def links(connection: sa.Connection, number: int) -> tuple[tuple[int, str], ...]:
    query = sa.select(s.link.c.other, s.link.c.why).where(s.link.c.ticket == number).order_by(s.link.c.other)
    return tuple((row.other, row.why) for row in connection.execute(query))
