"""A whole desk in a temporary folder, driven mail by mail: the real door, reader, worker, store and composer.

Only the wire is left out: mail goes straight to the door, notices are composed and handed to the test.
"""

from __future__ import annotations

import atexit
import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness.prepared import prepare

from gateway import config, log
from gateway.app import Gateway
from gateway.cli import ticket_view
from gateway.desk.decision import Decision
from gateway.desk.model import Ticket
from gateway.desk.notices import NoticeState, Settlement, missing_names
from gateway.inbound import situation
from gateway.inbound.reader import Reader
from gateway.inbound.worker import Worker
from gateway.mail import Envelope
from gateway.store import Outbox, inbox, people, tickets
from gateway.store import schema as s
from gateway.store.apply import Applier
from gateway.threading.token import Keyring

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_ids = itertools.count(1)

AGENTS: list[dict[str, Any]] = [
    {"handle": "olivia", "name": "Olivia Reyes", "address": "olivia@desk.example"},
    {"handle": "joe", "name": "Joe Tran", "address": "joe@desk.example"},
    {"handle": "lindsey", "name": "Lindsey Park", "address": "lindsey@desk.example", "role": "lead"},
]


@functools.cache
def _shared_reader() -> Reader:
    """One child for all desks of a test process: starting it is the slowest part."""
    reader = Reader()
    atexit.register(reader.close)
    return reader


@dataclass
class Sent:
    """A notice as it left: kind, recipient, the parsed mail, and its envelope sender."""

    kind: str
    to: str
    mail: EmailMessage
    envelope_sender: str
    ticket: int | None
    raw: bytes

    @property
    def text(self) -> str:
        body = self.mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def html(self) -> str:
        body = self.mail.get_body(("html",))
        assert body is not None
        return str(body.get_content())

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def reply_to(self) -> str:
        return str(self.mail["Reply-To"]).rpartition("<")[2].rstrip(">")

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Desk:
    """``close`` it. ``sent`` grows with every notice."""

    gateway: Gateway
    worker: Worker
    clock: Clock
    sent: list[Sent] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, *, database: str = "sqlite:///gateway.db", **settings: Any) -> Desk:
        key = folder / "secret.key"
        if not key.exists():  # a desk that is opened again keeps its key
            key.write_text(Keyring.fresh_line())
        if database == "sqlite:///gateway.db":
            prepare(folder / "gateway.db")
        data: dict[str, Any] = {
            "desk": {"name": "Acme Support", "address": "support@desk.example", "aliases": ["help@desk.example"]},
            "database": {"url": database},
            "outbound": {"maildir": {"path": "outgoing"}},
            "agents": AGENTS,
            "routing": {"default_owner": "olivia"},
            "notices": {"acks_per_sender_per_day": 50, "generated_per_minute": 1000},
        }
        for key, value in settings.items():
            data[key] = {**data[key], **value} if isinstance(value, dict) and key in data else value
        log.configure("error")
        clock = Clock()
        gateway = Gateway.open(config.parse(data, folder), clock)
        return cls(gateway, Worker(gateway.store, gateway.setup_now, _shared_reader, clock=clock), clock)

    def close(self) -> None:
        self.gateway.close()

    # --- mail in --------------------------------------------------------------------------------

    def take(self, mail: EmailMessage | bytes, *, sender: str | None = None, to: list[str] | None = None) -> list[Sent]:
        """A mail arrives and is decided; returns the notices that followed."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
        if sender is None:
            sender = _bare(mail["From"]) if isinstance(mail, EmailMessage) else ""
        if to is None:
            to = [_bare(part) for part in str(mail["To"]).split(",")] if isinstance(mail, EmailMessage) else []
        ours = tuple(r for r in to if self.gateway.door.knows(r))
        self.gateway.door.accept(raw, Envelope(sender, ours), source="test")
        return self.settle()

    def settle(self) -> list[Sent]:
        """Decide all that waits and send all that is due."""
        while self.worker.work():
            self.clock.forward(seconds=1)
        return self.deliver()

    def deliver(self) -> list[Sent]:
        """Compose and "send" every notice that is due."""
        outbox = Outbox(self.gateway.store)
        fresh: list[Sent] = []
        while claims := outbox.claim(self.clock(), limit=50, lease_seconds=60):
            for claim in claims:
                composed = self.gateway.compose(claim.outgoing, self.clock())
                assert outbox.mark_dot_pending(claim, composed.raw, self.clock())
                mail = message_from_bytes(composed.raw, policy=default)
                assert isinstance(mail, EmailMessage)
                draft = claim.outgoing.draft
                assert missing_names(draft.kind, draft.context) == []
                fresh.append(
                    Sent(
                        draft.kind,
                        draft.to.address,
                        mail,
                        composed.envelope_sender,
                        claim.outgoing.ticket,
                        composed.raw,
                    )
                )
                assert outbox.settle(claim, Settlement(NoticeState.SENT, "250 ok"), self.clock())
        self.sent += fresh
        return fresh

    # --- looking --------------------------------------------------------------------------------

    def ticket(self, number: int = 1001) -> Ticket:
        found = self.gateway.store.read(lambda c: tickets.get(c, number, whole=True))
        assert found is not None, f"no ticket {number}"
        return found

    def numbers(self) -> list[int]:
        return sorted(t.number for t in self.gateway.store.read(lambda c: tickets.listed(c, limit=1000)))

    def shown(self, number: int = 1001) -> dict[str, Any]:
        """As ``gateway ticket show --json``."""
        events = self.gateway.store.read(lambda c: tickets.events(c, number))
        links = self.gateway.store.read(lambda c: tickets.links(c, number))
        return ticket_view.whole(self.ticket(number), events, links)

    def events(self, number: int = 1001) -> list[str]:
        return [e["kind"] for e in self.shown(number)["events"]]

    def quarantined(self) -> list[inbox.InboxRow]:
        return list(self.gateway.store.read(inbox.quarantined))

    def outcomes(self) -> list[str]:
        query = sa.select(s.inbox.c.outcome).order_by(s.inbox.c.id)
        return list(self.gateway.store.read(lambda c: c.execute(query).scalars().all()))

    def command_address(self, handle: str) -> str:
        found = next(a for a in self.gateway.store.read(people.agents) if a.handle == handle)
        return self.gateway.setup.minter.command_address(found.id)

    def last(self, kind: str, to: str = "") -> Sent:
        return next(n for n in reversed(self.sent) if n.kind == kind and to in n.to)

    # --- orders ---------------------------------------------------------------------------------

    def order(self, decide: Callable[..., Decision], number: int = 1001) -> Decision:
        def work(connection: sa.Connection) -> Decision:
            ticket = tickets.get(connection, number)
            assert ticket is not None
            facts = situation.situation(connection, None, self.clock())
            decision = decide(ticket, self.gateway.setup.policy, facts)
            Applier(connection, self.clock(), self.gateway.setup.mint).apply(decision)
            return decision

        return self.gateway.store.transact(work, serial=True)


def letter(
    sender: str,
    text: str,
    *,
    to: str = "support@desk.example",
    subject: str = "Question about my tax return",
    cc: str = "",
    files: dict[str, bytes] | None = None,
    html: str = "",
    at: datetime = START,
    **fields: str,
) -> EmailMessage:
    """A new mail. ``fields`` are further header fields, underscores standing for hyphens."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    if cc:
        mail["Cc"] = cc
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<letter-{next(_ids)}@{_bare(sender).rpartition('@')[2]}>"
    for name, value in fields.items():
        field_name = name.replace("_", "-")
        del mail[field_name]
        mail[field_name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, data in (files or {}).items():
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail


def answer(notice: Sent, sender: str, text: str, **more: Any) -> EmailMessage:
    """A reply to a notice as mail programs make it, with the notice quoted below."""
    quoted = "".join(f"> {line}\n" for line in notice.text.splitlines())
    subject = more.pop("subject", None) or "Re: " + notice.subject.removeprefix("Re: ")
    return letter(
        sender,
        f"{text}\n\nOn Sat, 21 Nov 2026 at 10:00, {notice.mail['From']} wrote:\n\n{quoted}",
        to=more.pop("to", None) or notice.reply_to,
        subject=subject,
        In_Reply_To=more.pop("in_reply_to", notice.message_id),
        References=more.pop("references", f"{notice.mail['References'] or ''} {notice.message_id}".strip()),
        **more,
    )


def _bare(header: object) -> str:
    return str(header).rpartition("<")[2].rstrip(">").strip()
