"""Notices on their way out: claimed with a lease, marked before the dot, settled once (boundary T3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway.desk.notices import Claim, NoticeState, Outgoing, Settlement
from gateway.store import fleet, large, rows
from gateway.store import schema as s

_OPEN = (NoticeState.DUE, NoticeState.DOT_PENDING, NoticeState.AMBIGUOUS)


def claim(
    connection: sa.Connection,
    now: datetime,
    *,
    limit: int,
    lease_seconds: int,
    holder: str | None = None,
    avoid: Collection[str] = (),
    lease: str | None = None,
) -> tuple[Claim, ...]:
    """Lease the notices that are due, the oldest first, but for those to the domains of ``avoid``.

    ``holder`` and ``lease`` as in ``gateway.store.inbox.claim``.
    """
    lease = lease or fleet.new_lease()
    ready = (
        sa.select(s.notice.c.id)
        .where(s.notice.c.state.in_(_OPEN), s.notice.c.due_at <= now)
        .where(sa.or_(fleet.free(connection, s.notice, now), s.notice.c.lease == lease))
        .where(*(~s.notice.c.recipient.endswith(f"@{domain.casefold()}", autoescape=True) for domain in avoid))
        .order_by(s.notice.c.due_at, s.notice.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("ready")  # see gateway.store.inbox.claim
    )
    taken = (
        sa.update(s.notice)
        .where(s.notice.c.id.in_(sa.select(ready.c.id)))
        .values(lease=lease, lease_until=fleet.until(holder, now, lease_seconds), holder=holder)
        .returning(s.notice)
    )
    found = sorted(connection.execute(taken).all(), key=lambda r: (r.due_at, r.id))
    return tuple(_claim(row, lease) for row in found)


def _claim(row: sa.Row[Any], lease: str) -> Claim:
    return Claim(outgoing(row), lease, NoticeState(row.state), row.first_tried_at, row.ambiguous)


def outgoing(row: sa.Row[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        draft=rows.draft_from(row.draft),
        message_id=row.message_id,
        ticket=row.ticket,
        subject=row.subject,
        attempts=row.attempts,
        composed=None if row.composed is None else bytes(row.composed),
        decided_at=row.created_at,
    )


def _held(claimed: Claim) -> sa.ColumnElement[bool]:
    return (s.notice.c.id == claimed.outgoing.id) & (s.notice.c.lease == claimed.lease)


def mark_dot_pending(connection: sa.Connection, claimed: Claim, composed: bytes, now: datetime) -> bool:
    """Note, before the dot, that the message may be delivered from now on. False: the lease is lost."""
    changed = connection.execute(
        sa.update(s.notice)
        .where(_held(claimed))
        .values(
            state=NoticeState.DOT_PENDING,
            composed=large.place_for(connection, composed),
            first_tried_at=sa.func.coalesce(s.notice.c.first_tried_at, now),
        )
    )
    if changed.rowcount:
        large.fill(connection, s.notice.c.composed, s.notice.c.id == claimed.outgoing.id, composed)
    return bool(changed.rowcount)


def settle(connection: sa.Connection, claimed: Claim, settlement: Settlement, now: datetime) -> bool:
    """Record how the attempt ended. False: somebody else holds the lease now, and this outcome is theirs to find."""
    final = settlement.state in {NoticeState.SENT, NoticeState.DEAD}
    values: dict[str, Any] = {
        "state": settlement.state,
        "reply": settlement.reply,
        "attempts": s.notice.c.attempts + 1,
        "lease": None,
        "lease_until": None,
        "due_at": settlement.next_at or now,
        "first_tried_at": sa.func.coalesce(s.notice.c.first_tried_at, now),
    }
    if final:
        values["settled_at"] = now
    if settlement.state is NoticeState.AMBIGUOUS:
        values["ambiguous"] = s.notice.c.ambiguous + 1
    if settlement.state is NoticeState.SENT:
        values["composed"] = None  # the conversation keeps the text; a copy of the bytes would double the database
    changed = connection.execute(sa.update(s.notice).where(_held(claimed)).values(**values))
    return bool(changed.rowcount)


def release(connection: sa.Connection, claimed: Claim) -> None:
    """Hand an untouched claim back."""
    connection.execute(sa.update(s.notice).where(_held(claimed)).values(lease=None, lease_until=None))


def forget_leases(connection: sa.Connection) -> None:
    """For the only daemon of a database, when it starts: whoever held a lease is dead."""
    connection.execute(sa.update(s.notice).where(s.notice.c.lease.is_not(None)).values(lease=None, lease_until=None))


def retry(connection: sa.Connection, notice_id: int, now: datetime) -> bool:
    """Send a waiting or dead notice (again) now. False when there is none to send."""
    changed = connection.execute(
        sa.update(s.notice)
        .where(s.notice.c.id == notice_id, s.notice.c.state.in_((*_OPEN, NoticeState.DEAD)))
        .values(state=NoticeState.DUE, due_at=now, first_tried_at=None, ambiguous=0, told=False, settled_at=None)
    )
    return bool(changed.rowcount)


def drop(connection: sa.Connection, notice_id: int, now: datetime) -> bool:
    """Never send it, not even by a sender who holds it now. False when it is sent already or there is none."""
    changed = connection.execute(
        sa.update(s.notice)
        .where(s.notice.c.id == notice_id, s.notice.c.state.in_((*_OPEN, NoticeState.DEAD)))
        .values(state=NoticeState.DROPPED, settled_at=now, told=True, lease=None, lease_until=None)
    )
    return bool(changed.rowcount)


def unsent(connection: sa.Connection, *, limit: int = 500) -> tuple[sa.Row[Any], ...]:
    """Notices that wait or are dead, the oldest first."""
    query = sa.select(s.notice).where(s.notice.c.state.in_((*_OPEN, NoticeState.DEAD))).order_by(s.notice.c.id)
    return tuple(connection.execute(query.limit(limit)))


def get(connection: sa.Connection, notice_id: int) -> sa.Row[Any] | None:
    return connection.execute(sa.select(s.notice).where(s.notice.c.id == notice_id)).one_or_none()


def by_message_id(connection: sa.Connection, message_id: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(s.notice).where(s.notice.c.message_id == message_id)).one_or_none()


def died_untold(connection: sa.Connection, *, limit: int = 20) -> tuple[sa.Row[Any], ...]:
    """Dead letters that nobody has been told of."""
    query = sa.select(s.notice).where(s.notice.c.state == NoticeState.DEAD, s.notice.c.told.is_(False))
    return tuple(connection.execute(query.order_by(s.notice.c.id).limit(limit)))


def mark_told(connection: sa.Connection, notice_id: int) -> None:
    connection.execute(sa.update(s.notice).where(s.notice.c.id == notice_id).values(told=True))


def automatic_since(connection: sa.Connection, since: datetime, recipients: Iterable[str] | None = None) -> int:
    """How many automatic answers were decided since then, to anybody or to these addresses of one sender.

    This is what the loop limits count: notices to clients, and rejections of what came from an agent's address.
    """
    answer = sa.or_(s.notice.c.audience == "client", s.notice.c.kind == "staff_rejected")
    recent = (s.notice.c.created_at >= since) & s.notice.c.automatic & answer
    query = sa.select(sa.func.count()).select_from(s.notice).where(recent)
    if recipients is not None:
        query = query.where(s.notice.c.recipient.in_([r.casefold() for r in recipients]))
    return int(connection.execute(query).scalar() or 0)
