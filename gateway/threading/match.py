"""Which ticket a mail belongs to, by which evidence, and how far that is trusted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.desk.model import Ticket, VerifiedAgent
from gateway.mail import Address
from gateway.threading.carriers import Carriers
from gateway.threading.token import Minter, Token, TokenRole

References = Mapping[str, tuple[tuple[int, int], ...]]
"""Message-ID → (ticket, rank) pairs as the store knows them."""

_ON_TICKETS = frozenset({TokenRole.REPLY, TokenRole.NOTE})
_CHAIN = 20
_BY_NUMBER = "subject tag"

# Mailbox providers whose domain says nothing about who works together.
PUBLIC_DOMAINS = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com yahoo.co.uk "
    "yahoo.fr yahoo.de ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net gmx.com gmx.at web.de t-online.de "
    "freenet.de mail.com mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru proton.me protonmail.com pm.me "
    "tutanota.com tuta.io fastmail.com zoho.com qq.com 163.com 126.com sina.com naver.com hanmail.net daum.net "
    "orange.fr free.fr wanadoo.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it terra.com.br uol.com.br "
    "bol.com.br seznam.cz centrum.cz wp.pl o2.pl onet.pl interia.pl comcast.net verizon.net att.net sbcglobal.net "
    "bellsouth.net cox.net charter.net btinternet.com sky.com virginmedia.com bigpond.com rediffmail.com".split()
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One carrier that named a ticket. ``verdict``: participant, colleague, agent, stranger or unknown."""

    carrier: str
    ticket: int
    verdict: str

    @property
    def joins(self) -> bool:
        return self.verdict in {"participant", "colleague", "agent"}

    def __str__(self) -> str:
        return f"{self.carrier} names #{self.ticket}: {self.verdict}"


@dataclass(frozen=True, slots=True)
class Match:
    """``ticket`` None: nothing that can be trusted; ``linked`` are tickets that were named all the same."""

    ticket: int | None
    evidence: tuple[Evidence, ...] = ()
    linked: tuple[int, ...] = ()
    joins_as_colleague: bool = False
    to_note: bool = False
    """It came to a note address."""
    conflict: bool = False

    @property
    def by_number_alone(self) -> bool:
        """Nothing but a number in the subject led to the ticket."""
        joining = {e.carrier for e in self.evidence if e.joins}
        return joining == {_BY_NUMBER}

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(str(e) for e in self.evidence)


def candidates(carriers: Carriers, references: References, minter: Minter) -> frozenset[int]:
    """Numbers of all tickets that some carrier names, to be loaded before ``match`` is asked."""
    numbers = {t.ticket for _, t in carriers.tokens if t.role in _ON_TICKETS}
    for message_id in carriers.looked_up:
        numbers |= {ticket for ticket, _ in references.get(message_id, ())}
        minted = minter.read_message_id(message_id)
        numbers |= {minted.ticket} if minted and minted.ticket else set()
    return frozenset(numbers | set(carriers.tags))


def match(
    carriers: Carriers,
    references: References,
    tickets: Mapping[int, Ticket],
    minter: Minter,
    *,
    sender: Address | None,
    agent: VerifiedAgent | None,
) -> Match:
    """Weigh the carriers. They agree: that ticket. They disagree, or only a stranger holds them: none, but linked."""
    judge = _Judge(tickets, sender, agent)
    evidence = (
        *_by_token(carriers, judge),
        *_by_reference(carriers, references, minter, judge),
        *_by_tag(carriers, judge),
    )
    joined = tuple(dict.fromkeys(follow(e.ticket, tickets) for e in evidence if e.joins))
    named = tuple(dict.fromkeys(e.ticket for e in evidence if e.ticket in tickets))
    to_note = any(t.role is TokenRole.NOTE for _, t in carriers.tokens)
    if len(joined) == 1:
        best = [e for e in evidence if e.joins]
        colleague = all(e.verdict == "colleague" for e in best)
        return Match(joined[0], evidence, joins_as_colleague=colleague, to_note=to_note)
    return Match(None, evidence, linked=named, to_note=to_note, conflict=len(joined) > 1)


def follow(number: int, tickets: Mapping[int, Ticket]) -> int:
    """Where a merged ticket, or one that a late reply continued, goes on."""
    for _ in range(_CHAIN):
        ticket = tickets.get(number)
        onward = (ticket.merged_into or ticket.continued_in) if ticket else None
        if onward is None:
            return number
        number = onward
    return number


@dataclass(frozen=True, slots=True)
class _Judge:
    tickets: Mapping[int, Ticket]
    sender: Address | None
    agent: VerifiedAgent | None

    def signed(self, token: Token) -> str:
        """Somebody holds a signed capability for the ticket: is it theirs to hold?"""
        known = self.stored(token.ticket)
        if known != "stranger" or self.sender is None:
            return known
        ticket = self.tickets[token.ticket]
        bearer = next((p for p in ticket.participants if p.id == token.person), None)
        domain = self.sender.domain
        if bearer and domain not in PUBLIC_DOMAINS and any(a.endswith(f"@{domain}") for a in bearer.addresses):
            return "colleague"
        return "stranger"

    def stored(self, number: int) -> str:
        """Somebody names a thing that others may know or guess: do they take part?"""
        ticket = self.tickets.get(number)
        if ticket is None:
            return "unknown"
        if self.agent is not None:
            return "agent"
        if self.sender is None:
            return "stranger"
        if ticket.participant(self.sender.address):
            return "participant"
        return "colleague" if self.sender.key in ticket.addressed else "stranger"

    def tagged(self, number: int) -> str:
        verdict = self.stored(number)
        return "stranger" if verdict == "colleague" else verdict


def _by_token(carriers: Carriers, judge: _Judge) -> list[Evidence]:
    on_tickets = [(where, t) for where, t in carriers.tokens if t.role in _ON_TICKETS]
    return [Evidence(f"token in {where}", t.ticket, judge.signed(t)) for where, t in on_tickets]


def _by_reference(carriers: Carriers, references: References, minter: Minter, judge: _Judge) -> list[Evidence]:
    """The nearest ancestor that the sender may use decides; without one, the nearest that is known at all."""
    found = []
    for message_id in carriers.looked_up:
        minted = minter.read_message_id(message_id)
        if minted is not None and minted.ticket in judge.tickets:
            found.append(Evidence("signed Message-ID", minted.ticket, judge.signed(minted)))
            continue
        for ticket, _ in references.get(message_id, ()):
            name = "Message-ID" if message_id == carriers.own_id else "reference"
            found.append(Evidence(name, ticket, judge.stored(ticket)))
    nearest = next((e for e in found if e.joins), None)
    return [nearest] if nearest else found[:1]


def _by_tag(carriers: Carriers, judge: _Judge) -> list[Evidence]:
    found = [Evidence(_BY_NUMBER, number, judge.tagged(number)) for number in carriers.tags]
    return [e for e in found if e.verdict != "unknown"]
