"""Carries a decision out: every operation in order, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import singledispatchmethod

import sqlalchemy as sa

from gateway.desk import decision as d
from gateway.desk.model import Direction, FileRef, Person
from gateway.desk.notices import KINDS, NoticeDraft, NoticeState
from gateway.mail import Address
from gateway.store import rows
from gateway.store import schema as s
from gateway.store.upsert import insert_all, insert_all_new, insert_new, inserted_id

FIRST_NUMBER = 1001
_LONGEST_ID = 998  # octets, RFC 5322 section 2.1.1; longer ones would not fit into PostgreSQL's index either

MintMessageId = Callable[[int, int], str]
"""(ticket, person) → a signed Message-ID; the store keeps no secret."""


class Applier:
    """One decision's way into the tables. ``inbox`` is the mail being decided, if it is one."""

    def __init__(
        self,
        connection: sa.Connection,
        now: datetime,
        mint: MintMessageId,
        *,
        inbox: int | None = None,
    ) -> None:
        self.connection = connection
        self.now = now
        self.mint = mint
        self.inbox = inbox
        self.opened: int | None = None
        self.out_message: int | None = None
        self.notices = 0
        self.references: list[dict[str, object]] = []

    def apply(self, decision: d.Decision) -> int | None:
        """Run every operation; returns the ticket that the decision was about."""
        touched: set[int] = set()
        for op in decision.ops:
            self._do(op)
            number = getattr(op, "ticket", None)
            if number is not None and not isinstance(op, d.OpenTicket):
                touched.add(self._number(number))
        self._write_references()
        for number in sorted(touched - {self.opened}):
            self.connection.execute(sa.update(s.ticket).where(s.ticket.c.number == number).values(updated_at=self.now))
        return self._number(decision.ticket) if decision.ticket is not None else None

    def _number(self, ticket: int) -> int:
        if ticket != d.NEW:
            return ticket
        if self.opened is None:
            raise ValueError("the decision speaks of a new ticket before it opens one")
        return self.opened

    @singledispatchmethod
    def _do(self, op: object) -> None:
        raise TypeError(f"no way to apply {type(op).__name__}")

    @_do.register
    def _open(self, op: d.OpenTicket) -> None:
        highest = self.connection.execute(sa.select(sa.func.max(s.ticket.c.number))).scalar()
        self.opened = (highest or FIRST_NUMBER - 1) + 1
        self.connection.execute(
            sa.insert(s.ticket).values(
                number=self.opened,
                kind=op.kind,
                subject=op.subject,
                status=op.status,
                client=op.client.id,
                owner=op.owner.id if op.owner else None,
                owner_why=op.owner_why,
                category=op.category,
                summary=op.summary,
                created_at=self.now,
                updated_at=self.now,
            )
        )
        self._participant(d.AddParticipant(self.opened, op.client))

    @_do.register
    def _message(self, op: d.AddMessage) -> None:
        number = self._number(op.ticket)
        result = self.connection.execute(
            sa.insert(s.message).values(
                ticket=number,
                inbox=self.inbox if op.from_mail else None,
                direction=op.direction,
                kind=op.kind,
                at=self.now,
                message_id=op.message_id,
                author_name=op.author.name,
                author_address=op.author.address,
                author=op.author_id,
                to=rows.addresses_json(op.to),
                cc=rows.addresses_json(op.cc),
                subject=op.subject,
                text=op.text,
                reply=op.reply,
                evidence=list(op.evidence),
            )
        )
        message_id = inserted_id(result)
        self._files(message_id, op.files)
        self._references(number, op)
        if op.direction is Direction.OUT:
            self.out_message = message_id

    def _files(self, message_id: int, files: tuple[FileRef, ...]) -> None:
        insert_all(self.connection, s.message_file, [{"message": message_id, **rows.file_json(f)} for f in files])

    def _references(self, number: int, op: d.AddMessage) -> None:
        if op.direction is Direction.NOTE:
            return
        if op.message_id:
            self._refer(op.message_id, number, 1)
        for reference in op.references:
            self._refer(reference, number, 2)

    def _refer(self, message_id: str, number: int, rank: int) -> None:
        if len(message_id.encode("utf-8", "replace")) > _LONGEST_ID:
            return
        self.references.append({"message_id": message_id, "ticket": number, "rank": rank})

    def _write_references(self) -> None:
        """All of them in one round trip; a mail may name a hundred others."""
        insert_all_new(self.connection, s.message_ref, self.references)
        self.references = []

    @_do.register
    def _change(self, op: d.Change) -> None:
        unknown = op.values.keys() - d.CHANGEABLE
        if unknown:
            raise ValueError(f"a ticket has no changeable {sorted(unknown)}")
        values = {key: self._stored(key, value) for key, value in op.values.items()}
        self.connection.execute(
            sa.update(s.ticket).where(s.ticket.c.number == self._number(op.ticket)).values(**values)
        )

    def _stored(self, key: str, value: object) -> object:
        if key == "owner":
            return value.id if isinstance(value, Person) else None
        if key in {"merged_into", "continued_in"} and value == d.NEW:
            return self._number(d.NEW)
        return value

    @_do.register
    def _participant(self, op: d.AddParticipant) -> None:
        row = {"ticket": self._number(op.ticket), "person": op.person.id, "added_at": self.now}
        insert_new(self.connection, s.participant, row)

    @_do.register
    def _addressed(self, op: d.RememberAddressed) -> None:
        for address in op.addresses:
            row = {"ticket": self._number(op.ticket), "address": address.casefold()}
            insert_new(self.connection, s.addressed, row)

    @_do.register
    def _documents(self, op: d.AddDocuments) -> None:
        number = self._number(op.ticket)
        for name in op.names:
            row = {"ticket": number, "name": name, "state": "missing", "requested_at": self.now}
            self.connection.execute(sa.insert(s.document).values(**row))

    @_do.register
    def _document(self, op: d.SetDocument) -> None:
        changed = sa.update(s.document).where(s.document.c.id == op.document)
        self.connection.execute(changed.values(state=op.state, filename=op.filename))

    @_do.register
    def _event(self, op: d.AddEvent) -> None:
        number = None if op.ticket is None else self._number(op.ticket)
        self.connection.execute(
            sa.insert(s.event).values(ticket=number, at=self.now, actor=op.actor, kind=op.kind, data=op.data)
        )

    @_do.register
    def _link(self, op: d.LinkTickets) -> None:
        ticket = self._number(op.ticket)
        if ticket != op.other:
            insert_new(self.connection, s.link, {"ticket": ticket, "other": op.other, "why": op.why})

    @_do.register
    def _acted(self, op: d.Acted) -> None:
        key = {"ticket": self._number(op.ticket), "handle": op.handle}
        if not insert_new(self.connection, s.acted, {**key, "at": self.now}):
            same = (s.acted.c.ticket == key["ticket"]) & (s.acted.c.handle == key["handle"])
            self.connection.execute(sa.update(s.acted).where(same).values(at=self.now))

    @_do.register
    def _set_deadline(self, op: d.SetDeadline) -> None:
        self._clear_deadline(d.ClearDeadline(op.ticket, op.kind))
        row = {"ticket": self._number(op.ticket), "kind": op.kind, "due_at": op.due_at, "data": op.data}
        self.connection.execute(sa.insert(s.deadline).values(**row))

    @_do.register
    def _clear_deadline(self, op: d.ClearDeadline) -> None:
        same = (s.deadline.c.ticket == self._number(op.ticket)) & (s.deadline.c.kind == op.kind)
        self.connection.execute(sa.delete(s.deadline).where(same))

    @_do.register
    def _returned(self, op: d.NoticeReturned) -> None:
        changed = sa.update(s.notice).where(s.notice.c.id == op.notice)
        self.connection.execute(changed.values(reply=op.reply, told=True))

    @_do.register
    def _notify(self, op: d.Notify) -> None:
        draft = op.draft
        number = None if draft.ticket is None else self._number(draft.ticket)
        message_id = self.mint(number or 0, draft.person_id or 0)
        if self._notice(draft, number, message_id, self.out_message if op.carries_message else None):
            self.notices += 1
            if number is not None:
                self._refer(message_id, number, 0)
            if op.carries_message:
                self._message_id_of_out(message_id, draft.to)

    def _notice(self, draft: NoticeDraft, number: int | None, message_id: str, message: int | None) -> bool:
        kind = KINDS[draft.kind]
        shown = draft.context.get("ticket")
        return insert_new(
            self.connection,
            s.notice,
            {
                "ticket": number,
                "kind": draft.kind,
                "audience": kind.audience,
                "automatic": kind.automatic,
                "message_id": message_id,
                "recipient": draft.to.address.casefold(),
                "draft": rows.draft_json(self._numbered(draft, number)),
                "subject": shown["subject"] if isinstance(shown, dict) else "",
                "key": draft.key or None,
                "message": message,
                "state": NoticeState.DUE,
                "created_at": self.now,
                "due_at": self.now,
            },
        )

    def _numbered(self, draft: NoticeDraft, number: int | None) -> NoticeDraft:
        """A notice of a new ticket learns its number."""
        shown = draft.context.get("ticket")
        if number is None or not isinstance(shown, dict) or shown.get("number"):
            return draft
        context = {**draft.context, "ticket": {**shown, "number": number}}
        references = tuple(r.replace(f"ticket-{d.NEW}.", f"ticket-{number}.") for r in draft.references)
        return replace(draft, context=context, ticket=number, references=references)

    def _message_id_of_out(self, message_id: str, to: Address) -> None:
        """The stored answer shows the Message-ID of its first copy, and everybody who got one."""
        row = self.connection.execute(sa.select(s.message).where(s.message.c.id == self.out_message)).one()
        recipients = [*row.to, rows.address_json(to)]
        changed = sa.update(s.message).where(s.message.c.id == self.out_message)
        self.connection.execute(changed.values(message_id=row.message_id or message_id, to=recipients))
