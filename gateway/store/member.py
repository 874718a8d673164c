"""One daemon's place among those that share a PostgreSQL: its heartbeat, and the locks of what it watches.

Both go over one connection of its own. A lock is an advisory lock of that session, so that it cannot outlive it:

- the server ends a session that is silent for ``Pace.silence`` (a host that froze, a link that died);
- we believe in our locks for ``Pace.trust`` after the last beat that the server answered, and no longer;
- whoever gets a lock that its former holder did not hand back waits until that belief must have ended.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from gateway import log
from gateway.store import fleet
from gateway.store import schema as s
from gateway.store.transact import classed

_AGAIN_SECONDS = 1.0
_LINK = {
    "application_name": "ticket-gateway member",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SESSION = (
    "tcp_keepalives_idle = 10",
    "tcp_keepalives_interval = 3",
    "tcp_keepalives_count = 3",
    "statement_timeout = '10s'",
    "lock_timeout = '5s'",
    "synchronous_commit = off",  # a beat that a crash forgets is no loss
    "timezone = 'UTC'",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, the same for all daemons of a database. ``grace`` is what a service may need to end when told to.

    ``silence`` is longer than ``trust`` and ``grace`` together: when the server gives up on a silent daemon, that
    one has stopped by itself.
    """

    beat: float = 3.0
    trust: float = 12.0
    grace: float = 5.0
    silence: float = 20.0


class Lock:
    """The right to do what only one daemon may do; asked for with ``want``, handed back with ``release``."""

    def __init__(self, member: Member | None, name: str) -> None:
        self._member, self._name = member, name

    def want(self) -> None:
        if self._member is not None:
            self._member.want(self._name)

    def held(self) -> bool:
        """Is it ours, surely, at this moment? Cheap."""
        return self._member is None or self._member.holds(self._name)

    def release(self) -> None:
        """To be called once everything that needs the lock has ended."""
        if self._member is not None:
            self._member.release(self._name)


class Member:
    """``close`` it; then its leases and locks are free at once. Thread-safe."""

    def __init__(self, url: sa.URL, pace: Pace = Pace()) -> None:
        self.id = uuid.uuid4().hex
        self._pace = pace
        self._engine = _engine(url, pace)
        self._mutex = threading.Lock()
        self._stirred, self._closing = threading.Event(), threading.Event()
        self._wanted: set[str] = set()
        self._locked: dict[str, float] = {}
        """Locks of this session, and from when on we may act on each."""
        self._held: set[str] = set()
        self._proved = float("-inf")
        self._thread = threading.Thread(target=self._run, name="member", daemon=True)

    def join(self) -> None:
        """Enter the register and start to beat. Raises Temporary when the database fails."""
        try:
            with self._engine.connect() as connection:
                fleet.bury(connection, fleet.node())
                self._beat(connection)
        except sa.exc.DBAPIError as error:
            raise classed(error) from error
        self._thread.start()
        log.fleet_joined(self.id)

    def want(self, name: str) -> None:
        with self._mutex:
            self._wanted.add(name)
        self._stirred.set()

    def holds(self, name: str) -> bool:
        return name in self._held and now() - self._proved < self._pace.trust

    def release(self, name: str) -> None:
        with self._mutex:
            self._wanted.discard(name)
            self._held.discard(name)
        self._stirred.set()

    def close(self) -> None:
        """Hand everything back; a database that does not answer finds out by itself."""
        self._closing.set()
        self._stirred.set()
        if self._thread.ident is not None:
            self._thread.join(self._pace.silence)
        self._engine.dispose()

    # --- the thread and its connection

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._engine.connect() as connection:
                    self._serve(connection)
            except Exception as error:  # noqa: BLE001 - whatever it was: the session's locks are gone, begin again
                log.fleet_link_lost(error)
                self._closing.wait(_AGAIN_SECONDS)
            finally:
                self._forget()

    def _forget(self) -> None:
        with self._mutex:
            self._locked.clear()
            self._held.clear()

    def _serve(self, connection: sa.Connection) -> None:
        while not self._closing.is_set():
            self._turn(connection)
            self._stirred.wait(self._pause())
            self._stirred.clear()
        self._leave(connection)

    def _pause(self) -> float:
        """Until the next beat, or until a lock that we have may be used."""
        with self._mutex:
            soon = [at - now() for name, at in self._locked.items() if name not in self._held]
        return max(0.05, min([self._pace.beat, *soon]))

    def _turn(self, connection: sa.Connection) -> None:
        sent = now()
        self._beat(connection)
        self._proved = sent
        with self._mutex:
            wanted, locked = set(self._wanted), set(self._locked)
        for name in sorted(locked - wanted):
            self._unlock(connection, name)
        for name in sorted(wanted - locked):
            self._try(connection, name)
        self._begin(connection)

    def _beat(self, connection: sa.Connection) -> None:
        row = {"id": self.id, "host": socket.gethostname(), "node": fleet.node(), "pid": os.getpid()}
        clock = sa.func.clock_timestamp()
        new = postgresql.insert(s.daemon).values(**row, started_at=clock, beat_at=clock)
        connection.execute(new.on_conflict_do_update(index_elements=["id"], set_={"beat_at": clock}))

    def _try(self, connection: sa.Connection, name: str) -> None:
        if connection.execute(sa.select(sa.func.pg_try_advisory_lock(_key(name)))).scalar():
            wait = self._former(connection, name)
            with self._mutex:
                self._locked[name] = now() + wait

    def _former(self, connection: sa.Connection, name: str) -> float:
        """Seconds for which a holder that did not hand the lock back may still believe that it is theirs."""
        query = (
            sa.select(sa.extract("epoch", sa.func.clock_timestamp() - s.daemon.c.beat_at))
            .join(s.watch, s.watch.c.daemon == s.daemon.c.id)
            .where(s.watch.c.name == name, s.watch.c.daemon != self.id)
        )
        silent = connection.execute(query).scalar()
        longest = self._pace.trust + self._pace.grace
        return 0.0 if silent is None else min(longest, max(0.0, longest - float(silent)))

    def _begin(self, connection: sa.Connection) -> None:
        """From here on we act on what we hold; whoever comes after us reads here that they have to wait."""
        with self._mutex:
            ready = [name for name, at in self._locked.items() if at <= now() and name not in self._held]
        for name in ready:
            new = postgresql.insert(s.watch).values(name=name, daemon=self.id)
            connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"daemon": self.id}))
            with self._mutex:
                if name in self._wanted:
                    self._held.add(name)

    def _unlock(self, connection: sa.Connection, name: str) -> None:
        """Only what we have begun is ours to strike out: before that the former holder's name stands there."""
        ours = (s.watch.c.name == name) & (s.watch.c.daemon == self.id)
        connection.execute(sa.delete(s.watch).where(ours))
        connection.execute(sa.select(sa.func.pg_advisory_unlock(_key(name))))
        with self._mutex:
            self._locked.pop(name, None)

    def _leave(self, connection: sa.Connection) -> None:
        with self._mutex:
            handed_back = set(self._locked) - self._wanted
        for name in handed_back:
            self._unlock(connection, name)
        if not self._wanted & set(self._locked):  # else a service is still at it, and our row says how long
            connection.execute(sa.delete(s.daemon).where(s.daemon.c.id == self.id))


def now() -> float:
    """Seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"watch {name}".encode()).digest()[:8], "big", signed=True)


def _engine(url: sa.URL, pace: Pace) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=_LINK)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for setting in (*_SESSION, f"idle_session_timeout = '{round(pace.silence * 1000)}ms'"):
                cursor.execute(f"SET {setting}")
        connection.commit()

    return engine
