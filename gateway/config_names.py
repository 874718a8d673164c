"""Names and addresses that one section of the configuration shares with another.

It looks at the raw tree, before its values are checked, so that the mistakes of both kinds are
reported at once. What has the wrong shape is passed over here: the other check reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.config_types import normal_address

Problem = tuple[str, str]
Table = dict[str, Any]


def wrong_names(data: Table) -> list[Problem]:
    """Owners and members that nobody is called, and names and addresses that stand twice."""
    return [*_owners(data), *_members(data), *_twice(data), *_addresses(data), *_inbound(data)]


def _tables(data: Table, name: str) -> Iterator[tuple[str, Table]]:
    """Path and table of each entry of ``[[name]]``."""
    entries = data.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield f"{name}[{index}]", entry


def _text(table: Table, key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _texts(table: Table, key: str) -> list[tuple[str, str]]:
    """Path within the table and value of a key that holds one text or a list of them."""
    value = table.get(key)
    if isinstance(value, list):
        return [(f"{key}[{i}]", entry) for i, entry in enumerate(value) if isinstance(entry, str)]
    return [(key, value)] if isinstance(value, str) else []


def _handles(data: Table) -> list[str]:
    return [handle for _, agent in _tables(data, "agents") if (handle := _text(agent, "handle"))]


def _owners(data: Table) -> Iterator[Problem]:
    known = {*_handles(data), *(_text(team, "name") for _, team in _tables(data, "teams"))}
    owned = [
        *(
            (f"{path}.owner", _text(t, "owner"))
            for s in ("companies", "contacts", "categories")
            for path, t in _tables(data, s)
        ),
        ("routing.default_owner", _text(_section(data, "routing"), "default_owner")),
    ]
    for path, owner in owned:
        if owner and owner not in known:
            yield path, f"no agent or team is called {owner!r}; add it under [[agents]] or [[teams]]"


def _section(data: Table, name: str) -> Table:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _members(data: Table) -> Iterator[Problem]:
    handles = set(_handles(data))
    for path, team in _tables(data, "teams"):
        if team.get("members") == []:
            yield f"{path}.members", "a team needs at least one member"
        for key, member in _texts(team, "members"):
            if member not in handles:
                yield f"{path}.{key}", f"no agent is called {member!r}; add it under [[agents]]"
        if _text(team, "name") in handles:
            yield f"{path}.name", f"{_text(team, 'name')!r} is an agent already; choose another name"


def _twice(data: Table) -> Iterator[Problem]:
    """Names that must differ within their section."""
    for section, key in (("agents", "handle"), ("teams", "name"), ("companies", "name"), ("categories", "name")):
        seen: dict[str, str] = {}
        for path, table in _tables(data, section):
            name = _text(table, key)
            if name.casefold() in seen:
                yield f"{path}.{key}", f"{name!r} is used twice; it is {seen[name.casefold()]} already"
            elif name:
                seen[name.casefold()] = path


def _addresses(data: Table) -> Iterator[Problem]:
    """An address belongs to one of us alone: it says who wrote a mail, and for whom."""
    desk = _section(data, "desk")
    ours = {normal_address(value): "desk" for key in ("address", "aliases") for _, value in _texts(desk, key)}
    seen: dict[str, str] = {}
    for section in ("categories", "agents", "contacts"):
        for path, table in _tables(data, section):
            for key, value in (text for name in ("address", "aliases", "addresses") for text in _texts(table, name)):
                holder = seen.setdefault(normal_address(value), path)
                if section != "categories":  # mail to a category is mail to the desk
                    holder = ours.get(normal_address(value), holder)
                if holder != path:
                    yield f"{path}.{key}", f"{normal_address(value)} already belongs to {holder}"
    yield from _domains(data)


def _domains(data: Table) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path, company in _tables(data, "companies"):
        for key, value in _texts(company, "domains"):
            holder = seen.setdefault(value.casefold(), path)
            if holder != path:
                yield f"{path}.{key}", f"{value} already belongs to {holder}"


def _inbound(data: Table) -> Iterator[Problem]:
    """Two readers of one mailbox, or listeners at one place, would fight each other."""
    inbound = _section(data, "inbound")
    yield from _same(inbound, "imap", ("name",), "is the name of {other} too; give each mailbox a name of its own")
    yield from _same(inbound, "imap", ("host", "username", "folder"), "the same mailbox as {other}; remove one")
    yield from _same(inbound, "smtp", ("listen",), "{other} listens there already; choose another place")


def _same(data: Table, section: str, keys: tuple[str, ...], advice: str) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], str] = {}
    for path, table in _tables(data, section):
        value = tuple(_text(table, key) for key in keys)
        other = seen.setdefault(value, f"inbound.{path}")
        if any(value) and other != f"inbound.{path}":
            yield f"inbound.{path}" + (f".{keys[0]}" if len(keys) == 1 else ""), advice.format(other=other)
