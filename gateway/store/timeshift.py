"""A wall clock that was set back: what would come due in a future that never was is due now."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from gateway.desk.notices import NoticeState
from gateway.store import schema as s

MAIL = timedelta(minutes=5)
"""No mail is put off for longer: a worker tries again within seconds."""
FRESH = timedelta(minutes=5)
"""A notice that was never tried is due when it is decided; hosts of a fleet may differ by this much."""
TRIED = timedelta(hours=3)
"""The longest pause between two tries is well below this."""
_OPEN = (NoticeState.DUE, NoticeState.DOT_PENDING, NoticeState.AMBIGUOUS)


def stranded(connection: sa.Connection, now: datetime) -> bool:
    """Does anything wait for a time that is further away than we ever make it wait?"""
    tables = ((s.inbox, _mail(now)), (s.notice, _notices(now)))
    return any(connection.execute(sa.select(t.c.id).where(late).limit(1)).first() for t, late in tables)


def rescue(connection: sa.Connection, now: datetime) -> int:
    """Make all of it due; returns how much there was. Once for each row: its next pause is reckoned from now."""
    mail = connection.execute(sa.update(s.inbox).where(_mail(now)).values(due_at=now))
    notices = connection.execute(sa.update(s.notice).where(_notices(now)).values(due_at=now))
    return mail.rowcount + notices.rowcount


def _mail(now: datetime) -> sa.ColumnElement[bool]:
    return (s.inbox.c.state == "waiting") & (s.inbox.c.due_at > now + MAIL)


def _notices(now: datetime) -> sa.ColumnElement[bool]:
    fresh = (s.notice.c.attempts == 0) & (s.notice.c.due_at > now + FRESH)
    return s.notice.c.state.in_(_OPEN) & sa.or_(fresh, s.notice.c.due_at > now + TRIED)
