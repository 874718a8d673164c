"""The only way to write. On SQLite one thread commits whatever is queued in one go; on PostgreSQL a pool does."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from gateway.errors import Temporary
from gateway.store.outcome import Outcome, Witness, transaction_id

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
Piece = tuple[Work[Any], Future[Any]]

_GROUP = 64
_RETRIES = 5
_LOCK = 0x67617465  # one advisory lock serialises decisions on PostgreSQL as the writer thread does on SQLite
_UNIQUE_VIOLATION = "23505"


class Writer(Protocol):
    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]: ...
    def close(self) -> None: ...


class GroupWriter:
    """Each piece of work runs in a savepoint; all of a group share one durable commit (decision 3)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()  # nothing is queued behind the end
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise Temporary("the store is closed")
            self._queue.put((work, future))
        return future

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while self._turn():  # in a frame of its own: what a group holds, maybe 25 MB, is not kept while we wait
            pass

    def _turn(self) -> bool:
        """Commit what is queued; False after the last."""
        group, last = self._group()
        begun = [piece for piece in group if piece[1].set_running_or_notify_cancel()]
        if begun:
            self._commit(begun)
        return not last

    def _group(self) -> tuple[list[Piece], bool]:
        group: list[Piece] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == _GROUP:
                return group, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[Piece]) -> None:
        """Run a group. Where one piece takes the whole transaction with it, the others run again, alone."""
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                for piece in group:
                    _run_piece(connection, piece, done)
        except _Fatal as fatal:
            fatal.future.set_exception(classed(fatal.cause))
            for piece in group:
                if not piece[1].done():
                    self._commit([piece])
        except Exception as error:  # noqa: BLE001 - whatever broke the commit, every caller must hear of it
            failure = classed(error)
            for _, future in group:
                if not future.done():
                    future.set_exception(failure)
        else:
            for future, result in done:
                future.set_result(result)


class _Fatal(Exception):
    """A piece failed in a way that may have ended the whole transaction (disk full, out of memory)."""

    def __init__(self, future: Future[Any], cause: Exception) -> None:
        super().__init__(str(cause))
        self.future = future
        self.cause = cause


def _run_piece(connection: sa.Connection, piece: Piece, done: list[tuple[Future[Any], Any]]) -> None:
    work, future = piece
    try:
        with connection.begin_nested():
            result = work(connection)
    except sa.exc.OperationalError as error:
        raise _Fatal(future, error) from error
    except Exception as error:  # noqa: BLE001 - a piece that fails rolls back alone
        future.set_exception(error)
    else:
        done.append((future, result))


class PoolWriter:
    """PostgreSQL: each piece is a transaction of its own; conflicts and lost connections are tried again.

    After a connection lost during COMMIT the server is asked what became of the transaction, so that work which
    was committed is never run twice. Where it cannot know, because it crashed, the caller hears of it.
    """

    def __init__(self, engine: sa.Engine, threads: int = 12) -> None:
        self._engine = engine
        self._witness = Witness(engine)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store-writer")

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        try:
            return self._pool.submit(self._run, work, serial)
        except RuntimeError as error:
            raise Temporary("the store is closed") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._witness.close()

    def _run(self, work: Work[T], serial: bool) -> T:
        for attempt in range(_RETRIES):
            try:
                return self._once(work, serial)
            except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
                if attempt == _RETRIES - 1:
                    raise classed(error) from error
            except sa.exc.IntegrityError as error:  # somebody else inserted it first: look again
                if attempt == _RETRIES - 1 or getattr(error.orig, "sqlstate", "") != _UNIQUE_VIOLATION:
                    raise
            time.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - only spreads the tries
        raise AssertionError("unreachable")

    def _once(self, work: Work[T], serial: bool) -> T:
        with self._engine.connect() as connection:
            witness = self._witness.session()
            with connection.begin() as transaction:
                number = self._serialise(connection) if serial else None
                result = work(connection)
                number = number or transaction_id(connection)
                try:
                    transaction.commit()
                except (sa.exc.OperationalError, sa.exc.InterfaceError):
                    if number is None or self._witness.outcome(number, witness) is Outcome.ABORTED:
                        raise
            return result

    @staticmethod
    def _serialise(connection: sa.Connection) -> str:
        """Wait for our turn. Serial work nearly always writes, so its id is asked for in the same round trip."""
        turn = sa.func.pg_advisory_xact_lock(_LOCK)
        return str(connection.execute(sa.select(turn, sa.cast(sa.func.pg_current_xact_id(), sa.Text))).one()[1])


def classed(error: Exception) -> Exception:
    """A database failure as a temporary one: whoever waits may try again. Its cause tells a full disk from the rest."""
    if isinstance(error, sa.exc.DBAPIError | sa.exc.TimeoutError | OSError):
        made = Temporary(f"database: {type(error).__name__}: {getattr(error, 'orig', error)}")
        made.__cause__ = (getattr(error, "orig", None) or error).with_traceback(None)  # frames would keep the mail
        return made
    return error
