"""Connections as durability needs them: SQLite in WAL with full synchronisation, PostgreSQL with synchronous commit."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.errors import ConfigError
from gateway.store.large import end_swollen

BUSY_MS = 5_000
_LINK = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that has vanished is noticed within a minute."""
_SESSION = (
    "synchronous_commit = on",
    "timezone = 'UTC'",
    "lock_timeout = '20s'",
    "statement_timeout = '60s'",
    "idle_in_transaction_session_timeout = '30s'",  # a host that froze must not keep the lock of all decisions
)


def make_engine(url: str) -> sa.Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://…``.

    Raises ConfigError for any other database.
    """
    try:
        parsed = sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(
            [("database.url", "is not a database URL; write sqlite:///gateway.db or postgresql://…")]
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise ConfigError([("database.url", f"{other} is not supported; use sqlite:/// or postgresql://")])


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError([("database.url", "names no file; write sqlite:///gateway.db")])
    folder = Path(url.database).parent
    if not folder.is_dir():
        raise ConfigError([("database.url", f"the folder {folder} does not exist; create it")])
    arguments = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
    engine = sa.create_engine(url, connect_args=arguments, json_serializer=to_json)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is deferred, and a deferred upgrade can fail at once
        _log_ahead(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MS}",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql("BEGIN" if options.get("read_only") else "BEGIN IMMEDIATE")

    return engine


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log. Of several who turn it on in a new file SQLite refuses some at once, without waiting."""
    end = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=12,
        max_overflow=8,
        pool_recycle=1800,
        connect_args={"application_name": "ticket-gateway", **_LINK},
        json_serializer=to_json,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for setting in _SESSION:
                cursor.execute(f"SET {setting}")
        connection.commit()

    end_swollen(engine)
    return engine


def to_json(value: Any) -> str:
    """JSON that every database takes: no NUL, no lone surrogates, which PostgreSQL's jsonb refuses."""
    text = json.dumps(value)
    return json.dumps(_clean(value)) if "\\u0000" in text or "\\ud" in text else text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def clean(text: str) -> str:
    """The text without what no database column takes: NUL dropped, lone surrogates replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
