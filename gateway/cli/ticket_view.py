"""Tickets as JSON (interface.md) and as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gateway.desk import documents, lifecycle
from gateway.desk.model import FileRef, Message, Person, Ticket
from gateway.mail import Address

Json = dict[str, Any]
Events = Sequence[sa.Row[Any]]
Links = Sequence[tuple[int, str]]


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def head(ticket: Ticket) -> Json:
    """A ticket without messages and events."""
    return {
        "number": ticket.number,
        "kind": ticket.kind.value,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "owner": ticket.owner.handle if ticket.owner else None,
        "owner_why": ticket.owner_why,
        "client": _person(ticket.client),
        "participants": [_person(p) for p in ticket.participants],
        "category": ticket.category,
        "tier": ticket.tier,
        "priority": ticket.priority,
        "tags": list(ticket.tags),
        "summary": ticket.summary,
        "waiting_for": ticket.waiting_for,
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "closed_at": stamp(ticket.closed_at),
        "merged_into": ticket.merged_into,
        "continued_in": ticket.continued_in,
        "documents": [{"name": d.name, "state": d.state.value, "filename": d.filename} for d in ticket.documents],
    }


def whole(ticket: Ticket, events: Events, links: Links) -> Json:
    return {
        **head(ticket),
        "links": [{"ticket": other, "why": why} for other, why in links],
        "messages": [_message(m) for m in ticket.messages],
        "events": [{"at": stamp(e.at), "actor": e.actor, "kind": e.kind, "data": e.data} for e in events],
    }


def _person(person: Person) -> Json:
    return {"name": person.name, "address": person.address}


def _address(address: Address) -> Json:
    return {"name": address.name, "address": address.address}


def _file(file: FileRef) -> Json:
    return {
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "inline": file.inline,
    }


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "direction": message.direction.value,
        "kind": message.kind,
        "at": stamp(message.at),
        "message_id": message.message_id or None,
        "from": _address(message.author),
        "to": [_address(a) for a in message.to],
        "cc": [_address(a) for a in message.cc],
        "subject": message.subject,
        "text": message.text,
        "reply": message.reply,
        "attachments": [_file(f) for f in message.files],
    }


# --- for people -----------------------------------------------------------------------------------


def table(tickets: Sequence[Ticket]) -> str:
    """One line a ticket."""
    if not tickets:
        return "No tickets."
    rows = [
        (
            f"#{t.number}",
            t.status.value,
            t.owner.handle if t.owner else "-",
            t.client.name or t.client.address,
            t.subject,
        )
        for t in tickets
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[4]]).rstrip() for row in rows
    )


def page(ticket: Ticket, events: Events, links: Links) -> str:
    """A ticket on a screen."""
    owner = f"{ticket.owner.name} ({ticket.owner_why})" if ticket.owner else "nobody"
    lines = [
        f"#{ticket.number}  {ticket.subject}",
        f"Status        {lifecycle.WORDS[ticket.status]}" + (f": {ticket.waiting_for}" if ticket.waiting_for else ""),
        f"Owner         {owner}",
        f"Client        {_named(ticket.client)}",
    ]
    if len(ticket.participants) > 1:
        lines.append("Participants  " + ", ".join(_named(p) for p in ticket.participants[1:]))
    if ticket.category:
        lines.append(f"Category      {ticket.category}")
    for number, why in links:
        lines.append(f"Linked        #{number} ({why})")
    if ticket.documents:
        lines.append(f"Documents     {documents.counts(ticket.documents)}")
        lines += [f"              [{'x' if d.state.value == 'received' else ' '}] {d.name}" for d in ticket.documents]
    for message in ticket.messages:
        lines += ["", *_shown(message)]
    lines += ["", "Events"]
    lines += [f"  {stamp(e.at)}  {e.actor:<14} {e.kind}{_data(e.data)}" for e in events]
    return "\n".join(lines)


def _named(person: Person) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _shown(message: Message) -> list[str]:
    marks = {"in": "→", "out": "←", "note": "✎ note,"}
    author = message.author.name or message.author.address
    kind = "" if message.kind == "person" else f" ({message.kind})"
    first = f"{marks[message.direction.value]} {author}{kind}, {stamp(message.at)}"
    body = textwrap.indent(message.reply or message.text, "    ").splitlines()
    files = [f"    [{f.filename}, {f.size} bytes]" for f in message.files]
    return [first, *body, *files]


def _data(data: Json) -> str:
    shown = ", ".join(f"{key} {value}" for key, value in data.items() if value not in ("", None, [], {}))
    return f"  ({shown})" if shown else ""
