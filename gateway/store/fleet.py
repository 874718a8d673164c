"""Daemons that share one PostgreSQL: who lives, and whose leases count. Times are the database's own.

A daemon beats on its row every few seconds (``gateway.store.member``). A lease carries its holder's id, so what a
dead daemon held is free as soon as its beats are missed, although sending one notice may rightly take many minutes.
Hosts whose clocks differ do not matter: only the database's clock is asked.
"""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.store import schema as s

DEAD_SECONDS = 30
"""A daemon that has not beaten for so long is dead, or cut off; either way its leases are free."""
_FORGOTTEN = timedelta(days=1)


def new_lease() -> str:
    """The name of a claim, which no other has."""
    return secrets.token_hex(16)


def free(connection: sa.Connection, table: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
    """Rows that nobody holds: no lease, one that ran out, or one of a daemon that is dead."""
    holder, until = table.c.holder, table.c.lease_until
    past = until < now
    if connection.dialect.name == "sqlite":  # one daemon a file, and its start frees what an earlier one held
        return sa.or_(until.is_(None), past)
    ended = sa.or_(until < sa.func.now(), holder.not_in(living()))
    return sa.or_(until.is_(None), sa.and_(holder.is_(None), past), sa.and_(holder.is_not(None), ended))


def until(holder: str | None, now: datetime, seconds: int) -> Any:
    """When a lease taken now ends at the latest: by the database's clock for a daemon of a fleet."""
    span = timedelta(seconds=seconds)
    return now + span if holder is None else sa.func.now() + span


def living() -> sa.Select[tuple[str]]:
    """Ids of the daemons that beat. A beat from the future, after the clock was set back, counts for as long."""
    dead, now = timedelta(seconds=DEAD_SECONDS), sa.func.now()
    return sa.select(s.daemon.c.id).where(s.daemon.c.beat_at.between(now - dead, now + dead))


def daemons(connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
    """The daemons that live, the longest-running first."""
    alive = sa.select(s.daemon).where(s.daemon.c.id.in_(living())).order_by(s.daemon.c.started_at, s.daemon.c.id)
    return () if connection.dialect.name == "sqlite" else tuple(connection.execute(alive))


def bury(connection: sa.Connection, node: str) -> None:
    """Forget daemons of this very machine whose process is gone, and everybody's of long ago."""
    here = connection.execute(sa.select(s.daemon.c.id, s.daemon.c.pid).where(s.daemon.c.node == node))
    gone = [row.id for row in here if node and not _runs(row.pid)]
    old = s.daemon.c.beat_at < sa.func.now() - _FORGOTTEN
    connection.execute(sa.delete(s.daemon).where(sa.or_(old, s.daemon.c.id.in_(gone))))


def node() -> str:
    """Where a process id means one process: this boot of this machine and our namespace; "" when unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
