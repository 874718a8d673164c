"""Large values in and out of the database, without the copies that drivers make of them, and keep.

SQLite's driver copies what is bound and keeps it with the statement, and SQLite copies it again into a row; libpq
keeps buffers as large as the largest value that went through a connection; SQLAlchemy keeps the values of the first
statement of each shape. What is small goes the usual way.
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
    """What a statement stores for ``data`` before ``fill``: the data itself if it is small."""
    if len(data) <= LARGE:
        return data
    return sa.func.zeroblob(len(data)) if connection.dialect.name == "sqlite" else b""


def fill(connection: sa.Connection, column: sa.Column[Any], row: sa.ColumnElement[bool], data: bytes) -> None:
    """Put ``data`` into the place that a statement has made for it. ``row`` finds its row."""
    if len(data) <= LARGE:
        return
    if connection.dialect.name == "sqlite":
        with _opened(connection, column, row) as place:
            place.write(data)
    else:
        connection.info[_SWOLLEN] = True
        update = sa.update(column.table).where(row).values({column: sa.bindparam("large")})
        connection.execute(update, {"large": data})


def fetch(connection: sa.Connection, column: sa.Column[Any], row: sa.ColumnElement[bool]) -> bytes:
    """A large value that is there."""
    if connection.dialect.name == "sqlite":
        with _opened(connection, column, row, readonly=True) as place:
            return place.read()
    whole = io.BytesIO()
    while piece := connection.execute(sa.select(_piece(column, whole.tell())).where(row)).scalar_one():
        whole.write(piece)
    return whole.getvalue()


def _piece(column: sa.Column[Any], at: int) -> sa.ColumnElement[bytes]:
    return sa.func.substring(column, at + 1, _PIECE, type_=sa.LargeBinary)


def _opened(
    connection: sa.Connection, column: sa.Column[Any], row: sa.ColumnElement[bool], *, readonly: bool = False
) -> sqlite3.Blob:
    number = sa.select(sa.literal_column("rowid", sa.Integer)).select_from(column.table).where(row)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver.blobopen(column.table.name, column.name, connection.execute(number).scalar_one(), readonly=readonly)


def end_swollen(engine: sa.Engine) -> None:
    """Close connections through which something large went: their buffers never shrink."""

    @sa.event.listens_for(engine, "checkin")
    def _end(_connection: Any, record: Any) -> None:
        if record.info.pop(_SWOLLEN, False):
            record.invalidate()
