"""A mail that arrived, with all that is known of it when policy looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.desk.model import FileRef, Person, Ticket, VerifiedAgent
from gateway.mail import Address, Envelope, InboundMail


@dataclass(frozen=True, slots=True)
class ReturnedNotice:
    """The notice that a bounce speaks of: proved by VERP or by its signed Message-ID."""

    id: int
    ticket: int | None
    kind: str
    recipient: str
    subject: str


@dataclass(frozen=True, slots=True)
class Arrival:
    mail: InboundMail
    envelope: Envelope
    subject: str
    """The mail's subject without our tags."""
    files: tuple[FileRef, ...] = ()
    rich: str = ""
    """HTML of the new text where it says the same as the plain text without commands; "" otherwise. Unsafe."""
    ticket: Ticket | None = None
    evidence: tuple[str, ...] = ()
    linked: tuple[Ticket, ...] = ()
    """Tickets that were named, but may not be joined."""
    signed_link: bool = False
    """A linked ticket was named by one of our own signatures, held by somebody it was not made for."""
    joins_as_colleague: bool = False
    by_number_alone: bool = False
    """Only the number in the subject led to the ticket, which anybody can guess."""
    conflict: bool = False
    to_note: bool = False
    agent: VerifiedAgent | None = None
    claims_agent: Person | None = None
    """The agent whose address is in From, or whose token was used, without proof that it is them."""
    authenticated: bool = False
    """DMARC's pass for From, by our own border."""
    returned: ReturnedNotice | None = None
    forced: bool = False
    """Released from quarantine: somebody has looked at it."""
    prompted: bool = False
    """The client has been reminded of missing files since they were asked for."""

    @property
    def sender(self) -> Address | None:
        return self.mail.sender


MakeContact = Callable[[Address], Person]
