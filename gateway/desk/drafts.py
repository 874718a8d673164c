"""Drafts of notices: which facts of a ticket each one carries.

What goes to clients is built from ``PublicView``, which has no note in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.desk import lifecycle
from gateway.desk.model import Direction, Document, FileRef, Message, Person, Status, Ticket, TicketKind
from gateway.desk.notices import Context, NoticeDraft

_REFERENCES = 5
GO_ALONG = 7_000_000
"""Bytes of files that a notice to staff carries. In base64 they stay below ten megabytes, which every relay takes."""
MOST_ALONG = 100
"""Files that a notice to staff carries. Thousands of tiny ones would take many seconds to compose."""
NAMED = 10
"""Files left out that are named, of the others there is the number."""
NO_TICKET: Context = dict.fromkeys(
    ("subject", "status", "status_word", "summary", "category", "waiting_for", "created_at"), ""
) | {"number": 0, "kind": "ticket"}
"""What a notice that belongs to no ticket says of its ticket: every name, so that its template finds them all."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its author, as a notice shows it. ``html`` is as it came: it is sanitised where it is rendered."""

    author_name: str
    author_address: str
    at: datetime
    text: str
    html: str = ""
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicView:
    """All of a ticket that a client may ever see. There is no way from here to a note (design decision 10)."""

    number: int
    subject: str
    kind: TicketKind
    status: Status
    created_at: datetime
    waiting_for: str
    category: str
    client: Person
    participants: tuple[Person, ...]
    documents: tuple[Document, ...]
    references: tuple[str, ...]


def public(ticket: Ticket) -> PublicView:
    return PublicView(
        number=ticket.number,
        subject=ticket.subject,
        kind=ticket.kind,
        status=ticket.status,
        created_at=ticket.created_at,
        waiting_for="",
        category=ticket.category,
        client=ticket.client,
        participants=ticket.participants,
        documents=ticket.documents,
        references=thread_of(ticket.messages),
    )


def thread_of(messages: Iterable[Message]) -> tuple[str, ...]:
    """Message-IDs of the public conversation, oldest first, short enough for every mail client."""
    ids = [m.message_id for m in messages if m.direction is not Direction.NOTE and m.message_id]
    unique = list(dict.fromkeys(ids))
    return tuple(unique[:1] + unique[1:][-(_REFERENCES - 1) :])


def client_notice(
    kind: str, to: Person, view: PublicView, *, said: Said | None = None, agent: Person | None = None, **more: Any
) -> NoticeDraft:
    """A notice to somebody on the client's side."""
    context: Context = {"ticket": _public_ticket(view), "client": _person(to), **more}
    if said is not None:
        context["message"] = _message(said)
        context["agent"] = _agent(agent)
        context["documents"] = documents(view.documents)
    return NoticeDraft(
        kind,
        to.mailbox,
        to.id,
        context,
        ticket=view.number,
        locale=to.locale,
        from_name=agent.name if agent else "",
        in_reply_to=view.references[-1] if view.references else "",
        references=view.references,
        files=said.files if said else (),
    )


def staff_notice(
    kind: str, to: Person, ticket: Ticket, *, said: Said | None = None, desk_domain: str = "", **more: Any
) -> NoticeDraft:
    """A notice to an agent about a ticket, with all that is known of it."""
    context: Context = {**staff_context(ticket, to), "warnings": [], "was": ticket.status.value, **more}
    files, stay = go_along(said.files if said else ())
    context["warnings"] = [*context["warnings"], *_stay(stay)]
    if said is not None:
        context["message"] = _message(replace(said, files=said.files[: MOST_ALONG + NAMED]))
    thread = (f"ticket-{ticket.number}.staff@{desk_domain}",) if desk_domain else ()
    return NoticeDraft(
        kind,
        to.mailbox,
        to.id,
        context,
        ticket=ticket.number,
        locale=to.locale,
        from_name=said.author_name if said else "",
        references=thread,
        files=files,
    )


def go_along(files: Iterable[FileRef]) -> tuple[tuple[FileRef, ...], tuple[FileRef, ...]]:
    """The files that a notice to staff has room for, in order, and those that it has not."""
    room, takes, leaves = GO_ALONG, list[FileRef](), list[FileRef]()
    for file in files:
        fits = file.size <= room and len(takes) < MOST_ALONG
        (takes if fits else leaves).append(file)
        room -= file.size if fits else 0
    return tuple(takes), tuple(leaves)


def _stay(files: Sequence[FileRef]) -> list[str]:
    named = [_stays(file) for file in files[:NAMED]]
    more = len(files) - len(named)
    return [*named, f"{more} more files stay with the ticket: `gateway ticket file` has them."] if more else named


def _stays(file: FileRef) -> str:
    size = f"{file.size / 1_000_000:.1f} MB"
    why = "is too large" if file.size > GO_ALONG else "is one too many"
    return f"{file.filename} ({size}) {why} to go along. It stays with the ticket: `gateway ticket file` has it."


def staff_context(ticket: Ticket, to: Person) -> Context:
    return {
        "ticket": staff_ticket(ticket),
        "client": _person(ticket.client),
        "owner": _owner(ticket, to),
        "notes": [_note(n) for n in unseen_notes(ticket, to)],
        "documents": documents(ticket.documents),
        "others": [
            {
                "number": o.number,
                "subject": o.subject,
                "status": o.status.value,
                "status_word": lifecycle.WORDS[o.status],
            }
            for o in ticket.others
        ],
        "participants": [{"name": p.name, "address": p.address} for p in ticket.participants[1:]],
    }


def unseen_notes(ticket: Ticket, to: Person) -> tuple[Message, ...]:
    """Notes of others since this agent last acted here."""
    since = ticket.last_acted.get(to.handle)
    return tuple(n for n in ticket.notes if n.author_id != to.id and (since is None or n.at > since))


def staff_ticket(ticket: Ticket) -> Context:
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "kind": ticket.kind.value,
        "status": ticket.status.value,
        "status_word": lifecycle.WORDS[ticket.status],
        "summary": ticket.summary,
        "category": ticket.category,
        "waiting_for": ticket.waiting_for,
        "created_at": ticket.created_at.isoformat(),
    }


def _public_ticket(view: PublicView) -> Context:
    return {
        "number": view.number,
        "subject": view.subject,
        "kind": view.kind.value,
        "status": view.status.value,
        "status_word": lifecycle.WORDS[view.status],
        "summary": "",
        "category": view.category,
        "waiting_for": view.waiting_for,
        "created_at": view.created_at.isoformat(),
    }


def documents(items: Iterable[Document]) -> list[Context]:
    return [{"name": d.name, "state": d.state.value} for d in items]


def _person(person: Person) -> Context:
    return {
        "name": person.name,
        "first_name": person.first_name,
        "address": person.address,
        "company": person.company,
    }


def _agent(agent: Person | None) -> Context:
    if agent is None:
        return {"name": "", "first_name": "", "title": "", "signature": ""}
    return {"name": agent.name, "first_name": agent.first_name, "title": agent.title, "signature": agent.signature}


def _owner(ticket: Ticket, to: Person) -> Context:
    owner = ticket.owner
    if owner is None:
        return {"name": "", "handle": "", "why": "nobody owns it", "is_you": False}
    return {"name": owner.name, "handle": owner.handle, "why": ticket.owner_why, "is_you": owner.id == to.id}


def _note(note: Message) -> Context:
    return {"from_name": note.author.name, "at": note.at.isoformat(), "text": note.reply}


def _message(said: Said) -> Context:
    return {
        "from_name": said.author_name,
        "from_address": said.author_address,
        "at": said.at.isoformat(),
        "text": said.text,
        "html": said.html,
        "attachments": [
            {"filename": f.filename, "content_type": f.content_type, "size": f.size, "content_id": f.content_id}
            for f in said.files
        ],
    }


def anonymous(draft: NoticeDraft) -> NoticeDraft:
    """The draft without a single word that the recipient could have chosen (an ack to an unproven sender)."""
    ticket = {**draft.context["ticket"], "subject": ""}
    client = {**draft.context["client"], "name": "", "first_name": ""}
    to = replace(draft.to, name="")
    return replace(draft, to=to, context={**draft.context, "ticket": ticket, "client": client})
