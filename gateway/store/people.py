"""People: contacts that mail made known, and agents that the configuration names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.desk.model import Person, Role
from gateway.mail import Address
from gateway.store import rows
from gateway.store import schema as s
from gateway.store.upsert import inserted_id


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """A person as the configuration describes them. ``handle`` is "" for a contact."""

    name: str
    addresses: tuple[str, ...]
    role: Role
    handle: str = ""
    locale: str = ""
    company: str = ""
    owner: str = ""
    title: str = ""
    signature: str = ""


def by_id(connection: sa.Connection, person_id: int) -> Person | None:
    return rows.persons(connection, {person_id}).get(person_id)


def by_address(connection: sa.Connection, address: str) -> Person | None:
    owner = sa.select(s.person_address.c.person).where(s.person_address.c.address == address.casefold())
    return next(iter(rows.persons_where(connection, s.person.c.id.in_(owner)).values()), None)


def agents(connection: sa.Connection) -> tuple[Person, ...]:
    """Every active agent, by handle."""
    found = rows.persons_where(connection, (s.person.c.role != Role.CLIENT) & s.person.c.active)
    return tuple(sorted(found.values(), key=lambda p: p.handle))


def contact(connection: sa.Connection, address: Address, now: datetime) -> Person:
    """The person with this address; one who is not known yet becomes a contact."""
    known = by_address(connection, address.address)
    if known is not None:
        if not known.name and address.name:
            connection.execute(sa.update(s.person).where(s.person.c.id == known.id).values(name=address.name))
            return by_id(connection, known.id) or known
        return known
    row = {"name": address.name, "role": Role.CLIENT, "created_at": now}
    person_id = inserted_id(connection.execute(sa.insert(s.person).values(**row)))
    connection.execute(sa.insert(s.person_address).values(address=address.key, person=person_id))
    return Person(person_id, address.name, (address.key,))


def search(connection: sa.Connection, words: str, *, limit: int = 10) -> tuple[Person, ...]:
    """Contacts whose name, company or address holds these words."""
    pattern = "%" + words.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with_address = sa.select(s.person_address.c.person).where(s.person_address.c.address.ilike(pattern, escape="\\"))
    query = (
        sa.select(s.person.c.id)
        .where(s.person.c.role == Role.CLIENT)
        .where(
            sa.or_(
                s.person.c.name.ilike(pattern, escape="\\"),
                s.person.c.company.ilike(pattern, escape="\\"),
                s.person.c.id.in_(with_address),
            )
        )
        .order_by(s.person.c.id)
        .limit(limit)
    )
    found = rows.persons(connection, set(connection.execute(query).scalars()))
    return tuple(found[i] for i in sorted(found))


def sync(connection: sa.Connection, specs: Iterable[PersonSpec], now: datetime) -> None:
    """Make the tables say what the configuration says; agents that it no longer names become inactive."""
    specs = tuple(specs)
    named = frozenset(spec.handle for spec in specs if spec.handle)
    for spec in specs:
        _sync_one(connection, spec, named, now)
    gone = sa.update(s.person).where(s.person.c.handle.is_not(None), s.person.c.handle.not_in(named))
    connection.execute(gone.values(active=False))


def _sync_one(connection: sa.Connection, spec: PersonSpec, named: frozenset[str], now: datetime) -> None:
    addresses = tuple(dict.fromkeys(a.casefold() for a in spec.addresses))
    person_id = _find(connection, spec.handle, addresses, named)
    values = {
        "name": spec.name,
        "role": spec.role,
        "handle": spec.handle or None,
        "locale": spec.locale,
        "company": spec.company,
        "owner": spec.owner,
        "title": spec.title,
        "signature": spec.signature,
        "active": True,
    }
    if person_id is None:
        person_id = inserted_id(connection.execute(sa.insert(s.person).values(**values, created_at=now)))
    else:
        known_name = connection.execute(sa.select(s.person.c.name).where(s.person.c.id == person_id)).scalar()
        values["name"] = spec.name or known_name or ""
        connection.execute(sa.update(s.person).where(s.person.c.id == person_id).values(**values))
    if spec.handle:  # an agent's address is a right: one that the configuration has dropped must not stay one
        others = (s.person_address.c.person == person_id) & s.person_address.c.address.not_in(addresses)
        connection.execute(sa.delete(s.person_address).where(others))
    _set_addresses(connection, person_id, addresses)


def _find(connection: sa.Connection, handle: str, addresses: tuple[str, ...], named: frozenset[str]) -> int | None:
    """By handle, else by address: a contact, or an agent whose handle the configuration no longer names."""
    if handle:
        same = connection.execute(sa.select(s.person.c.id).where(s.person.c.handle == handle)).scalar()
        if same is not None:
            return int(same)
    query = (
        sa.select(s.person_address.c.address, s.person_address.c.person)
        .join(s.person)
        .where(s.person_address.c.address.in_(addresses))
        .where(sa.or_(s.person.c.handle.is_(None), s.person.c.handle.not_in(named)))
    )
    found = {row.address: int(row.person) for row in connection.execute(query)}
    return next((found[address] for address in addresses if address in found), None)


def _set_addresses(connection: sa.Connection, person_id: int, addresses: tuple[str, ...]) -> None:
    """The configuration decides whose address it is: others lose it, and what it does not name stays known."""
    held = s.person_address.c.address.in_(addresses)
    losers = set(connection.execute(sa.select(s.person_address.c.person).where(held)).scalars()) - {person_id}
    connection.execute(sa.delete(s.person_address).where(held))
    later = sa.update(s.person_address).where(s.person_address.c.person == person_id)
    connection.execute(later.values(position=s.person_address.c.position + len(addresses)))
    for position, address in enumerate(addresses):
        row = {"address": address, "person": person_id, "position": position}
        connection.execute(sa.insert(s.person_address).values(**row))
    for loser in sorted(losers):
        _merge_if_nameless(connection, loser, person_id)


def _merge_if_nameless(connection: sa.Connection, loser: int, person_id: int) -> None:
    """A contact without any address left was the same person all the time: their tickets follow."""
    left = connection.execute(
        sa.select(sa.func.count()).select_from(s.person_address).where(s.person_address.c.person == loser)
    ).scalar()
    if left:
        return
    takes_part = sa.select(s.participant.c.ticket).where(s.participant.c.person == person_id)
    doubled = (s.participant.c.person == loser) & s.participant.c.ticket.in_(takes_part)
    connection.execute(sa.delete(s.participant).where(doubled))
    for column in (s.participant.c.person, s.ticket.c.client, s.message.c.author):
        assert isinstance(column.table, sa.Table)
        connection.execute(sa.update(column.table).where(column == loser).values({column.name: person_id}))


def open_counts(connection: sa.Connection) -> dict[int, int]:
    """Open tickets of each owner, by person id."""
    query = (
        sa.select(s.ticket.c.owner, sa.func.count())
        .where(s.OPEN, s.ticket.c.owner.is_not(None))
        .group_by(s.ticket.c.owner)
    )
    return {owner: count for owner, count in connection.execute(query) if owner is not None}
