"""No transaction of the gateway is without its points: the source is searched for those that the table lacks."""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.failpoints import Armed
from harness.points import COMMANDS, TRANSACTIONS

import gateway

ROOT = Path(gateway.__file__).parent
_STORES = ("self", "store", "_store")
_WORDS = (".transact(", ".submit(", ".begin(", ".commit(")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
RAW = {
    "gateway.store:Store.read": "reads",
    "gateway.store.copy:_alone": "gateway database copy",
    "gateway.store.copy:copy": "gateway database copy",
    "gateway.store.engine:_postgresql": "sets the session up",
    "gateway.store.member:_engine": "each statement is in STATEMENTS",
    "gateway.store.migrate:_turn": "SCHEMA",
    "gateway.store.transact:GroupWriter._commit": "all of TRANSACTIONS and COMMANDS",
    "gateway.store.transact:PoolWriter._once": "all of TRANSACTIONS and COMMANDS",
}
"""Who begins and commits without a store's ``transact`` or ``submit``, and why it needs no name of its own."""


@dataclass(frozen=True)
class Place:
    """A call in the source: in which function of which module."""

    module: str
    path: tuple[str, ...]
    local: frozenset[str]
    call: ast.Call

    @property
    def name(self) -> str:
        return f"{self.module}:{'.'.join(self.path)}"


def places(module: str, source: str) -> Iterator[Place]:
    yield from _calls(ast.parse(source), module, (), frozenset(), inside=False)


def _calls(
    node: ast.AST, module: str, path: tuple[str, ...], local: frozenset[str], *, inside: bool
) -> Iterator[Place]:
    """``path`` ends at the outermost function; ``local`` are the names of what is defined in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield Place(module, path, local, child)
        if isinstance(child, _FUNCTIONS) and not inside:
            names = frozenset(n.name for n in ast.walk(child) if isinstance(n, _FUNCTIONS) and n is not child)
            yield from _calls(child, module, (*path, child.name), names, inside=True)
        elif isinstance(child, ast.ClassDef) and not inside:
            yield from _calls(child, module, (*path, child.name), local, inside=False)
        else:
            yield from _calls(child, module, path, local, inside=inside)


def asker(place: Place) -> str | None:
    """Who asks for a transaction by this call, as ``Armed.name_of`` would say; None when it is no such call."""
    call = place.call
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("transact", "submit") and call.args):
        return None
    owner = call.func.value
    if (owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")) not in _STORES:
        return None
    work = call.args[0]
    if isinstance(work, ast.Lambda) or (isinstance(work, ast.Name) and work.id in place.local):
        return place.name
    if isinstance(work, ast.Attribute) and isinstance(work.value, ast.Name):
        if work.value.id == "self":
            return f"{place.module}:{place.path[0]}.{work.attr}"
        return named(getattr(vars(importlib.import_module(place.module))[work.value.id], work.attr))
    if isinstance(work, ast.Name) and work.id in vars(importlib.import_module(place.module)):
        return named(vars(importlib.import_module(place.module))[work.id])
    return None  # it was handed in: whoever did so is found where they are


def named(function: Any) -> str:
    return f"{function.__module__}:{function.__qualname__}"


def everywhere() -> Iterator[Place]:
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        if "migrations" not in parts and any(word in (source := path.read_text()) for word in _WORDS):
            yield from places(".".join(parts).removesuffix(".__init__"), source)


@functools.cache
def searched() -> tuple[Place, ...]:
    return tuple(everywhere())


def begins(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("begin", "commit") and not call.args


def test_every_transaction_has_a_name() -> None:
    assert {name for place in searched() if (name := asker(place))} == {*TRANSACTIONS, *COMMANDS}


def test_nobody_commits_past_the_table() -> None:
    assert {place.name for place in searched() if begins(place.call)} == RAW.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def new(store):\n    store.transact(lambda c: 1)\n", "gateway.clock:new"),
        ("class C:\n    def f(self):\n        self._store.submit(self.work, serial=True)\n", "gateway.clock:C.work"),
        ("def f(desk):\n    def work(c): ...\n    return desk.store.transact(work)\n", "gateway.clock:f"),
        ("def f(store):\n    store.transact(mailboxes.ok)\n", "gateway.store.mailboxes:ok"),
        ("def f(self):\n    self.pool.submit(self.door)\n", None),
    ],
)
def test_a_transaction_without_a_name_is_found(source: str, found: str | None) -> None:
    askers = {name for place in places("gateway.clock", source) if (name := asker(place))}
    assert askers == ({found} if found else set())
    assert not askers & {*TRANSACTIONS, *COMMANDS}


def test_a_transaction_without_a_name_is_noted_when_it_runs(tmp_path: Path) -> None:
    armed = Armed("", 1, tmp_path / "ledger")
    armed.name_of(lambda _: None)
    armed.name_of(lambda _: None)
    where = f"{__name__}:{test_a_transaction_without_a_name_is_noted_when_it_runs.__name__}"
    assert (tmp_path / "ledger").read_text() == f"unknown transaction of {where}\n"
