"""Everything in a mail that may name a ticket, taken out of it and not yet believed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.mail import Envelope, InboundMail
from gateway.threading.token import Minter, Token, TokenRole

_TAG = re.compile(r"\[\s?#\s?(\d{1,10})\s?\]")
_MOST_REFERENCES = 100
_MOST_TAGS = 3


@dataclass(frozen=True, slots=True)
class Carriers:
    """``tokens`` are verified by their MAC; where they stood comes first. ``references`` are nearest first."""

    tokens: tuple[tuple[str, Token], ...]
    references: tuple[str, ...]
    own_id: str
    tags: tuple[int, ...]

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Message-IDs that the store should be asked about."""
        return (*self.references, *((self.own_id,) if self.own_id else ()))


def collect(mail: InboundMail, envelope: Envelope, minter: Minter) -> Carriers:
    return Carriers(
        tokens=_tokens(mail, envelope, minter),
        references=nearest_first(mail),
        own_id=mail.message_id or "",
        tags=subject_tags(mail.subject),
    )


def _tokens(mail: InboundMail, envelope: Envelope, minter: Minter) -> tuple[tuple[str, Token], ...]:
    """Tokens in any recipient position, each once (the envelope's first: it is the one that was really used)."""
    positions = [("envelope", r) for r in envelope.recipients]
    positions += list(mail.recipients)
    positions += [("to", a.address) for a in mail.to] + [("cc", a.address) for a in mail.cc]
    found: dict[Token, str] = {}
    for where, address in positions:
        token = minter.read_address(address)
        if token is not None:
            found.setdefault(token, where)
    return tuple((where, token) for token, where in found.items())


def nearest_first(mail: InboundMail) -> tuple[str, ...]:
    """In-Reply-To, then References from the right (RFC 5322 section 3.6.4: the parent stands last)."""
    ordered = dict.fromkeys((*mail.in_reply_to, *reversed(mail.references)))
    return tuple(list(ordered)[:_MOST_REFERENCES])


def subject_tags(subject: str) -> tuple[int, ...]:
    """Ticket numbers in the decoded subject, as in "[#1001]"; odd spaces are forgiven."""
    plain = subject.replace("\u00a0", " ")
    return tuple(dict.fromkeys(int(m) for m in _TAG.findall(plain)))[:_MOST_TAGS]


def without_tags(subject: str) -> str:
    """The subject as people mean it, without ticket tags."""
    return " ".join(_TAG.sub(" ", subject.replace("\u00a0", " ")).split())


def bounce_token(carriers: Carriers) -> Token | None:
    return next((t for _, t in carriers.tokens if t.role is TokenRole.BOUNCE), None)
