"""Brings a database's schema up to date (alembic, imported only when there is something to do)."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa

from gateway.errors import Permanent

HEAD = "0002"


def revision(engine: sa.Engine) -> str | None:
    """The schema's revision, or None for an empty database."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def migrate(engine: sa.Engine) -> None:
    """Upgrade to ``HEAD``.

    Raises Permanent when the database is newer than this program.
    """
    found = revision(engine)
    if found == HEAD:
        return
    from alembic import command, util
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # a long upgrade is waited for
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7238412)")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except util.CommandError as error:
            text = f"the database has schema revision {found}, which this version does not know; install a newer one"
            raise Permanent(f"{text} ({error})", public=text) from None
