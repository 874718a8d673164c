"""Makes a process of the gateway die at one of ``harness.points``. They live here, not in the product.

``arm`` wraps functions of the gateway in the process that calls it (``harness.launch`` does, never ``gateway``
itself), so the code that runs in production has neither hooks nor their cost. Every transaction has three
points: "X done" (its work has run, nothing is committed), "X committed" (nobody has been told yet) and
"X answered" (its caller goes on). The others stand before and after what is said on a wire.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness import points

STATUS = 70
"""Exit status of a process that died at its point."""


@dataclass(frozen=True)
class Trigger:
    """At the first pass of ``point`` the process signals itself."""

    point: str
    signal: signal.Signals


class Armed:
    """One point and the hit at which to die; what was passed is noted in ``ledger``, a line each."""

    def __init__(self, point: str, at: int, ledger: Path, trigger: Trigger | None = None) -> None:
        self._point, self._at, self._trigger = point, at, trigger
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._local = threading.local()

    def hit(self, point: str) -> None:
        with self._lock:
            self._hits[point] += 1
            if point and point == self._point and self._hits[point] == self._at:
                self._note(f"died at {point}")
                os._exit(STATUS)
            if self._trigger is not None and point == self._trigger.point and self._hits[point] == 1:
                os.kill(os.getpid(), self._trigger.signal)

    def _note(self, line: str) -> None:
        os.write(self._ledger, f"{line}\n".encode())

    # --- what runs in a transaction -----------------------------------------------------------------

    @property
    def running(self) -> list[str]:
        """The pieces of work in this thread's transaction."""
        if not hasattr(self._local, "names"):
            self._local.names = []
        names: list[str] = self._local.names
        return names

    def name_of(self, work: Callable[..., Any]) -> str:
        asker = f"{work.__module__}:{work.__qualname__.partition('.<locals>')[0]}"
        if asker not in _NAMES:
            self.unknown(asker)
        return _NAMES.get(asker, asker)

    def unknown(self, asker: str) -> None:
        """Nobody has named it, so that nobody has died there."""
        with self._lock:
            self._hits[asker] += 1
            if self._hits[asker] == 1:
                self._note(f"unknown transaction of {asker}")

    def committed(self) -> None:
        names, self._local.names = self.running, []
        for name in names:
            self.hit(f"{name} committed")

    def rolled_back(self) -> None:
        self._local.names = []


_NAMES = {**points.TRANSACTIONS, **points.COMMANDS}


def arm(point: str, at: int, ledger: Path, trigger: Trigger | None = None) -> None:
    """Wrap everything; from now on this process ends with STATUS at the ``at``-th pass of ``point``."""
    if point and point not in points.ALL:
        raise ValueError(f"no such point: {point}")
    armed = Armed(point, at, ledger, trigger)
    _arm_transactions(armed)
    _arm_statements(armed)
    for target, (before, after) in {**points.WIRE, **points.MAILDIR, **points.SCHEMA}.items():
        wrap(target, functools.partial(_around, armed, before, after))


def wrap(target: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put ``make(function)`` in the place of "module:path.to.function"; AttributeError when there is none."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    setattr(owner, name, make(getattr(owner, name)))


def _around(armed: Armed, before: str, after: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            armed.hit(before)
            result = await function(*args, **kwargs)
            armed.hit(after)
            return result

        return awaited

    def called(*args: Any, **kwargs: Any) -> Any:
        armed.hit(before)
        result = function(*args, **kwargs)
        armed.hit(after)
        return result

    return called


def _arm_transactions(armed: Armed) -> None:
    def submit(original: Callable[..., Any]) -> Callable[..., Any]:
        def named(store: Any, work: Callable[..., Any], **options: Any) -> Any:
            name = armed.name_of(work)

            def noted(connection: Any) -> Any:
                result = work(connection)
                armed.running.append(name)
                armed.hit(f"{name} done")
                return result

            return original(store, noted, **options)

        return named

    def transact(original: Callable[..., Any]) -> Callable[..., Any]:
        def named(store: Any, work: Callable[..., Any], **options: Any) -> Any:
            result = original(store, work, **options)
            armed.hit(f"{armed.name_of(work)} answered")
            return result

        return named

    def then(tell: Callable[[], None]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def told(*args: Any) -> None:
                original(*args)
                tell()

            return told

        return make

    wrap("gateway.store:Store.submit", submit)
    wrap("gateway.store:Store.transact", transact)
    wrap("sqlalchemy.engine.default:DefaultDialect.do_commit", then(armed.committed))
    wrap("sqlalchemy.engine.default:DefaultDialect.do_rollback", then(armed.rolled_back))


def _arm_statements(armed: Armed) -> None:
    """Where each statement is committed by itself, it has a point before and one after it."""

    def pass_by(when: str, connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if connection.dialect.name != "postgresql" or not cursor.connection.autocommit:
            return
        for start, name in points.STATEMENTS.items():
            if statement.startswith(start):
                armed.hit(f"{when} {name}")
                return
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            armed.unknown(statement.partition("(")[0])

    sa.event.listen(sa.Engine, "before_cursor_execute", functools.partial(pass_by, "before"))
    sa.event.listen(sa.Engine, "after_cursor_execute", functools.partial(pass_by, "after"))
