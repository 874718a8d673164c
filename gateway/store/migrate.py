"""Brings a database's schema up to date (alembic, imported only when there is something to do)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from gateway.errors import Permanent, Temporary
from gateway.store import fleet
from gateway.store import schema as s
from gateway.store.file_lock import lock_file

HEAD = "0002"
_TURN = 7238412
"""The advisory lock under which one of several daemons that start at once upgrades a PostgreSQL."""


def revision(engine: sa.Engine) -> str | None:
    """The schema's revision, or None for an empty database."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def advice(found: str | None) -> str:
    """What to do about a schema that is not ``HEAD``."""
    if found is None:
        return "this database is empty: `gateway run`, or `gateway database upgrade`, prepares it"
    if is_older(found):
        how = "stop every gateway that runs on it, then start this one, or run `gateway database upgrade`"
        return f"this database has an older schema ({found}, and this gateway needs {HEAD}): {how}"
    how = "upgrade this gateway"
    return f"this database was made by a newer gateway (schema {found}, and this one knows {HEAD}): {how}"


def is_older(found: str | None) -> bool:
    """May it be brought up to date?"""
    return found is not None and found.isdigit() and int(found) < int(HEAD)


def _refuse_newer(found: str | None) -> None:
    if found is not None and found != HEAD and not is_older(found):
        raise Permanent(advice(found), public=advice(found))


def use(engine: sa.Engine) -> None:
    """For commands that work beside a daemon, maybe of another version: an empty database is prepared, no other.

    Raises Permanent when the schema is another version's.
    """
    found = revision(engine)
    if found is None:
        migrate(engine)
    elif found != HEAD:
        raise Permanent(advice(found), public=advice(found))


def migrate(engine: sa.Engine) -> None:
    """Upgrade to ``HEAD``. Of several that try at once, one does it and the others wait.

    Raises Permanent when the database is newer than this program, Temporary while a gateway runs on an older one.
    """
    found = revision(engine)
    _refuse_newer(found)
    if found == HEAD:
        return
    with _turn(engine, found) as connection:
        if _revision(connection) != HEAD:  # else somebody was first
            _refuse_while_used(connection)
            _upgrade(connection)


@contextmanager
def _turn(engine: sa.Engine, found: str | None) -> Iterator[sa.Connection]:
    """A transaction in which nobody else upgrades."""
    if engine.dialect.name == "sqlite":
        # An older file may have a daemon of the older version on it; one that is new has none.
        lock = None if found is None else lock_file(str(engine.url.database))
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        finally:
            if lock is not None:
                lock.close()
        return
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # a long upgrade is waited for
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
        yield connection


def _refuse_while_used(connection: sa.Connection) -> None:
    """Daemons of the older version know nothing of what an upgrade changes under them."""
    if connection.dialect.name == "sqlite" or not sa.inspect(connection).has_table(s.daemon.name):
        return
    alive = sa.select(s.daemon.c.host, s.daemon.c.pid).where(s.daemon.c.id.in_(fleet.living()))
    found = ", ".join(f"{row.host} (process {row.pid})" for row in connection.execute(alive))
    if found:
        text = f"the database has to be upgraded, and a gateway of the earlier version runs on it: {found}; stop it"
        raise Temporary(text, public=text)


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, "head")
