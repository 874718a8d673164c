"""Large values in and out of the database, without the copies that the drivers make of them, and keep.

SQLite's driver copies what is bound and keeps it with the statement, and SQLite copies it again into a row; libpq
keeps buffers as large as the largest value that went through a connection. What is small goes the usual way.
"""

from __future__ import annotations

import io
import sqlite3
from typing import Any

import sqlalchemy as sa

LARGE = 1 << 20
_PIECE = 1 << 20
_SWOLLEN = "swollen"


def place_for(connection: sa.Connection, data: bytes) -> Any:
    """What a statement stores for ``data``; call ``fill`` after it. ``data`` itself, or as many zeros."""
    if len(data) <= LARGE:
        return data
    if connection.dialect.name == "sqlite":
        return sa.func.zeroblob(len(data))
    connection.info[_SWOLLEN] = True
    return data


def fill(connection: sa.Connection, column: sa.Column[Any], rowid: int, data: bytes) -> None:
    """Put ``data`` into the place that a statement has made for it."""
    if len(data) > LARGE and connection.dialect.name == "sqlite":
        with _sqlite(connection).blobopen(column.table.name, column.name, rowid) as place:
            place.write(data)


def fetch(connection: sa.Connection, column: sa.Column[Any], row: sa.ColumnElement[bool], rowid: int) -> bytes:
    """A large value. ``row`` finds its row, which is ``rowid`` on SQLite."""
    if connection.dialect.name == "sqlite":
        with _sqlite(connection).blobopen(column.table.name, column.name, rowid, readonly=True) as place:
            return place.read()
    whole = io.BytesIO()
    while piece := connection.execute(sa.select(_piece(column, whole.tell())).where(row)).scalar_one():
        whole.write(piece)
    return whole.getvalue()


def _piece(column: sa.Column[Any], at: int) -> sa.ColumnElement[bytes]:
    return sa.func.substring(column, at + 1, _PIECE, type_=sa.LargeBinary)


def rowid(connection: sa.Connection) -> sa.ColumnElement[int]:
    """SQLite's number of a row, to be selected; 0 elsewhere."""
    return sa.literal_column("rowid" if connection.dialect.name == "sqlite" else "0", sa.Integer)


def _sqlite(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def end_swollen(engine: sa.Engine) -> None:
    """Close connections through which something large went: their buffers never shrink."""

    @sa.event.listens_for(engine, "checkin")
    def _end(_connection: Any, record: Any) -> None:
        if record.info.pop(_SWOLLEN, False):
            record.invalidate()
