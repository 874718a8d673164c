"""The desk's nouns: people, tickets, documents and what is known of a conversation. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.mail import Address


class Status(StrEnum):
    NEW = "new"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    CLIENT_RESPONDED = "client_responded"
    TO_BE_CHECKED = "to_be_checked"
    CLOSED = "closed"


STATUS_WORDS = {
    "open": Status.IN_PROGRESS,
    "hold": Status.IN_PROGRESS,
    "waiting": Status.PENDING,
    "resolved": Status.CLOSED,
    "solved": Status.CLOSED,
} | {s.value: s for s in Status}
"""Words that people use for a status, and what they mean when they set one."""


class TicketKind(StrEnum):
    TICKET = "ticket"
    CONVERSATION = "conversation"
    """Started by staff (R1-14)."""


class Role(StrEnum):
    """What an agent may do; ``CLIENT`` marks everybody who only writes."""

    CLIENT = "client"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the desk knows: a client (no handle) or an agent."""

    id: int
    name: str
    addresses: tuple[str, ...]
    """Casefolded addr-specs, the one to write to first."""
    role: Role = Role.CLIENT
    handle: str = ""
    locale: str = ""
    company: str = ""
    owner: str = ""
    """Handle of the agent or team that owns this contact (R0-07)."""
    title: str = ""
    signature: str = ""
    active: bool = True

    @property
    def address(self) -> str:
        return self.addresses[0]

    @property
    def mailbox(self) -> Address:
        return Address(self.name, self.address)

    @property
    def is_agent(self) -> bool:
        return self.role is not Role.CLIENT

    @property
    def first_name(self) -> str:
        """The given name as people write it: "Reyes, Olivia" and "Olivia Reyes" are both Olivia."""
        name = self.name.strip()
        if "," in name:
            name = name.partition(",")[2].strip() or name
        return name.split()[0] if name else ""


@dataclass(frozen=True, slots=True)
class VerifiedAgent:
    """An agent who has proved who they are. Only ``threading.authenticity`` makes one from mail."""

    person: Person
    how: str
    """The proof, for the record: "token", "message-id", "dmarc" or "console"."""


class DocumentState(StrEnum):
    MISSING = "missing"
    RECEIVED = "received"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Document:
    """A named item that was asked for (R1-13, R1-17). ``id`` is 0 until it is stored."""

    id: int
    name: str
    state: DocumentState = DocumentState.MISSING
    filename: str = ""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A stored attachment, by digest of its content."""

    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a ticket's conversation, as stored."""

    id: int
    direction: Direction
    kind: str
    at: datetime
    message_id: str
    author: Address
    author_id: int | None
    subject: str
    text: str
    reply: str
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Another ticket of the same client, as a line in a staff notice (R2-09)."""

    number: int
    subject: str
    status: Status
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """Everything policy may look at when it decides about one ticket."""

    number: int
    kind: TicketKind
    subject: str
    status: Status
    client: Person
    owner: Person | None
    created_at: datetime
    updated_at: datetime
    participants: tuple[Person, ...] = ()
    """Everybody on the client's side, the client first."""
    owner_why: str = ""
    category: str = ""
    tier: int = 1
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    summary: str = ""
    waiting_for: str = ""
    closed_at: datetime | None = None
    merged_into: int | None = None
    continued_in: int | None = None
    """The ticket that a late reply opened instead of reopening this one."""
    documents: tuple[Document, ...] = ()
    messages: tuple[Message, ...] = ()
    """Newest last; long conversations hold the newest alone."""
    others: tuple[OpenTicket, ...] = ()
    addressed: frozenset[str] = field(default_factory=frozenset)
    """Casefolded addresses that stood in To or Cc of the client side's mail: they may join by replying."""
    last_acted: dict[str, datetime] = field(default_factory=dict)
    """Agent handle → when that agent last acted here; notes after it are unseen."""

    @property
    def present_owner(self) -> Person | None:
        """The owner, unless they have left: nobody is told who is not there any more."""
        return self.owner if self.owner is not None and self.owner.active else None

    @property
    def notes(self) -> tuple[Message, ...]:
        return tuple(m for m in self.messages if m.direction is Direction.NOTE)

    def participant(self, address: str) -> Person | None:
        wanted = address.casefold()
        return next((p for p in self.participants if wanted in p.addresses), None)
