"""The mark in a database whose desk has moved to another one: what waits there to be sent has been sent from there.

Its table is no part of the schema. It is made when the desk leaves, and is gone when it comes back.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gateway.errors import Permanent
from gateway.store import schema as s

_MOVED = sa.Table("moved", sa.MetaData(), sa.Column("target", s.Text), sa.Column("at", s.Utc))


def mark(connection: sa.Connection, target: str, now: datetime) -> None:
    """``target`` is the URL of the new database; its password is left out."""
    _MOVED.create(connection, checkfirst=True)
    connection.execute(sa.delete(_MOVED))
    connection.execute(sa.insert(_MOVED).values(target=_public(target), at=now))


def unmark(connection: sa.Connection) -> None:
    _MOVED.drop(connection, checkfirst=True)


def advice(connection: sa.Connection) -> str:
    """What to do about the mark, "" where there is none."""
    row = connection.execute(sa.select(_MOVED)).first() if sa.inspect(connection).has_table(_MOVED.name) else None
    if row is None:
        return ""
    return (
        f"this desk moved to {row.target} on {row.at:%Y-%m-%d}: set database.url to that; "
        "to go on here nevertheless, read docs/operations.md and run `gateway database reopen`"
    )


def refuse(engine: sa.Engine) -> None:
    """Raises Permanent when the desk lives elsewhere."""
    with engine.connect() as connection:
        text = advice(connection)
    if text:
        raise Permanent(text, public="the desk has moved")


def _public(text: str) -> str:
    url = sa.engine.make_url(text)
    bare = sa.URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database)
    return bare.render_as_string()
