"""How much waits, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway.desk.notices import NoticeState
from gateway.store import mailboxes as boxes
from gateway.store import schema as s

_OPEN = (NoticeState.DUE, NoticeState.DOT_PENDING, NoticeState.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class Backlog:
    """``oldest_mail``: when the oldest undecided mail came; ``oldest_notice``: since when one is overdue."""

    mail_waiting: int
    oldest_mail: datetime | None
    quarantined: int
    notices_waiting: int
    oldest_notice: datetime | None
    dead_letters: int
    tickets: dict[str, int]
    mailboxes: tuple[sa.Row[Any], ...]


def backlog(connection: sa.Connection) -> Backlog:
    waiting = connection.execute(
        sa.select(sa.func.count(), sa.func.min(s.inbox.c.received_at)).where(s.inbox.c.state == "waiting")
    ).one()
    notices = connection.execute(
        sa.select(sa.func.count(), sa.func.min(s.notice.c.due_at)).where(s.notice.c.state.in_(_OPEN))
    ).one()
    counts = connection.execute(sa.select(s.ticket.c.status, sa.func.count()).group_by(s.ticket.c.status))
    return Backlog(
        mail_waiting=waiting[0],
        oldest_mail=waiting[1],
        quarantined=_count(connection, s.inbox, s.inbox.c.state == "quarantined"),
        notices_waiting=notices[0],
        oldest_notice=notices[1],
        dead_letters=_count(connection, s.notice, s.notice.c.state == NoticeState.DEAD),
        tickets={str(status): int(count) for status, count in counts},
        mailboxes=boxes.health(connection),
    )


def _count(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(where)).scalar() or 0)
