"""Copies one database into another, SQLite or PostgreSQL, and proves the copy row by row before it counts.

All of it is one transaction of the target: whatever goes wrong, the target is as empty as before. Rows travel in
batches of a few megabytes, so that memory does not grow with the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gateway.errors import Permanent, Temporary
from gateway.store import Store, fleet, moved
from gateway.store import schema as s
from gateway.store.transact import classed

_BATCH_BYTES = 4 << 20
_BATCH_ROWS = 500
_LEFT_OUT = {s.daemon, s.watch}
"""Who runs on a database is no part of what is in it; nor is who held a lease."""
_LEASE = {"lease", "lease_until", "holder"}

Progress = Callable[[str, int], None]
"""(table, rows done since the last call); every row is done twice: copied, and read back."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: the number of its rows, and a digest in which their order has no part."""

    rows: int = 0
    digest: int = 0

    def plus(self, row: Sequence[Any]) -> Content:
        text = json.dumps([_canonical(value) for value in row], sort_keys=True)
        number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        return replace(self, rows=self.rows + 1, digest=(self.digest + number) % (1 << 256))


TABLES = tuple(table for table in s.metadata.sorted_tables if table not in _LEFT_OUT)


def total(store: Store) -> int:
    """How many rows there are to copy."""
    return store.read(lambda c: sum(_count(c, table) for table in TABLES))


def copy(
    source: Store, target: Store, progress: Progress = lambda table, rows: None, *, moved_at: datetime | None = None
) -> dict[str, Content]:
    """Copy every table and read it back; returns what each holds. Nobody may write to either meanwhile.

    With ``moved_at`` the desk moves: once the copy is proven and kept, the source is marked and refuses to be used.
    Raises Permanent when the target is not empty, a daemon runs on either, or the copy is not the same; Temporary
    when a database fails. The target is then as it was.
    """
    try:
        with _alone(source) as reading, _alone(target) as writing:
            _refuse_full(writing)
            held = {table.name: _copy_table(reading, writing, table, progress) for table in TABLES}
            for table in TABLES:
                _link_to_itself(reading, writing, table)
            for table in TABLES:
                _compare(writing, table, held[table.name], progress)
            _set_sequences(writing)
            writing.commit()
            if moved_at is not None:
                moved.mark(reading, str(target.engine.url), moved_at)
                reading.commit()
            return held
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        raise classed(error) from error


# --- alone with a database


@contextmanager
def _alone(store: Store) -> Iterator[sa.Connection]:
    """A transaction during which nobody else writes; what was not committed at its end is undone."""
    if store.is_sqlite:
        store.lock_for_daemon()
    options = {} if store.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with store.engine.connect().execution_options(**options) as connection:
        connection.begin()
        if not store.is_sqlite:
            _lock_tables(connection)
        yield connection


def _lock_tables(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    names = ", ".join(f'"{table.name}"' for table in TABLES)
    try:
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    except sa.exc.OperationalError as error:
        raise Temporary(f"somebody is writing to the database: {error.orig}") from error
    living = fleet.daemons(connection)
    if living:
        where = ", ".join(f"{row.host} (process {row.pid})" for row in living)
        raise Permanent(f"a gateway runs on this database: {where}; stop it first")


def _refuse_full(target: sa.Connection) -> None:
    full = [f"{table.name} ({rows})" for table in TABLES if (rows := _count(target, table))]
    if full:
        raise Permanent(f"the target is not empty: {', '.join(full)}; make a new, empty database")


# --- rows


def _copy_table(source: sa.Connection, target: sa.Connection, table: sa.Table, progress: Progress) -> Content:
    columns, own = _columns(table), _own_links(table)
    content = Content()
    for batch in batches(source, table):
        for row in batch:
            content = content.plus(row)
        values = [dict(zip((c.name for c in columns), row, strict=True)) for row in batch]
        target.execute(sa.insert(table), [{**value, **dict.fromkeys(own)} for value in values])
        progress(table.name, len(batch))
    return content


def _link_to_itself(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    """A ticket may have been merged into a later one: such links are made when all rows are there."""
    key = next(iter(table.primary_key.columns))
    for name in _own_links(table):
        column = table.c[name]
        for number, other in source.execute(sa.select(key, column).where(column.is_not(None))):
            target.execute(sa.update(table).where(key == number).values({name: other}))


def _compare(target: sa.Connection, table: sa.Table, held: Content, progress: Progress) -> None:
    """Read the copy back. Raises Permanent when it is not the same."""
    found = Content()
    for batch in batches(target, table):
        for row in batch:
            found = found.plus(row)
        progress(table.name, len(batch))
    if found != held:
        raise Permanent(
            f"table {table.name} is not the same in the target: {found.rows} of {held.rows} rows, "
            f"digest {found.digest:x} instead of {held.digest:x}; nothing was kept there"
        )


def batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows by primary key, some megabytes at a time."""
    columns, keys = _columns(table), list(table.primary_key.columns)
    for first, last in _ranges(connection, table):
        query = sa.select(*columns).order_by(*keys).where(sa.tuple_(*keys) <= _tuple(keys, last))
        if first is not None:
            query = query.where(sa.tuple_(*keys) > _tuple(keys, first))
        yield [tuple(row) for row in connection.execute(query)]


def _ranges(connection: sa.Connection, table: sa.Table) -> Iterator[tuple[tuple[Any, ...] | None, tuple[Any, ...]]]:
    """(after, up to) keys of parts that are small enough to be held in memory; one huge row is a part of its own."""
    keys = list(table.primary_key.columns)
    first: tuple[Any, ...] | None = None
    while page := _page(connection, table, keys, first):
        size, before = 0, first
        for row in page:
            weight = int(row[-1])
            if size and size + weight > _BATCH_BYTES:
                assert before is not None
                yield first, before
                first, size = before, 0
            size += weight
            before = tuple(row[:-1])
        assert before is not None
        yield first, before
        first = before


def _page(
    connection: sa.Connection, table: sa.Table, keys: list[sa.Column[Any]], after: tuple[Any, ...] | None
) -> list[sa.Row[Any]]:
    """Keys, and about how many bytes each row has."""
    heavy = [c for c in _columns(table) if isinstance(c.type, sa.LargeBinary | sa.JSON | s.Text)]
    sizes = [sa.func.coalesce(sa.func.length(_measured(c)), 0) for c in heavy]
    weight = sum(sizes, start=sa.literal(100))
    query = sa.select(*keys, weight).order_by(*keys).limit(_BATCH_ROWS)
    if after is not None:
        query = query.where(sa.tuple_(*keys) > _tuple(keys, after))
    return list(connection.execute(query))


def _measured(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column


def _tuple(keys: list[sa.Column[Any]], values: tuple[Any, ...]) -> sa.ColumnElement[Any]:
    return sa.tuple_(*(sa.bindparam(None, value, key.type) for key, value in zip(keys, values, strict=True)))


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [c for c in table.columns if c.name not in _LEASE]


def _own_links(table: sa.Table) -> list[str]:
    return [c.name for c in table.columns if any(f.column.table is table for f in c.foreign_keys)]


def _canonical(value: Any) -> Any:
    """The same for both databases: times in UTC, bytes by digest, JSON by its meaning (1e16 is 10000000000000000)."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _set_sequences(target: sa.Connection) -> None:
    """PostgreSQL gives out ids from sequences, which know nothing of the rows that brought theirs along."""
    if target.dialect.name != "postgresql":
        return
    for table in TABLES:
        key = next(iter(table.primary_key.columns))
        name = target.execute(sa.select(sa.func.pg_get_serial_sequence(table.name, key.name))).scalar()
        highest = target.execute(sa.select(sa.func.max(key))).scalar()
        if name is not None and highest is not None:
            target.execute(sa.select(sa.func.setval(name, highest)))
