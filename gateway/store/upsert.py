"""Insert unless it is there, alone or in numbers: unique keys carry idempotency (decision 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
_MANY = 20
"""Rows from which on it takes less time to compile a statement anew."""


def insert_new(connection: sa.Connection, table: sa.Table, row: Row) -> bool:
    """Insert ``row``; False when a row with one of its unique keys exists already."""
    statement = _dialect(connection).insert(table).values(**row).on_conflict_do_nothing().returning(sa.literal(1))
    return connection.execute(statement).first() is not None  # a row count is not to be had from every driver


def insert_all_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert those of ``rows`` that are not there already. All name the same columns."""
    _insert_many(connection, _dialect(connection).insert(table).on_conflict_do_nothing(), rows)


def insert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``, which all name the same columns."""
    _insert_many(connection, sa.insert(table), rows)


def inserted_id(result: sa.CursorResult[Any]) -> int:
    """The primary key that an INSERT was given."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _dialect(connection: sa.Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _insert_many(connection: sa.Connection, statement: sa.Insert, rows: Sequence[Row]) -> None:
    """Many by the driver's own ``executemany``: one mail may bring ten thousand rows, and everybody waits for them.

    What ``Connection.execute`` does for each value takes several times as long as the database does.
    """
    if not rows:
        return
    if len(rows) < _MANY:
        connection.execute(statement, list(rows))
        return
    dialect, columns = connection.dialect, statement.table.columns
    names = list(rows[0])
    compiled = statement.inline().compile(dialect=dialect, column_keys=names)
    if compiled.positional:
        names = list(compiled.positiontup or ())
    bind = [(name, columns[name].type.bind_processor(dialect)) for name in names]
    values = [[row[name] if convert is None else convert(row[name]) for name, convert in bind] for row in rows]
    given = [tuple(v) for v in values] if compiled.positional else [dict(zip(names, v, strict=True)) for v in values]
    connection.exec_driver_sql(str(compiled), given)
