"""Reads, inside the deciding transaction, all that policy needs to know. The glue between store, threading and desk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateway.desk import commands
from gateway.desk.arrival import Arrival, ReturnedNotice
from gateway.desk.model import FileRef, Person, Ticket, VerifiedAgent
from gateway.desk.policy import Policy, Situation
from gateway.inbound import fragment
from gateway.mail import InboundMail, Kind
from gateway.store import outbox, people, tickets
from gateway.store.inbox import Claimed
from gateway.threading import authenticity, carriers, match
from gateway.threading.authenticity import Border
from gateway.threading.carriers import Carriers
from gateway.threading.match import Match
from gateway.threading.token import Minter

_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail that was read, with what takes long and asks nothing of the database: everybody waits for a decision."""

    mail: InboundMail
    rich: str
    """HTML for the very text that a notice will show, unless it is an agent's."""

    @classmethod
    def of(cls, mail: InboundMail) -> Prepared:
        return cls(mail, fragment.for_text(mail.reply_html, mail.reply, mail.reply))


def situation(connection: sa.Connection, mail: InboundMail | None, now: datetime) -> Situation:
    """The facts of this moment."""
    return Situation(
        now=now,
        agents=people.agents(connection),
        open_counts=people.open_counts(connection),
        acks_to_sender=_answers_to(connection, mail.sender.address, now) if mail and mail.sender else 0,
        generated_last_minute=outbox.automatic_since(connection, now - timedelta(minutes=1)),
        find=lambda words: people.search(connection, words),
        contact=lambda address: people.contact(connection, address, now),
        open_tickets=lambda client: tickets.open_of(connection, client.id),
    )


def _answers_to(connection: sa.Connection, address: str, now: datetime) -> int:
    """Automatic answers of the last day, to any address of the person: they go to the one to write to first."""
    known = people.by_address(connection, address)
    everywhere = {address, *known.addresses} if known else {address}
    return outbox.automatic_since(connection, now - timedelta(days=1), everywhere)


def arrival(
    connection: sa.Connection,
    claimed: Claimed,
    prepared: Prepared,
    minter: Minter,
    policy: Policy,
    border: Border,
    agents: Iterable[Person],
) -> Arrival:
    """A mail with everything that is known of it."""
    mail = _own_copy(prepared.mail, minter)
    found = carriers.collect(mail, claimed.envelope, minter)
    staff = {address: a for a in agents for address in a.addresses}
    agent = authenticity.verify_agent(mail, found, minter, staff, border)
    matched, loaded = _match(connection, found, minter, mail, agent)
    ticket = loaded.get(matched.ticket) if matched.ticket is not None else None
    returned = _returned(connection, mail, found, minter)
    if returned is not None and returned.ticket is not None:
        ticket = tickets.get(connection, returned.ticket)
    return Arrival(
        mail=mail,
        envelope=claimed.envelope,
        subject=carriers.without_tags(mail.subject),
        files=tuple(
            FileRef(a.filename, a.content_type, a.size, a.sha256, a.inline, a.content_id) for a in mail.attachments
        ),
        rich=prepared.rich if agent is None else _agents_rich(mail),
        ticket=ticket,
        evidence=matched.lines,
        linked=tuple(loaded[n] for n in matched.linked if n in loaded),
        signed_link=_signed(matched),
        joins_as_colleague=matched.joins_as_colleague,
        by_number_alone=matched.by_number_alone,
        conflict=matched.conflict,
        to_note=matched.to_note,
        agent=agent,
        claims_agent=None if agent else _claims(mail, found, matched, staff),
        authenticated=authenticity.dmarc_passes(mail, border),
        returned=returned,
        forced=claimed.forced,
        prompted=_prompted(connection, ticket),
    )


def _agents_rich(mail: InboundMail) -> str:
    return fragment.for_text(mail.reply_html, mail.own_words, commands.parse(mail.own_words).body)


def _own_copy(mail: InboundMail, minter: Minter) -> InboundMail:
    """A mail whose Message-ID we minted is one of ours, whatever it looks like by now."""
    if mail.message_id and minter.read_message_id(mail.message_id):
        return replace(mail, kind=Kind.OWN, why=("its Message-ID is ours", *mail.why))
    return mail


def _match(
    connection: sa.Connection, found: Carriers, minter: Minter, mail: InboundMail, agent: VerifiedAgent | None
) -> tuple[Match, dict[int, Ticket]]:
    references = tickets.by_references(connection, found.looked_up)
    loaded: dict[int, Ticket] = {}
    wanted = set(match.candidates(found, references, minter))
    for _ in range(_CHAIN):
        fresh = {n: t for n in wanted - loaded.keys() if (t := tickets.get(connection, n)) is not None}
        loaded |= fresh
        wanted = {n for t in fresh.values() for n in (t.merged_into, t.continued_in) if n is not None}
        if not wanted - loaded.keys():
            break
    sender = mail.sender if mail.sender_sound else None
    return match.match(found, references, loaded, minter, sender=sender, agent=agent), loaded


def _signed(matched: Match) -> bool:
    return any(e.carrier.startswith(("token", "signed")) and e.verdict == "stranger" for e in matched.evidence)


def _claims(mail: InboundMail, found: Carriers, matched: Match, staff: dict[str, Person]) -> Person | None:
    """The agent whose address, or whose personal token, was used without proof."""
    if mail.sender is not None and mail.sender.key in staff:
        return staff[mail.sender.key]
    if matched.ticket is not None:
        return None
    by_id = {p.id: p for p in staff.values()}
    return next((by_id[t.person] for _, t in found.tokens if t.person in by_id), None)


def _returned(connection: sa.Connection, mail: InboundMail, found: Carriers, minter: Minter) -> ReturnedNotice | None:
    """The notice that a bounce is about: by its VERP address, or by the signed Message-ID it quotes."""
    if mail.kind is not Kind.BOUNCE:
        return None
    token = carriers.bounce_token(found)
    row = outbox.get(connection, token.ticket) if token is not None else None
    if row is None and mail.returned_message_id and minter.read_message_id(mail.returned_message_id):
        row = outbox.by_message_id(connection, mail.returned_message_id)
    if row is None:
        return None
    return ReturnedNotice(row.id, row.ticket, row.kind, row.recipient, row.subject)


def _prompted(connection: sa.Connection, ticket: Ticket | None) -> bool:
    """Was the client reminded since documents were last asked for?"""
    if ticket is None or not ticket.documents:
        return False
    kinds = [row.kind for row in tickets.events(connection, ticket.number)]
    asked = max((i for i, kind in enumerate(kinds) if kind == "documents_requested"), default=-1)
    return "document_prompted" in kinds[asked + 1 :]
