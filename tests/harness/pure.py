"""Values for tests of the pure core: people, tickets, mails and arrivals, each with one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.desk import decision as d
from gateway.desk.arrival import Arrival
from gateway.desk.model import Direction, FileRef, Message, Person, Role, Status, Ticket, TicketKind, VerifiedAgent
from gateway.desk.notices import NoticeDraft
from gateway.desk.policy import Policy, Situation
from gateway.desk.routing import Routes
from gateway.mail import Address, Envelope, InboundMail, Kind
from gateway.threading.token import Keyring, Minter

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
OWN = frozenset({"support@desk.example", "help@desk.example"})
MINTER = Minter(Keyring(((1, b"k" * 32),)), "support@desk.example", OWN)

CASEY = Person(1, "Casey Client", ("casey@client.example",))
SAM = Person(2, "Sam Client", ("sam@client.example",))
OLIVIA = Person(11, "Olivia Reyes", ("olivia@desk.example",), Role.AGENT, "olivia")
JOE = Person(12, "Joe Tran", ("joe@desk.example",), Role.AGENT, "joe")
LINDSEY = Person(13, "Lindsey Park", ("lindsey@desk.example",), Role.LEAD, "lindsey")
ADA = Person(14, "Ada Min", ("ada@desk.example",), Role.ADMIN, "ada")
AGENTS = (OLIVIA, JOE, LINDSEY, ADA)


def ticket(number: int = 1001, **more: Any) -> Ticket:
    values: dict[str, Any] = {
        "kind": TicketKind.TICKET,
        "subject": "A question",
        "status": Status.PENDING,
        "client": CASEY,
        "owner": OLIVIA,
        "created_at": NOW - timedelta(days=2),
        "updated_at": NOW - timedelta(days=1),
        **more,
    }
    values.setdefault("participants", (values["client"],))
    return Ticket(number, **values)


def message(direction: Direction, text: str, *, author: Person = CASEY, **more: Any) -> Message:
    values: dict[str, Any] = {"at": NOW - timedelta(hours=1), "message_id": "", "kind": "person", **more}
    return Message(
        id=1,
        direction=direction,
        author=author.mailbox,
        author_id=author.id,
        subject="A question",
        text=text,
        reply=text,
        **values,
    )


def mail(sender: Person | Address | None = CASEY, text: str = "Yes, only for work.", **more: Any) -> InboundMail:
    address = sender.mailbox if isinstance(sender, Person) else sender
    values: dict[str, Any] = {
        "message_id": "one@client.example",
        "sender": address,
        "sender_sound": address is not None,
        "reply_to": (),
        "to": (Address("", "support@desk.example"),),
        "cc": (),
        "subject": "Re: A question",
        "date": NOW,
        "kind": Kind.PERSON,
        "why": (),
        "text": text,
        "reply": text,
        **more,
    }
    made = InboundMail(**values)
    return replace(made, own_words=text) if hasattr(made, "own_words") and "own_words" not in more else made


def arrival(read: InboundMail | None = None, *, agent: Person | None = None, **more: Any) -> Arrival:
    read = read or mail(agent or CASEY)
    values: dict[str, Any] = {"subject": "A question", **more}
    if agent is not None:
        values["agent"] = VerifiedAgent(agent, "token")
    envelope = values.pop("envelope", Envelope(read.sender.address if read.sender else None, ("support@desk.example",)))
    return Arrival(read, envelope, **values)


def policy(**more: Any) -> Policy:
    values: dict[str, Any] = {
        "desk_name": "Acme Support",
        "address": "support@desk.example",
        "own_addresses": OWN,
        "routes": Routes(default_owner="olivia"),
        **more,
    }
    return Policy(**values)


def situation(**more: Any) -> Situation:
    people = {a: p for p in (CASEY, SAM, *AGENTS) for a in p.addresses}

    def contact(address: Address) -> Person:
        return people.get(address.key) or Person(99, address.name, (address.key,))

    values: dict[str, Any] = {"now": NOW, "agents": AGENTS, "contact": contact, **more}
    return Situation(**values)


def file(name: str, *, kind: str = "application/pdf", size: int = 50_000, inline: bool = False) -> FileRef:
    return FileRef(name, kind, size, "0" * 64, inline)


def notices(decision: d.Decision) -> list[NoticeDraft]:
    return [op.draft for op in decision.ops if isinstance(op, d.Notify)]


def told(decision: d.Decision) -> list[tuple[str, str]]:
    return [(n.kind, n.to.address) for n in notices(decision)]


def events(decision: d.Decision) -> list[str]:
    return [op.kind for op in decision.ops if isinstance(op, d.AddEvent)]


def changes(decision: d.Decision) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for op in decision.ops:
        if isinstance(op, d.Change):
            found |= op.values
    return found
