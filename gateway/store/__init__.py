"""The store: all SQL of the project, and the two ways to use it, ``read`` and ``transact``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from typing import IO, Any, TypeVar

import sqlalchemy as sa

from gateway.desk.notices import Claim, Settlement
from gateway.errors import Temporary
from gateway.store import fitness, inbox, mailboxes, moved, outbox
from gateway.store.engine import make_engine
from gateway.store.file_lock import lock_file
from gateway.store.member import Lock, Member
from gateway.store.migrate import migrate, use
from gateway.store.transact import GroupWriter, PoolWriter, Work, Writer, classed

__all__ = ["MailboxState", "Outbox", "Store", "open_current", "open_store"]

T = TypeVar("T")
_COMMIT_SECONDS = 60
_BEAT_SECONDS = 5.0


def utcnow() -> datetime:
    return datetime.now(UTC)


class Store:
    """One database. Thread-safe; ``close`` it when done."""

    def __init__(self, engine: sa.Engine, writer: Writer) -> None:
        self.engine = engine
        self._writer = writer
        self._lock: IO[str] | None = None
        self._member: Member | None = None
        self.mail_waits = threading.Event()
        """Set when mail has come in through this process; others are found by looking now and then."""
        self.notices_wait = threading.Event()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def _reading(self) -> dict[str, Any]:
        return {"read_only": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        """Start a transaction; the future ends after its durable commit. ``serial``: no two of these overlap.

        The future raises Temporary when the database fails, or whatever ``work`` raised.
        """
        return self._writer.submit(work, serial=serial)

    def transact(self, work: Work[T], *, serial: bool = False, beat: Callable[[], None] = lambda: None) -> T:
        """Like ``submit``, and wait. ``beat`` is called now and then meanwhile: the wait is bounded.

        Raises Temporary when the database fails or does not answer within a minute.
        """
        future = self.submit(work, serial=serial)
        end = time.monotonic() + _COMMIT_SECONDS
        while not future.done() and (left := end - time.monotonic()) > 0:
            wait([future], min(left, _BEAT_SECONDS))
            beat()
        if not future.done():
            future.cancel()  # what has not begun will not be done behind the caller's back
            raise Temporary("the database did not commit in time")
        return future.result()

    def read(self, work: Work[T]) -> T:
        """Look at one consistent state of the database.

        Raises Temporary when the database fails.
        """
        try:
            with self.engine.connect().execution_options(**self._reading) as connection, connection.begin():
                return work(connection)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise classed(error) from error

    def lock_for_daemon(self) -> None:
        """One daemon a SQLite file; what an earlier one held when it died is free again at once.

        On PostgreSQL: join the others (``gateway.store.member``). Raises Permanent when another one runs on the
        file, Temporary when the database fails.
        """
        if not self.is_sqlite:
            member = Member(self.engine.url)
            member.join()
            self._member = member
            return
        self._lock = lock_file(str(self.engine.url.database))
        self.transact(_forget_leases)

    @property
    def holder(self) -> str | None:
        """Under which name this daemon takes leases; None outside a fleet."""
        return None if self._member is None else self._member.id

    def lock(self, name: str) -> Lock:
        """The right to be the only daemon that does something; outside a fleet it is always held."""
        return Lock(self._member, name)

    def check(self) -> list[tuple[str, bool, str]]:
        """Rows for ``gateway check``: (what, holds, advice)."""
        return fitness.check(self.engine)

    def close(self) -> None:
        self._writer.close()
        if self._member is not None:
            self._member.close()
            self._member = None
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def open_store(url: str, *, upgrade: bool = True) -> Store:
    """Connect, and bring the schema up to date; without ``upgrade`` whatever is there is taken as it is.

    Raises ConfigError for a URL that names no usable database, Temporary when it cannot be reached or is used by
    an older gateway, Permanent when its schema is newer than this program, or the desk has moved away from it.
    """
    return _opened(url, migrate if upgrade else None)


def open_current(url: str) -> Store:
    """Connect as a command that may run beside a daemon of another version: nothing is upgraded.

    Raises like ``open_store``, and Permanent when the schema is older.
    """
    return _opened(url, use)


def _opened(url: str, prepare: Callable[[sa.Engine], None] | None) -> Store:
    engine = make_engine(url)
    try:
        if prepare is not None:
            fitness.require(engine)
            moved.refuse(engine)
            prepare(engine)
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise classed(error) from error
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, GroupWriter(engine) if engine.dialect.name == "sqlite" else PoolWriter(engine))


def _forget_leases(connection: sa.Connection) -> None:
    inbox.forget_leases(connection)
    outbox.forget_leases(connection)


class Outbox:
    """The sender's side of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(
        self,
        now: datetime,
        *,
        limit: int,
        lease_seconds: int,
        avoid: Collection[str] = (),
        lease: str | None = None,
    ) -> tuple[Claim, ...]:
        holder = self._store.holder
        return self._store.transact(
            lambda c: outbox.claim(
                c, now, limit=limit, lease_seconds=lease_seconds, holder=holder, avoid=avoid, lease=lease
            )
        )

    def mark_dot_pending(self, claim: Claim, composed: bytes, now: datetime) -> bool:
        return self._store.transact(lambda c: outbox.mark_dot_pending(c, claim, composed, now))

    def settle(self, claim: Claim, settlement: Settlement, now: datetime) -> bool:
        return self._store.transact(lambda c: outbox.settle(c, claim, settlement, now))

    def release(self, claim: Claim) -> None:
        self._store.transact(lambda c: outbox.release(c, claim))

    def wait(self, timeout: float) -> None:
        """Sleep until a notice was decided in this process, ``timeout`` seconds at most."""
        self._store.notices_wait.wait(timeout)
        self._store.notices_wait.clear()


class MailboxState:
    """The IMAP watcher's side of the store."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock

    def load(self, account: str, folder: str) -> tuple[int, int] | None:
        return self._store.read(lambda c: mailboxes.load(c, account, folder))

    def save(self, account: str, folder: str, uidvalidity: int, uid: int) -> None:
        self._store.transact(lambda c: mailboxes.save(c, account, folder, uidvalidity, uid))

    def mailbox_ok(self, name: str) -> None:
        self._store.transact(lambda c: mailboxes.ok(c, name, self._clock()))

    def mailbox_failed(self, name: str, error: str) -> None:
        self._store.transact(lambda c: mailboxes.failed(c, name, error, self._clock()))
