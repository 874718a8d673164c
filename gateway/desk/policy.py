"""What the admin has chosen, and what is true at the moment of deciding. Both are handed to every decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.desk.model import OpenTicket, Person, Role
from gateway.desk.routing import Routes
from gateway.mail import Address


@dataclass(frozen=True, slots=True)
class Policy:
    desk_name: str = "Support"
    address: str = ""
    own_addresses: frozenset[str] = frozenset()
    """Casefolded, without plus tags."""
    routes: Routes = field(default_factory=Routes)
    answer_makes_pending: bool = True
    reopen_within: timedelta = timedelta(days=30)
    thanks_reopens: bool = False
    acknowledge: str = "everyone"
    """everyone, authenticated or nobody."""
    receipts: str = "all"
    """all or quiet."""
    acks_per_sender_per_day: int = 3
    generated_per_minute: int = 20
    shared_note_words: int = 6

    def is_ours(self, address: str) -> bool:
        local, _, domain = address.casefold().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" in self.own_addresses


def _nobody(_: str) -> tuple[Person, ...]:
    return ()


def _no_tickets(_: Person) -> tuple[OpenTicket, ...]:
    return ()


def _unknown(_: Address) -> Person:
    raise LookupError("this situation cannot make contacts")


@dataclass(frozen=True, slots=True)
class Situation:
    """Facts of one moment, read in the transaction that will carry the decision out."""

    now: datetime
    agents: tuple[Person, ...] = ()
    open_counts: Mapping[int, int] = field(default_factory=dict)
    acks_to_sender: int = 0
    """Automatic notices to this sender in the last 24 hours."""
    generated_last_minute: int = 0
    find: Callable[[str], tuple[Person, ...]] = _nobody
    """Contacts by words of name, company or address."""
    contact: Callable[[Address], Person] = _unknown
    """The person with an address, made a contact where unknown."""
    open_tickets: Callable[[Person], tuple[OpenTicket, ...]] = _no_tickets
    """A client's tickets that are not closed, the oldest first."""

    def agent(self, handle: str) -> Person | None:
        return next((a for a in self.agents if a.handle == handle), None)

    @property
    def leads(self) -> tuple[Person, ...]:
        """Who hears of what belongs to nobody: leads, else admins, else everybody."""
        for role in (Role.LEAD, Role.ADMIN, Role.AGENT):
            found = tuple(a for a in self.agents if a.role is role)
            if found:
                return found
        return ()

    @property
    def admins(self) -> tuple[Person, ...]:
        return tuple(a for a in self.agents if a.role is Role.ADMIN) or self.leads
