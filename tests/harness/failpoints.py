"""Named places at which the daemon can be made to die. They live here, not in the product.

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
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = 70
"""Exit status of a process that died at its point."""

TRANSACTIONS = {
    "Door.submit": "accept",
    "Worker._batch": "claim mail",
    "Worker._one": "decide",
    "Worker._strike": "quarantine",
    "Worker._give_back": "give back",
    "Clock._decide": "tick",
    "Outbox.claim": "claim notice",
    "Outbox.mark_dot_pending": "dot pending",
    "Outbox.settle": "settle",
    "Outbox.release": "release",
    "MailboxState.save": "cursor",
    "MailboxState.mailbox_ok": "mailbox ok",
    "MailboxState.mailbox_failed": "mailbox failed",
    "Gateway.__init__": "people",
    "_forget_leases": "forget leases",
}
"""Who asks for a transaction, and what we call it. A transaction that is missing here fails the tests."""

WIRE = {
    "gateway.inbound.wire:DataScanner.feed": ("", "smtp after chunk"),
    "gateway.inbound.smtp_intake:Intake.commit": ("smtp dot heard", ""),
    "gateway.inbound.door:Door.submit": ("door before submit", "door after submit"),
    "gateway.inbound.smtp_session:Session._answer": ("smtp before reply", "smtp after reply"),
    "gateway.inbound.imap_link:Link.message": ("imap before fetch", "imap after fetch"),
    "gateway.inbound.door:Door.accept": ("", "imap accepted"),
    "gateway.inbound.imap_link:Link.move": ("imap before move", "imap after move"),
    "gateway.inbound.imap_link:Link.copy_and_expunge": ("imap before copy", "imap after expunge"),
    "imapclient:IMAPClient.add_flags": ("imap before flag", "imap after flag"),
    "imapclient:IMAPClient.uid_expunge": ("imap before expunge", ""),
    "gateway.inbound.reader:Reader.read": ("before read", "after read"),
    "gateway.store.apply:Applier.apply": ("before apply", "after apply"),
    "gateway.app:Gateway.compose": ("before compose", "after compose"),
    "gateway.outbound.smtp_transport:_envelope": ("before envelope", "after envelope"),
    "gateway.outbound.smtp_link:SmtpLink.dot": ("before dot", "after dot"),
}

DOT_WINDOW = frozenset(
    {"dot pending committed", "dot pending answered", "before dot", "after dot", "settle done", "settle committed"}
)

POINTS = tuple(
    [f"{name} {stage}" for name in TRANSACTIONS.values() for stage in ("done", "committed", "answered")]
    + [point for pair in WIRE.values() for point in pair if point]
)
_NO_CALLER = {"accept answered"}  # its caller holds a future: the points of the wire stand there
POINTS = tuple(point for point in POINTS if point not in _NO_CALLER)


class Armed:
    """One point and the hit at which to die; what was passed is noted in ``ledger``, a line each."""

    def __init__(self, point: str, at: int, ledger: Path) -> None:
        self._point, self._at = point, at
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
        asker = work.__qualname__.partition(".<locals>")[0]
        if asker not in TRANSACTIONS:
            with self._lock:
                self._hits[asker] += 1
                if self._hits[asker] == 1:
                    self._note(f"unknown transaction of {asker}")
        return TRANSACTIONS.get(asker, asker)

    def committed(self) -> None:
        names, self._local.names = self.running, []
        for name in names:
            self.hit(f"{name} committed")

    def rolled_back(self) -> None:
        self._local.names = []


def arm(point: str, at: int, ledger: Path) -> None:
    """Wrap everything; from now on this process ends with STATUS at the ``at``-th pass of ``point``."""
    if point and point not in POINTS:
        raise ValueError(f"no such point: {point}")
    armed = Armed(point, at, ledger)
    _arm_transactions(armed)
    for target, (before, after) in WIRE.items():
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
