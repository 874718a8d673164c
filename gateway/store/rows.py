"""Between rows and the desk's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from gateway.desk.model import (
    Direction,
    Document,
    DocumentState,
    FileRef,
    Message,
    OpenTicket,
    Person,
    Role,
    Status,
    Ticket,
    TicketKind,
)
from gateway.desk.notices import NoticeDraft
from gateway.mail import Address
from gateway.store import schema as s

_MESSAGES_KEPT = 50
_OTHERS = 20
_AT_ONCE = 500

Row = sa.Row[Any]


def address_json(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def addresses_json(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
    return [address_json(a) for a in addresses]


def _address(value: dict[str, str]) -> Address:
    return Address(value["name"], value["address"])


def file_json(file: FileRef) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "inline": file.inline,
        "content_id": file.content_id,
    }


def draft_json(draft: NoticeDraft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "to": address_json(draft.to),
        "person_id": draft.person_id,
        "context": draft.context,
        "ticket": draft.ticket,
        "locale": draft.locale,
        "from_name": draft.from_name,
        "in_reply_to": draft.in_reply_to,
        "references": list(draft.references),
        "files": [file_json(f) for f in draft.files],
        "key": draft.key,
    }


def draft_from(value: dict[str, Any]) -> NoticeDraft:
    return NoticeDraft(
        kind=value["kind"],
        to=_address(value["to"]),
        person_id=value["person_id"],
        context=value["context"],
        ticket=value["ticket"],
        locale=value["locale"],
        from_name=value["from_name"],
        in_reply_to=value["in_reply_to"],
        references=tuple(value["references"]),
        files=tuple(FileRef(**f) for f in value["files"]),
        key=value["key"],
    )


def persons(connection: sa.Connection, ids: set[int]) -> dict[int, Person]:
    """People by id, each with all their addresses."""
    return persons_where(connection, s.person.c.id.in_(ids)) if ids else {}


def persons_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[int, Person]:
    """People by id, in one round trip: every mail that is decided asks for some."""
    address = s.person_address
    query = (
        sa.select(s.person, address.c.address)
        .outerjoin_from(s.person, address, address.c.person == s.person.c.id)
        .where(condition)
        .order_by(s.person.c.id, address.c.position, address.c.address)
    )
    people: dict[int, Row] = {}
    addresses: dict[int, list[str]] = {}
    for row in connection.execute(query):
        people.setdefault(row.id, row)
        if row.address is not None:
            addresses.setdefault(row.id, []).append(row.address)
    return {number: _person(row, tuple(addresses.get(number, ()))) for number, row in people.items()}


def _person(row: Row, addresses: tuple[str, ...]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        addresses=addresses or ("",),
        role=Role(row.role),
        handle=row.handle or "",
        locale=row.locale,
        company=row.company,
        owner=row.owner,
        title=row.title,
        signature=row.signature,
        active=row.active,
    )


def message(row: Row, files: tuple[FileRef, ...]) -> Message:
    return Message(
        id=row.id,
        direction=Direction(row.direction),
        kind=row.kind,
        at=row.at,
        message_id=row.message_id,
        author=Address(row.author_name, row.author_address),
        author_id=row.author,
        subject=row.subject,
        text=row.text,
        reply=row.reply,
        to=tuple(_address(a) for a in row.to),
        cc=tuple(_address(a) for a in row.cc),
        files=files,
    )


def messages(connection: sa.Connection, number: int, *, limit: int | None = None) -> tuple[Message, ...]:
    """A ticket's messages, oldest first; ``limit`` keeps the newest alone."""
    newest = sa.select(s.message).where(s.message.c.ticket == number).order_by(s.message.c.id.desc()).limit(limit)
    rows = list(reversed(connection.execute(newest).all()))
    files: dict[int, list[FileRef]] = {}
    query = (
        sa.select(s.message_file)
        .join(s.message, s.message.c.id == s.message_file.c.message)
        .where(s.message.c.ticket == number, s.message.c.id >= (rows[0].id if rows else 0))
        .order_by(s.message_file.c.id)
    )
    for row in connection.execute(query):
        ref = FileRef(row.filename, row.content_type, row.size, row.sha256, row.inline, row.content_id)
        files.setdefault(row.message, []).append(ref)
    return tuple(message(row, tuple(files.get(row.id, ()))) for row in rows)


def open_tickets(connection: sa.Connection, client: int, *, but: int = 0) -> tuple[OpenTicket, ...]:
    """A client's tickets that are not closed, the oldest first, without the ticket ``but``."""
    query = (
        sa.select(s.ticket)
        .where(s.ticket.c.client == client, s.ticket.c.number != but, s.ticket.c.status != Status.CLOSED)
        .order_by(s.ticket.c.number)
        .limit(_OTHERS)
    )
    return tuple(OpenTicket(r.number, r.subject, Status(r.status), r.updated_at) for r in connection.execute(query))


def ticket(connection: sa.Connection, number: int, *, whole: bool = False) -> Ticket | None:
    """All that policy may know of a ticket; ``whole`` loads every message of it."""
    found = heads(connection, [number])
    if not found:
        return None
    head = found[0]
    seen = connection.execute(sa.select(s.acted.c.handle, s.acted.c.at).where(s.acted.c.ticket == number))
    listed = connection.execute(sa.select(s.addressed.c.address).where(s.addressed.c.ticket == number))
    return replace(
        head,
        messages=messages(connection, number, limit=None if whole else _MESSAGES_KEPT),
        others=open_tickets(connection, head.client.id, but=number),
        addressed=frozenset(a for (a,) in listed),
        last_acted={row.handle: row.at for row in seen},
    )


def heads(connection: sa.Connection, numbers: Sequence[int]) -> list[Ticket]:
    """Tickets without their conversation, in the order of their numbers as given; unknown numbers are left out."""
    found: dict[int, Ticket] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        found |= _heads(connection, numbers[start : start + _AT_ONCE])
    return [found[number] for number in numbers if number in found]


def _heads(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, Ticket]:
    rows = connection.execute(sa.select(s.ticket).where(s.ticket.c.number.in_(numbers))).all()
    joined: dict[int, list[int]] = {}
    query = sa.select(s.participant).where(s.participant.c.ticket.in_(numbers))
    for part in connection.execute(query.order_by(s.participant.c.added_at, s.participant.c.person)):
        joined.setdefault(part.ticket, []).append(part.person)
    asked: dict[int, list[Document]] = {}
    wanted = sa.select(s.document).where(s.document.c.ticket.in_(numbers)).order_by(s.document.c.id)
    for doc in connection.execute(wanted):
        asked.setdefault(doc.ticket, []).append(Document(doc.id, doc.name, DocumentState(doc.state), doc.filename))
    ids = {p for row in rows for p in (row.client, row.owner, *joined.get(row.number, ())) if p is not None}
    people = persons(connection, ids)
    return {row.number: _head(row, joined.get(row.number, []), people, asked.get(row.number, [])) for row in rows}


def _head(row: Row, joined: list[int], people: dict[int, Person], asked: list[Document]) -> Ticket:
    return Ticket(
        number=row.number,
        kind=TicketKind(row.kind),
        subject=row.subject,
        status=Status(row.status),
        client=people[row.client],
        owner=people[row.owner] if row.owner is not None else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        participants=tuple(people[p] for p in dict.fromkeys((row.client, *joined))),
        owner_why=row.owner_why,
        category=row.category,
        tier=row.tier,
        priority=row.priority,
        tags=tuple(row.tags),
        summary=row.summary,
        waiting_for=row.waiting_for,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        continued_in=row.continued_in,
        documents=tuple(asked),
    )
