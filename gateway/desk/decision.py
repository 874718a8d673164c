"""What a decision is made of: small operations, applied together in one transaction or not at all.

``ticket`` is 0 in every operation that means the ticket which this decision opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.desk.model import Direction, DocumentState, FileRef, Person, Status, TicketKind
from gateway.desk.notices import NoticeDraft
from gateway.mail import Address

NEW = 0


@dataclass(frozen=True, slots=True)
class OpenTicket:
    kind: TicketKind
    subject: str
    client: Person
    owner: Person | None
    owner_why: str
    status: Status = Status.NEW
    category: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class AddMessage:
    """``references`` are remembered with ``message_id``, so that later mail of the thread finds this ticket."""

    ticket: int
    direction: Direction
    kind: str
    author: Address
    author_id: int | None
    subject: str
    text: str
    reply: str
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    files: tuple[FileRef, ...] = ()
    message_id: str = ""
    references: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    from_mail: bool = False
    """It is the mail that is being decided, not a text that the desk made of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """New values of a ticket's columns (see ``CHANGEABLE``)."""

    ticket: int
    values: dict[str, Any]


CHANGEABLE = frozenset(
    {
        "status",
        "owner",
        "owner_why",
        "category",
        "summary",
        "waiting_for",
        "closed_at",
        "subject",
        "tier",
        "priority",
        "tags",
    }
    | {"merged_into", "continued_in"}
)


@dataclass(frozen=True, slots=True)
class AddParticipant:
    ticket: int
    person: Person


@dataclass(frozen=True, slots=True)
class RememberAddressed:
    ticket: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddDocuments:
    ticket: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetDocument:
    document: int
    state: DocumentState
    filename: str = ""


@dataclass(frozen=True, slots=True)
class AddEvent:
    """One line of the audit trail. ``ticket`` None: an event of the desk itself."""

    ticket: int | None
    actor: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notify:
    """``carries_message``: the notice is the way out of the latest OUT message of this decision."""

    draft: NoticeDraft
    carries_message: bool = False


@dataclass(frozen=True, slots=True)
class LinkTickets:
    ticket: int
    other: int
    why: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The agent has seen the ticket up to now: later notes are unseen."""

    ticket: int
    handle: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Ask for a tick of this kind at that time; an earlier one of the same kind is replaced."""

    ticket: int
    kind: str
    due_at: datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClearDeadline:
    ticket: int
    kind: str


@dataclass(frozen=True, slots=True)
class NoticeReturned:
    """A delivery status notification came back for one of our notices."""

    notice: int
    reply: str


Op = (
    OpenTicket
    | AddMessage
    | Change
    | AddParticipant
    | RememberAddressed
    | AddDocuments
    | SetDocument
    | AddEvent
    | Notify
    | LinkTickets
    | Acted
    | SetDeadline
    | ClearDeadline
    | NoticeReturned
)


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcome`` is a word for the log and the inbox row; ``set_aside`` a reason to keep the mail in quarantine."""

    outcome: str
    ops: tuple[Op, ...] = ()
    ticket: int | None = None
    set_aside: str = ""
    lines: tuple[str, ...] = ()
    """What was done, for whoever asked on a console."""
