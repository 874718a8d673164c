"""How far each IMAP mailbox has been read, and whether it can be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway.store import schema as s
from gateway.store.upsert import insert_new


def load(connection: sa.Connection, account: str, folder: str) -> tuple[int, int] | None:
    """(UIDVALIDITY, last UID done), or None for a mailbox that was never read."""
    same = (s.mailbox.c.account == account) & (s.mailbox.c.folder == folder)
    row = connection.execute(sa.select(s.mailbox).where(same)).one_or_none()
    return None if row is None else (row.uidvalidity, row.uid)


def save(connection: sa.Connection, account: str, folder: str, uidvalidity: int, uid: int) -> None:
    row = {"account": account, "folder": folder, "uidvalidity": uidvalidity, "uid": uid}
    if not insert_new(connection, s.mailbox, row):
        same = (s.mailbox.c.account == account) & (s.mailbox.c.folder == folder)
        connection.execute(sa.update(s.mailbox).where(same).values(uidvalidity=uidvalidity, uid=uid))


def ok(connection: sa.Connection, name: str, now: datetime) -> None:
    row = {"name": name, "ok_at": now}
    if not insert_new(connection, s.mailbox_health, row):
        changed = sa.update(s.mailbox_health).where(s.mailbox_health.c.name == name)
        connection.execute(changed.values(ok_at=now, failed_since=None, error="", told=False))


def failed(connection: sa.Connection, name: str, error: str, now: datetime) -> None:
    """Note a failure; the time of the first one since the last success is kept."""
    row = {"name": name, "failed_since": now, "error": error}
    if not insert_new(connection, s.mailbox_health, row):
        changed = sa.update(s.mailbox_health).where(s.mailbox_health.c.name == name)
        since = sa.func.coalesce(s.mailbox_health.c.failed_since, now)
        connection.execute(changed.values(failed_since=since, error=error))


def health(connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
    return tuple(connection.execute(sa.select(s.mailbox_health).order_by(s.mailbox_health.c.name)))


def mark_told(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.update(s.mailbox_health).where(s.mailbox_health.c.name == name).values(told=True))
