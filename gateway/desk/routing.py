"""Who owns a new ticket, and why: contact's owner, company's owner, category, team default, lead (R0-07). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.desk.model import Person, Role


@dataclass(frozen=True, slots=True)
class CompanyRule:
    name: str
    domains: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True)
class CategoryRule:
    name: str
    addresses: tuple[str, ...]
    keywords: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True)
class Routes:
    """The configured rules. ``teams`` maps a team's name to its members' handles."""

    companies: tuple[CompanyRule, ...] = ()
    categories: tuple[CategoryRule, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_owner: str = ""

    def company_of(self, person: Person) -> CompanyRule | None:
        """By explicit name, else by the domain of an address."""
        named = next((c for c in self.companies if person.company and c.name == person.company), None)
        domains = {a.rpartition("@")[2] for a in person.addresses}
        return named or next((c for c in self.companies if domains & {d.casefold() for d in c.domains}), None)

    def category_of(self, recipients: Iterable[str], subject: str) -> CategoryRule | None:
        """By the address written to, else by a word of the subject."""
        written_to = {r.casefold() for r in recipients}
        lowered = subject.casefold()
        by_address = next((c for c in self.categories if written_to & {a.casefold() for a in c.addresses}), None)
        return by_address or next(
            (c for c in self.categories if any(k.casefold() in lowered for k in c.keywords)), None
        )


def choose_owner(
    routes: Routes,
    client: Person,
    category: CategoryRule | None,
    agents: Sequence[Person],
    open_counts: Mapping[int, int],
) -> tuple[Person | None, str]:
    """The first rule that names somebody who is there; never nobody while there are agents."""
    company = routes.company_of(client)
    chain = [
        (client.owner, f"owner of {client.name or client.address}"),
        (company.owner if company else "", f"owner of {company.name}" if company else ""),
        (category.owner if category else "", f"category {category.name}" if category else ""),
        (routes.default_owner, "team default"),
    ]
    for wanted, why in chain:
        owner = resolve(wanted, routes, agents, open_counts)
        if owner is not None:
            return owner, why
    return _lead(agents, open_counts)


def resolve(wanted: str, routes: Routes, agents: Sequence[Person], open_counts: Mapping[int, int]) -> Person | None:
    """An agent by handle, or the member of a team who has the fewest open tickets."""
    by_handle = {a.handle: a for a in agents}
    members = [by_handle[h] for h in routes.teams.get(wanted, (wanted,)) if h in by_handle]
    return min(members, key=lambda a: (open_counts.get(a.id, 0), a.id)) if members else None


def _lead(agents: Sequence[Person], open_counts: Mapping[int, int]) -> tuple[Person | None, str]:
    for role, why in (
        (Role.LEAD, "lead, as no rule fits"),
        (Role.ADMIN, "admin, as no rule fits"),
        (Role.AGENT, "no rule fits"),
    ):
        ranked = [a for a in agents if a.role is role]
        if ranked:
            return min(ranked, key=lambda a: (open_counts.get(a.id, 0), a.id)), why
    return None, "there is no agent"
