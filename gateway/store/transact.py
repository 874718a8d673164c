"""The only way to write. On SQLite one thread commits whatever is queued in one go; on PostgreSQL a pool does."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from gateway.errors import Temporary

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

_GROUP = 64
_RETRIES = 5
_LOCK = 0x67617465  # one advisory lock serialises decisions on PostgreSQL as the writer thread does on SQLite


class Writer(Protocol):
    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]: ...
    def close(self) -> None: ...


class GroupWriter:
    """Each piece of work runs in a savepoint; all of a group share one durable commit (decision 3)."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        if self._closed:
            raise Temporary("the store is closed")
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._group()
            if group:
                self._commit(group)

    def _group(self) -> tuple[list[tuple[Work[Any], Future[Any]]], bool]:
        group: list[tuple[Work[Any], Future[Any]]] = []
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

    def _commit(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                for work, future in group:
                    if future.set_running_or_notify_cancel():
                        self._piece(connection, work, future, done)
        except Exception as error:  # noqa: BLE001 - whatever broke the commit, every caller must hear of it
            failure = classed(error)
            for _, future in group:
                if not future.done():
                    future.set_exception(failure)
            return
        for future, result in done:
            future.set_result(result)

    @staticmethod
    def _piece(
        connection: sa.Connection, work: Work[Any], future: Future[Any], done: list[tuple[Future[Any], Any]]
    ) -> None:
        try:
            with connection.begin_nested():
                result = work(connection)
        except sa.exc.OperationalError:
            raise  # the whole transaction may be gone (disk full, locked): fail the group, nobody was answered
        except Exception as error:  # noqa: BLE001 - a piece that fails rolls back alone
            future.set_exception(error)
        else:
            done.append((future, result))


class PoolWriter:
    """PostgreSQL: each piece is a transaction of its own; conflicts and lost connections are tried again.

    A connection lost during COMMIT leaves the outcome unknown; work is therefore written to be repeatable
    (unique keys, fenced updates).
    """

    def __init__(self, engine: sa.Engine, threads: int = 12) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="store-writer")

    def submit(self, work: Work[T], *, serial: bool = False) -> Future[T]:
        try:
            return self._pool.submit(self._run, work, serial)
        except RuntimeError as error:
            raise Temporary("the store is closed") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _run(self, work: Work[T], serial: bool) -> T:
        for attempt in range(_RETRIES):
            try:
                with self._engine.connect() as connection, connection.begin():
                    if serial:
                        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                    return work(connection)
            except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
                if attempt == _RETRIES - 1:
                    raise classed(error) from error
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")


def classed(error: Exception) -> Exception:
    """A database failure as a temporary one: whoever waits may try again."""
    if isinstance(error, sa.exc.DBAPIError | sa.exc.TimeoutError | OSError):
        return Temporary(f"database: {type(error).__name__}: {getattr(error, 'orig', error)}")
    return error
