"""Is a database what it has to be: of a version that we can use, durable, intact, and the desk's own?"""

from __future__ import annotations

import sqlalchemy as sa

from gateway.errors import Permanent
from gateway.store import moved
from gateway.store.migrate import HEAD, advice, revision

Row = tuple[str, bool, str]
"""(what, holds, advice)"""

SCHEMA = "schema"
_OLDEST_SERVER = 14  # idle_session_timeout, by which a frozen daemon's locks end, came with it


def check(engine: sa.Engine) -> list[Row]:
    found = revision(engine)
    with engine.connect() as connection:
        gone = moved.advice(connection)
        rows = [(SCHEMA, found == HEAD, advice(found)), ("the desk's own", not gone, gone)]
        return rows + (_sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection))


def require(engine: sa.Engine) -> None:
    """Raises Permanent when the server is too old."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        what, holds, text = server(_version(connection))
    if not holds:
        raise Permanent(f"{what} is needed: {text}")


def server(number: int) -> Row:
    """``number`` as PostgreSQL's server_version_num has it: 130002 for 13.2."""
    major, minor = divmod(number, 10_000)
    advice = f"the server is {major}.{minor}; upgrade it, or use another"
    return f"PostgreSQL {_OLDEST_SERVER} or later", major >= _OLDEST_SERVER, advice


def _version(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())


def _sqlite(connection: sa.Connection) -> list[Row]:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    sync = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    intact = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    return [
        (
            "journal mode WAL",
            mode == "wal",
            f"it is {mode}; is the file on a network file system? Move it to a local disk",
        ),
        ("synchronous FULL", sync == 2, f"it is {sync}; commits would not survive a power cut"),
        ("integrity", intact == "ok", f"{intact}; restore a backup"),
    ]


def _postgresql(connection: sa.Connection) -> list[Row]:
    sync = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    fsync = connection.exec_driver_sql("SHOW fsync").scalar()
    return [
        server(_version(connection)),
        ("synchronous_commit", sync in {"on", "remote_write", "remote_apply"}, f"it is {sync}; set it to on"),
        ("fsync", fsync == "on", "it is off: commits would not survive a power cut"),
    ]
