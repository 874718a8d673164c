"""Insert unless it is there: unique keys carry idempotency (decision 5)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert ``row``; False when a row with one of its unique keys exists already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**row).on_conflict_do_nothing().returning(sa.literal(1))
    return connection.execute(statement).first() is not None  # a row count is not to be had from every driver


def insert_all_new(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert those of ``rows`` that are not there already, in one round trip."""
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def inserted_id(result: sa.CursorResult[Any]) -> int:
    """The primary key that an INSERT was given."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])
