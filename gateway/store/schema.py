"""The tables. One database holds everything that must agree: raw mail, tickets, events and notices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.engine import clean


class Utc(sa.TypeDecorator[datetime]):
    """An aware time in UTC, on databases that keep zones and on those that do not."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware: pass one with a zone")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Text(sa.TypeDecorator[str]):
    """Text as every database takes it: mail may bring NUL and lone surrogates, which PostgreSQL refuses."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else clean(value)


Json = sa.JSON().with_variant(JSONB(), "postgresql")
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: Any) -> sa.Table:
    return sa.Table(name, metadata, *items)


def _id() -> sa.Column[Any]:
    return sa.Column("id", BigId, primary_key=True, autoincrement=True)


def _ticket(**options: Any) -> sa.Column[Any]:
    return sa.Column("ticket", sa.ForeignKey("ticket.number"), **options)


def _text(name: str, default: str = "") -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=False, default=default, server_default=default)


def _flag(name: str, default: bool) -> sa.Column[Any]:
    return sa.Column(
        name, sa.Boolean, nullable=False, default=default, server_default=sa.true() if default else sa.false()
    )


def _count(name: str, default: int = 0) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False, default=default, server_default=str(default))


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Utc, nullable=nullable)


def _json(name: str, kind: str = "[]") -> sa.Column[Any]:
    return sa.Column(name, Json, nullable=False, default=list if kind == "[]" else dict, server_default=kind)


blob = _table(
    "blob",
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
"""Bytes that are stored once, by digest: raw mail and attachments."""

inbox = _table(
    "inbox",
    _id(),
    sa.Column("source", Text, nullable=False),
    sa.Column("sender", Text),
    _json("recipients"),
    _text("peer"),
    sa.Column("raw", sa.ForeignKey("blob.sha256"), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    _time("received_at"),
    sa.Column("state", sa.String(16), nullable=False, default="waiting", server_default="waiting"),
    _time("due_at"),
    sa.Column("lease", sa.String(32)),
    _time("lease_until", nullable=True),
    sa.Column("holder", sa.String(32)),
    _count("claims"),
    _count("strikes"),
    _text("reason"),
    _text("outcome"),
    _flag("forced", False),
    sa.Column("ticket", BigId),
    _time("settled_at", nullable=True),
    sa.Index("ix_inbox_state_due_at", "state", "due_at", "id"),
)
"""Mail as it came in. ``forced`` is mail that somebody released: it is decided as a person's."""

inbox_key = _table(
    "inbox_key",
    sa.Column("key", Text, primary_key=True),
    sa.Column("inbox", sa.ForeignKey("inbox.id"), nullable=False),
)
"""What makes one delivery the same as another: decision 5."""

person = _table(
    "person",
    _id(),
    _text("name"),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("handle", sa.String(32), unique=True),
    _text("locale"),
    _text("company"),
    _text("owner"),
    _text("title"),
    _text("signature"),
    _flag("active", True),
    _time("created_at"),
)

person_address = _table(
    "person_address",
    sa.Column("address", Text, primary_key=True),
    sa.Column("person", sa.ForeignKey("person.id"), nullable=False, index=True),
    _count("position"),
)

OPEN = sa.text("status <> 'closed'")
"""Most tickets of an old desk are closed. Written out, so that a planner sees that the partial index fits."""

ticket = _table(
    "ticket",
    sa.Column("number", BigId, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("client", sa.ForeignKey("person.id"), nullable=False),
    sa.Column("owner", sa.ForeignKey("person.id"), index=True),
    _text("owner_why"),
    _text("category"),
    _count("tier", 1),
    _text("priority", "normal"),
    _json("tags"),
    _text("summary"),
    _text("waiting_for"),
    _time("created_at"),
    _time("updated_at"),
    _time("closed_at", nullable=True),
    sa.Column("merged_into", sa.ForeignKey("ticket.number")),
    sa.Column("continued_in", sa.ForeignKey("ticket.number")),
    sa.Index("ix_ticket_client_status", "client", "status"),
    sa.Index("ix_ticket_status_updated_at", "status", "updated_at"),
    sa.Index("ix_ticket_updated_at", "updated_at"),
    sa.Index("ix_ticket_open_owner", "owner", sqlite_where=OPEN, postgresql_where=OPEN),
)

participant = _table(
    "participant",
    _ticket(primary_key=True),
    sa.Column("person", sa.ForeignKey("person.id"), primary_key=True, index=True),
    _time("added_at"),
)

addressed = _table(
    "addressed",
    _ticket(primary_key=True),
    sa.Column("address", Text, primary_key=True),
)
"""Who stood in To or Cc of the client side's mail, and may therefore join by replying."""

message = _table(
    "message",
    _id(),
    _ticket(nullable=False),
    sa.Column("inbox", sa.ForeignKey("inbox.id"), index=True),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    _time("at"),
    _text("message_id"),
    _text("author_name"),
    _text("author_address"),
    sa.Column("author", sa.ForeignKey("person.id")),
    _json("to"),
    _json("cc"),
    _text("subject"),
    _text("text"),
    _text("reply"),
    _json("evidence"),
    sa.Index("ix_message_ticket_id", "ticket", "id"),
)

message_file = _table(
    "message_file",
    _id(),
    sa.Column("message", sa.ForeignKey("message.id"), nullable=False, index=True),
    sa.Column("sha256", sa.ForeignKey("blob.sha256"), nullable=False),
    _text("filename"),
    _text("content_type"),
    sa.Column("size", sa.BigInteger, nullable=False),
    _flag("inline", False),
    _text("content_id"),
)

message_ref = _table(
    "message_ref",
    sa.Column("message_id", Text, primary_key=True),
    _ticket(primary_key=True, index=True),
    sa.Column("rank", sa.Integer, nullable=False),
)
"""Which tickets a Message-ID belongs to. rank 0: we minted it; 1: it came in; 2: a mail that came in named it."""

event = _table(
    "event",
    _id(),
    _ticket(index=True),
    _time("at"),
    sa.Column("actor", Text, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    _json("data", "{}"),
)
"""Append-only: what happened, and on which evidence."""

acted = _table(
    "acted",
    _ticket(primary_key=True),
    sa.Column("handle", sa.String(32), primary_key=True),
    _time("at"),
)

document = _table(
    "document",
    _id(),
    _ticket(nullable=False, index=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    _text("filename"),
    _time("requested_at"),
)

link = _table(
    "link",
    _ticket(primary_key=True),
    sa.Column("other", sa.ForeignKey("ticket.number"), primary_key=True),
    _text("why"),
)

deadline = _table(
    "deadline",
    _id(),
    _ticket(index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    _time("due_at"),
    _json("data", "{}"),
    sa.UniqueConstraint("ticket", "kind"),
    sa.Index("ix_deadline_due_at", "due_at"),
)

notice = _table(
    "notice",
    _id(),
    _ticket(index=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("audience", sa.String(8), nullable=False),
    _flag("automatic", True),
    sa.Column("message_id", Text, nullable=False, unique=True),
    sa.Column("recipient", Text, nullable=False),
    sa.Column("draft", Json, nullable=False),
    _text("subject"),
    sa.Column("key", Text, unique=True),
    sa.Column("message", sa.ForeignKey("message.id"), index=True),
    sa.Column("state", sa.String(16), nullable=False),
    _time("created_at"),
    _time("due_at"),
    sa.Column("lease", sa.String(32)),
    _time("lease_until", nullable=True),
    sa.Column("holder", sa.String(32)),
    _count("attempts"),
    _count("ambiguous"),
    _time("first_tried_at", nullable=True),
    _time("settled_at", nullable=True),
    _text("reply"),
    sa.Column("composed", sa.LargeBinary),
    _flag("told", False),
    sa.Index("ix_notice_state_due_at", "state", "due_at"),
    sa.Index("ix_notice_recipient_created_at", "recipient", "created_at"),
    sa.Index("ix_notice_created_at", "created_at"),
)
"""The outbox. ``told``: its death has been reported to the people concerned."""

mailbox = _table(
    "mailbox",
    sa.Column("account", Text, primary_key=True),
    sa.Column("folder", Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
)

mailbox_health = _table(
    "mailbox_health",
    sa.Column("name", Text, primary_key=True),
    _time("ok_at", nullable=True),
    _time("failed_since", nullable=True),
    _text("error"),
    _flag("told", False),
)

daemon = _table(
    "daemon",
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("host", Text, nullable=False),
    sa.Column("node", Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    _time("started_at"),
    _time("beat_at"),
)
"""Who shares this database (PostgreSQL alone); times are the database's."""

watch = _table(
    "watch",
    sa.Column("name", Text, primary_key=True),
    sa.Column("daemon", sa.String(32), nullable=False),
)
"""Which daemon watches a mailbox, until it says that it no longer does."""
