"""What became of a transaction whose COMMIT got no answer: PostgreSQL remembers, and is asked.

It remembers by the number of the transaction, and that is not enough across a crash: a transaction that never reached
the log leaves no trace, and after the recovery its number is given to another one, which may well be committed. So
only a session that was there before the transaction began is asked. A crash ends every session; one that answers
proves that there was none.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from gateway.errors import Temporary

_TRIES = 8
_FIRST_PAUSE = 0.05


class Outcome(Enum):
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the server. ``identity`` tells it from one that a connection pooler put in its place."""

    connection: sa.Connection
    identity: tuple[int, str]


class Witness:
    """One idle session, kept for asking. Thread-safe."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._session: Session | None = None

    def session(self) -> Session:
        """To be had before a transaction begins. Raises SQLAlchemy's DBAPIError when the database is away."""
        with self._lock:
            if self._session is None:
                self._session = _opened(self._engine)
            return self._session

    def outcome(self, number: str, session: Session) -> Outcome:
        """How the transaction ended that began after ``session`` was had (PostgreSQL's pg_xact_status).

        Raises Temporary when that session has ended, or does not know within some seconds: whether the transaction
        was committed cannot be found out.
        """
        for attempt in range(_TRIES):
            time.sleep(_FIRST_PAUSE * 2**attempt)
            status = self._ask(number, session)
            if status in {"committed", "aborted"}:
                return Outcome(status)
            if status is None:
                break
        raise Temporary("the database was lost during COMMIT; whether the work was stored is not known")

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ask(self, number: str, session: Session) -> str | None:
        """None when the session has ended."""
        with self._lock:
            if session is not self._session:
                return None
            try:
                if _identity(session.connection) == session.identity:
                    query = sa.text("SELECT pg_xact_status(CAST(:number AS xid8))")
                    return session.connection.execute(query, {"number": number}).scalar() or ""
            except sa.exc.DBAPIError:
                pass
            self._drop()
            return None

    def _drop(self) -> None:
        ended, self._session = self._session, None
        if ended is not None:
            with contextlib.suppress(sa.exc.DBAPIError):
                ended.connection.invalidate()
                ended.connection.close()


def transaction_id(connection: sa.Connection) -> str | None:
    """The id of this transaction, or None while it has changed nothing."""
    number = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
    return None if number is None else str(number)


def _opened(engine: sa.Engine) -> Session:
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        return Session(connection, _identity(connection))
    except BaseException:
        connection.close()
        raise


def _identity(connection: sa.Connection) -> tuple[int, str]:
    """The server's process and since when it serves us."""
    query = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    pid, start = connection.exec_driver_sql(query).one()
    return int(pid), str(start)
