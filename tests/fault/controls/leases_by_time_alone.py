"""Whether the holder of a lease lives is asked by nobody: it ends when its time is over."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gateway.store import fleet


def apply() -> None:
    def free(_: sa.Connection, table: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
        until = table.c.lease_until
        return sa.or_(until.is_(None), until < sa.func.now())

    fleet.free = free
