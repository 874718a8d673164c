"""Mail as it came in: stored raw before anything reads it, then claimed, decided and settled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from gateway.mail import Envelope
from gateway.store import fleet, large
from gateway.store import schema as s
from gateway.store.upsert import insert_all_new, insert_new, inserted_id

STRIKES = 3
CLAIMS = 50
"""A claim without a strike is a daemon that died for other reasons; this many are a loop."""
_SMALL_BLOB = 16 << 10
_STEP_BLOBS = 1000
_STEP_BYTES = 4 << 20
BATCH_BYTES = 4 << 20
"""Raw mail that one claim brings into memory, unless a single mail is larger."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """``duplicate``: every key of this delivery was known; ``inbox_id`` is then the earlier one."""

    inbox_id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail leased to one worker."""

    id: int
    raw: bytes
    envelope: Envelope
    source: str
    received_at: datetime
    lease: str
    claims: int
    strikes: int
    forced: bool

    @property
    def spent(self) -> bool:
        """Has it struck as often as it may?

        A claim that was neither decided nor given back is one of a daemon that died, maybe just after the reader did:
        for a mail that has struck before it counts as a strike that nobody could note any more.
        """
        unnoted = self.claims - 1 - self.strikes
        return self.strikes >= STRIKES or (self.strikes > 0 and self.strikes + unnoted >= STRIKES)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """What a list of waiting or quarantined mail shows."""

    id: int
    source: str
    sender: str | None
    recipients: tuple[str, ...]
    size: int
    received_at: datetime
    state: str
    reason: str


def put_blob(connection: sa.Connection, data: bytes) -> str:
    """Store bytes once; returns their SHA-256 in hex."""
    digest = hashlib.sha256(data).hexdigest()
    _put(connection, digest, data)
    return digest


def _put(connection: sa.Connection, digest: str, data: bytes) -> None:
    mine = s.blob.c.sha256 == digest
    if connection.execute(sa.select(s.blob.c.sha256).where(mine)).scalar() is None:
        row = {"sha256": digest, "size": len(data), "data": large.place_for(connection, data)}
        if insert_new(connection, s.blob, row):
            large.fill(connection, s.blob.c.data, mine, data)


def steps(contents: Iterable[bytes]) -> Iterator[list[bytes]]:
    """``contents`` in pieces, of which none takes long to store."""
    step: list[bytes] = []
    size = 0
    for data in contents:
        if step and (len(step) == _STEP_BLOBS or size + len(data) > _STEP_BYTES):
            yield step
            step, size = [], 0
        step.append(data)
        size += len(data)
    if step:
        yield step


def put_blobs(connection: sa.Connection, contents: Iterable[bytes]) -> None:
    """Store many, small ones together; in one order for everybody, so that no two wait in a circle."""
    found = sorted({hashlib.sha256(data).hexdigest(): data for data in contents}.items())
    small: list[dict[str, object]] = []
    for digest, data in found:
        if len(data) > _SMALL_BLOB:
            _put(connection, digest, data)
        else:
            small.append({"sha256": digest, "size": len(data), "data": data})
    insert_all_new(connection, s.blob, small)


def get_blob(connection: sa.Connection, digest: str) -> bytes | None:
    mine = s.blob.c.sha256 == digest
    small = sa.case((s.blob.c.size <= large.LARGE, s.blob.c.data))
    found = connection.execute(sa.select(small).where(mine)).one_or_none()
    if found is None:
        return None
    return large.fetch(connection, s.blob.c.data, mine) if found[0] is None else bytes(found[0])


def accept(
    connection: sa.Connection, raw: bytes, envelope: Envelope, *, source: str, keys: tuple[str, ...], now: datetime
) -> Accepted:
    """Store a mail and its keys (at least one); a delivery whose every key is known is a duplicate."""
    if not keys:
        raise ValueError("a delivery without a key could be stored twice")
    keys = tuple(sorted(set(keys)))  # one order for everybody: two deliveries of one mail never wait in a circle
    query = sa.select(s.inbox_key.c.key, s.inbox_key.c.inbox).where(s.inbox_key.c.key.in_(keys))
    known = {row.key: row.inbox for row in connection.execute(query)}
    fresh = [key for key in keys if key not in known]
    if not fresh:
        return Accepted(known[keys[0]], True)
    row = {
        "source": source,
        "sender": envelope.sender,
        "recipients": list(envelope.recipients),
        "peer": envelope.peer,
        "raw": put_blob(connection, raw),
        "size": len(raw),
        "received_at": now,
        "due_at": now,
    }
    inbox_id = inserted_id(connection.execute(sa.insert(s.inbox).values(**row)))
    connection.execute(sa.insert(s.inbox_key), [{"key": key, "inbox": inbox_id} for key in fresh])
    return Accepted(inbox_id, False)


def claim(
    connection: sa.Connection,
    now: datetime,
    *,
    limit: int,
    lease_seconds: int,
    holder: str | None = None,
    largest: int | None = None,
    lease: str | None = None,
) -> tuple[Claimed, ...]:
    """Lease the oldest mail that waits, or whose lease ran out: one statement, fenced by the lease (house rule 6).

    ``holder`` is the daemon of a fleet for whom it is; a lease of one that has died is free. ``largest`` leaves
    mail of more bytes to others. A claim whose COMMIT had no known outcome is made again under the same ``lease``:
    what it took, if it took anything, is then had at once, and not when that lease runs out.
    """
    lease = lease or fleet.new_lease()
    ours = s.inbox.c.lease == lease
    ready = (
        sa.select(s.inbox.c.id)
        .where(s.inbox.c.state == "waiting", s.inbox.c.due_at <= now)
        .where(s.inbox.c.size <= largest if largest is not None else sa.true())
        .where(sa.or_(fleet.free(connection, s.inbox, now), ours))
        .order_by(s.inbox.c.due_at, s.inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("ready")  # a plain subquery may be run again for every row, and would lock more than its limit
    )
    taken = (
        sa.update(s.inbox)
        .where(s.inbox.c.id.in_(sa.select(ready.c.id)))
        .values(
            lease=lease,
            lease_until=fleet.until(holder, now, lease_seconds),
            holder=holder,
            claims=s.inbox.c.claims + sa.case((ours, 0), else_=1),
        )
        .returning(s.inbox)
    )
    rows = sorted(connection.execute(taken).all(), key=lambda r: (r.due_at, r.id))
    kept = _affordable(rows)
    _unclaim(connection, rows[kept:])
    return tuple(_claimed(connection, row) for row in rows[:kept])


def _affordable(rows: Sequence[sa.Row[Any]]) -> int:
    """How many of these may be in memory together: BATCH_BYTES of them, and one in any case."""
    sizes = accumulate(row.size for row in rows)
    return max(sum(1 for size in sizes if size <= BATCH_BYTES), min(len(rows), 1))


def _unclaim(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> None:
    if rows:
        untouched = sa.update(s.inbox).where(s.inbox.c.id.in_([row.id for row in rows]))
        free = {"lease": None, "lease_until": None, "holder": None}
        connection.execute(untouched.values(**free, claims=s.inbox.c.claims - 1))


def _claimed(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> Claimed:
    return Claimed(
        id=row.id,
        raw=get_blob(connection, row.raw) or b"",
        envelope=Envelope(row.sender, tuple(row.recipients), row.peer),
        source=row.source,
        received_at=row.received_at,
        lease=row.lease,
        claims=row.claims,
        strikes=row.strikes,
        forced=row.forced,
    )


def holds(connection: sa.Connection, claimed: Claimed) -> bool:
    """Is the lease still ours? Asked inside the deciding transaction, so that nothing is decided twice."""
    row = connection.execute(sa.select(s.inbox.c.lease, s.inbox.c.state).where(s.inbox.c.id == claimed.id)).one()
    return bool(row.lease == claimed.lease and row.state == "waiting")


def same_content(connection: sa.Connection, claimed: Claimed, content_key: str) -> int | None:
    """The earlier mail with this very content, or None after noting that it has come now (decision 5)."""
    key = f"content:{content_key}"
    if insert_new(connection, s.inbox_key, {"key": key, "inbox": claimed.id}):
        return None
    earlier = connection.execute(sa.select(s.inbox_key.c.inbox).where(s.inbox_key.c.key == key)).scalar_one()
    return None if earlier == claimed.id else int(earlier)


def settle(
    connection: sa.Connection,
    claimed: Claimed,
    *,
    state: str,
    outcome: str,
    reason: str,
    ticket: int | None,
    now: datetime,
) -> None:
    """The mail is decided: "done", or "quarantined" with its reason."""
    connection.execute(
        sa.update(s.inbox)
        .where(s.inbox.c.id == claimed.id)
        .values(
            state=state, outcome=outcome, reason=reason, ticket=ticket, settled_at=now, lease=None, lease_until=None
        )
    )


def give_back(connection: sa.Connection, claimed: Claimed, due_at: datetime, *, reason: str, strike: bool) -> int:
    """Return a mail for another try; a strike counts towards quarantine. Returns the strikes so far.

    Whoever gives a mail back has not died of it: the claim is taken back too, so that a long outage of the
    database is no reason to set mail aside. A strike forgets the claims before it, for ``Claimed.spent``.
    """
    strikes = claimed.strikes + strike
    claims = sa.literal(strikes) if strike else s.inbox.c.claims - 1
    connection.execute(
        sa.update(s.inbox)
        .where(s.inbox.c.id == claimed.id, s.inbox.c.lease == claimed.lease)
        .values(due_at=due_at, lease=None, lease_until=None, strikes=strikes, claims=claims, reason=reason)
    )
    return strikes


def forget_leases(connection: sa.Connection) -> None:
    """For the only daemon of a database, when it starts: whoever held a lease is dead."""
    connection.execute(sa.update(s.inbox).where(s.inbox.c.lease.is_not(None)).values(lease=None, lease_until=None))


def quarantined(connection: sa.Connection, *, limit: int = 200) -> tuple[InboxRow, ...]:
    query = sa.select(s.inbox).where(s.inbox.c.state == "quarantined").order_by(s.inbox.c.id).limit(limit)
    return tuple(_listed(row) for row in connection.execute(query))


def row(connection: sa.Connection, inbox_id: int) -> InboxRow | None:
    found = connection.execute(sa.select(s.inbox).where(s.inbox.c.id == inbox_id)).one_or_none()
    return None if found is None else _listed(found)


def _listed(found: sa.Row[tuple[object, ...]]) -> InboxRow:
    return InboxRow(
        found.id,
        found.source,
        found.sender,
        tuple(found.recipients),
        found.size,
        found.received_at,
        found.state,
        found.reason,
    )


def raw_of(connection: sa.Connection, inbox_id: int) -> bytes | None:
    digest = connection.execute(sa.select(s.inbox.c.raw).where(s.inbox.c.id == inbox_id)).scalar()
    return None if digest is None else get_blob(connection, digest)


def release(connection: sa.Connection, inbox_id: int, now: datetime) -> bool:
    """Out of quarantine, to be decided as a person's mail. False when it is not in quarantine."""
    changed = connection.execute(
        sa.update(s.inbox)
        .where(s.inbox.c.id == inbox_id, s.inbox.c.state == "quarantined")
        .values(state="waiting", due_at=now, forced=True, strikes=0, claims=0, reason="")
    )
    return bool(changed.rowcount)


def drop(connection: sa.Connection, inbox_id: int, now: datetime) -> bool:
    """Take a mail off the quarantine list; its raw bytes are kept."""
    changed = connection.execute(
        sa.update(s.inbox)
        .where(s.inbox.c.id == inbox_id, s.inbox.c.state == "quarantined")
        .values(state="dropped", settled_at=now)
    )
    return bool(changed.rowcount)
