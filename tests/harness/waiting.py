"""What waits in a database, asked with SQL from outside: no command of the gateway has to start for it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import TracebackType

import sqlalchemy as sa

from gateway.desk.notices import NoticeState
from gateway.store import schema as s
from gateway.store.engine import make_engine

_OPEN = (NoticeState.DUE, NoticeState.DOT_PENDING, NoticeState.AMBIGUOUS)


class Waiting:
    """A context manager. A database that is away counts as one with work."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url).execution_options(read_only=True)

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self._engine.dispose()

    def work(self) -> float:
        """Mails and notices that are not at an end, and dead letters that nobody was told of."""
        untold = (s.notice.c.state == NoticeState.DEAD) & s.notice.c.told.is_(False)
        return self._count(s.inbox.c.state == "waiting", s.notice.c.state.in_(_OPEN) | untold)

    def overdue(self) -> float:
        """Those whose time has come; the others wait for the hour of their next attempt."""
        now = datetime.now(UTC)
        return self._count(
            (s.inbox.c.state == "waiting") & (s.inbox.c.due_at <= now),
            s.notice.c.state.in_(_OPEN) & (s.notice.c.due_at <= now),
        )

    def on_the_wire(self) -> float:
        """Notices that may have been given to the relay, and were not settled yet."""
        return self._count(sa.false(), s.notice.c.state == NoticeState.DOT_PENDING)

    def leases(self) -> set[str]:
        """Of mails and notices that somebody holds."""
        held = [
            sa.select(t.c.lease).where(t.c.lease.is_not(None), state)
            for t, state in ((s.inbox, s.inbox.c.state == "waiting"), (s.notice, s.notice.c.state.in_(_OPEN)))
        ]
        with self._engine.connect() as connection:
            return {str(row.lease) for row in connection.execute(sa.union_all(*held))}

    def _count(self, mail: sa.ColumnElement[bool], notices: sa.ColumnElement[bool]) -> float:
        query = sa.select(_number(s.inbox, mail) + _number(s.notice, notices))
        try:
            with self._engine.connect() as connection:
                return int(connection.execute(query).scalar_one())
        except sa.exc.DBAPIError:
            return math.inf


def _number(table: sa.Table, which: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(which).scalar_subquery()
