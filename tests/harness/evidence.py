"""What a database and a sink hold in the end, read with SQL of our own, for the oracle."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from harness.oracle import Verdict, judge
from harness.traffic import TOKEN, Traffic
from servers.sink import SmtpSink

GIVEN_UP = "unknown: the server never confirmed"


@dataclass
class Evidence:
    """``stored`` and ``notices`` as ``judge`` wants them; the rest are findings in words."""

    stored: dict[str, list[int]] = field(default_factory=dict)
    notices: dict[str, bool] = field(default_factory=dict)
    ambiguous: int = 0
    stuck: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    statuses: dict[int, str] = field(default_factory=dict)


Rows = Callable[[str], list[Any]]


def gather(url: str, expected: Mapping[str, str] | None = None) -> Evidence:
    """Read the database at ``url``. ``expected``: token → the status of its ticket."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return _gathered(lambda query: list(connection.execute(sa.text(query))), expected or {})
    finally:
        engine.dispose()


def _gathered(rows: Rows, expected: Mapping[str, str]) -> Evidence:
    found = Evidence()
    for ticket, text in rows("SELECT ticket, text FROM message WHERE direction IN ('in', 'out') ORDER BY id"):
        for token in set(TOKEN.findall(text)):
            found.stored.setdefault(token, []).append(ticket)
    found.statuses = dict(map(tuple, rows("SELECT number, status FROM ticket")))
    _notices(found, rows)
    _inbox(found, rows)
    for token, status in expected.items():
        for ticket in found.stored.get(token, [])[:1]:
            if found.statuses[ticket] != status:
                found.wrong.append(f"{token} is {found.statuses[ticket]}, should be {status}")
    homes: dict[str, set[tuple[int, ...]]] = {}
    for token, tickets in found.stored.items():
        homes.setdefault(token.rpartition("-")[2], set()).add(tuple(set(tickets)))
    for token in (t for t in found.stored if t.startswith(("token-agent", "token-again"))):
        if len(homes[token.rpartition("-")[2]]) != 1:
            found.wrong.append(f"{token} is in another ticket than its question")
    return found


def untold(url: str) -> int:
    """Dead letters of which nobody was told yet."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            query = "SELECT count(*) FROM notice WHERE state = 'dead' AND NOT told"
            return int(connection.execute(sa.text(query)).scalar_one())
    finally:
        engine.dispose()


def _notices(found: Evidence, rows: Rows) -> None:
    """Dead or dropped, to a domain that refuses: an end that we want. One that was never confirmed is a contract."""
    query = "SELECT id, kind, ticket, recipient, message_id, state, ambiguous, reply, told FROM notice"
    once: Counter[tuple[str, int]] = Counter()
    for row in rows(query):
        if row.kind in ("received", "staff_new"):
            once[row.kind, row.ticket] += 1
        if row.state in ("dead", "dropped") and row.recipient.endswith("@dead.example"):
            if not row.told:
                found.stuck.append(f"nobody was told that notice {row.id} died")
            continue
        found.notices[row.message_id] = bool(row.ambiguous)
        found.ambiguous += bool(row.ambiguous)
        if row.state != "sent" and not (row.state == "dead" and row.reply.startswith(GIVEN_UP)):
            found.stuck.append(f"notice {row.id} {row.kind} is {row.state}: {row.reply}")
    found.wrong += [f"ticket {ticket} has {n} notices {kind}" for (kind, ticket), n in once.items() if n > 1]


def _inbox(found: Evidence, rows: Rows) -> None:
    query = "SELECT i.id, i.state, i.reason, i.strikes, b.data FROM inbox i JOIN blob b ON b.sha256 = i.raw"
    for row in rows(query):
        token = TOKEN.search(bytes(row.data).decode("latin-1"))
        poison = token is not None and token[0].startswith("poison")
        if row.state in ("quarantined", "dropped") and poison:
            found.stored.setdefault(token[0], []).append(0)  # type: ignore[index]
            if row.strikes > 3:
                found.wrong.append(f"{token[0]} had {row.strikes} strikes")  # type: ignore[index]
        elif row.state != "done":
            found.stuck.append(f"mail {row.id} is {row.state}: {row.reason}")


def delivered(sink: SmtpSink) -> list[tuple[str, bytes]]:
    """Message-IDs and bytes as they arrived."""
    found = []
    for message in sink.messages:
        message_id = re.search(rb"(?im)^Message-ID: <([^>]+)>", message.raw)
        assert message_id is not None
        found.append((message_id[1].decode(), message.raw))
    return found


def verdict(url: str, traffic: Traffic) -> tuple[Verdict, Evidence]:
    """Everything that was promised against everything that is there."""
    found = gather(url, traffic.expected)
    return (
        judge(
            traffic.promises.tokens(), found.stored, found.notices, delivered(traffic.sink), found.stuck, found.wrong
        ),
        found,
    )
