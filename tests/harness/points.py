"""The named places at which the daemon, or a command, can be made to die (``harness.failpoints``)."""

from __future__ import annotations

import signal

from harness.databases import POSTGRESQL, SQLITE

TRANSACTIONS = {
    "gateway.app:Gateway.__init__": "people",
    "gateway.app:Gateway.reload": "reload",
    "gateway.clock:Clock._decide": "tick",
    "gateway.inbound.door:Door.submit": "accept",
    "gateway.inbound.worker:Worker._batch": "claim mail",
    "gateway.inbound.worker:Worker._give_back": "give back",
    "gateway.inbound.worker:Worker._one": "decide",
    "gateway.inbound.worker:Worker._store_ahead": "store ahead",
    "gateway.inbound.worker:Worker._strike": "quarantine",
    "gateway.store:MailboxState.mailbox_failed": "mailbox failed",
    "gateway.store:MailboxState.mailbox_ok": "mailbox ok",
    "gateway.store:MailboxState.save": "cursor",
    "gateway.store:Outbox.claim": "claim notice",
    "gateway.store:Outbox.mark_dot_pending": "dot pending",
    "gateway.store:Outbox.release": "release",
    "gateway.store:Outbox.settle": "settle",
    "gateway.store:_forget_leases": "forget leases",
}
"""Who asks for a transaction in the daemon, and what we call it. One that is missing here fails the tests."""

COMMANDS = {
    "gateway.cli.desk:order": "order",
    "gateway.cli.quarantine:drop": "quarantine drop",
    "gateway.cli.quarantine:release": "quarantine release",
    "gateway.cli.queue:drop": "queue drop",
    "gateway.cli.queue:retry": "queue retry",
    "gateway.store.moved:unmark": "reopen",
}
"""The same for commands beside the daemon."""

STAGES = ("done", "committed", "answered")
"""Of a transaction: its work has run, it is committed and nobody knows, whoever asked for it goes on."""

STATEMENTS = {
    "INSERT INTO daemon": "beat",
    "DELETE FROM daemon WHERE daemon.beat_at": "bury",
    "DELETE FROM daemon WHERE daemon.id": "leave",
    "SELECT pg_try_advisory_lock": "lock",
    "SELECT pg_advisory_unlock": "unlock",
    "INSERT INTO watch": "watch",
    "DELETE FROM watch": "unwatch",
}
"""How a statement begins that is a transaction by itself: one daemon's place in a fleet, on PostgreSQL alone."""

WIRE = {
    "gateway.inbound.wire:DataScanner.feed": ("", "smtp after chunk"),
    "gateway.inbound.smtp_intake:Intake.commit": ("smtp dot heard", ""),
    "gateway.inbound.door:Door.submit": ("door before submit", "door after submit"),
    "gateway.inbound.smtp_session:Session._answer": ("smtp before reply", "smtp after reply"),
    "gateway.inbound.imap_link:Link.message": ("imap before fetch", "imap after fetch"),
    "gateway.inbound.door:Door.accept": ("", "imap accepted"),
    "gateway.inbound.imap_link:Link.move": ("imap before move", "imap after move"),
    "gateway.inbound.imap_link:Link.copy_and_expunge": ("imap before copy", "imap after expunge"),
    "imapclient:IMAPClient.copy": ("", "imap after copy"),
    "imapclient:IMAPClient.add_flags": ("imap before flag", "imap after flag"),
    "imapclient:IMAPClient.uid_expunge": ("imap before expunge", ""),
    "gateway.inbound.reader:Reader.read": ("before read", "after read"),
    "gateway.store.apply:Applier.apply": ("before apply", "after apply"),
    "gateway.app:Gateway.compose": ("before compose", "after compose"),
    "gateway.outbound.smtp_transport:_envelope": ("before envelope", "after envelope"),
    "gateway.outbound.smtp_link:SmtpLink.dot": ("before dot", "after dot"),
}
"""Functions, and the points before and after them."""

MAILDIR = {
    "gateway.outbound.maildir:MaildirTransport._write": ("before write", "after write"),
    "gateway.outbound.maildir:MaildirTransport._publish": ("before publish", "after publish"),
    "gateway.outbound.maildir:_sync": ("before sync", ""),
}
"""The same where notices leave as files."""

SCHEMA = {
    "gateway.store.migrate:_upgrade": ("before upgrade", "upgrade done"),
    "gateway.store:migrate": ("", "upgraded"),
}
"""The same where the daemon meets an empty database."""

SIGNALS = {
    "release": ("dot pending answered", signal.SIGTERM),
    "unwatch": ("mailbox ok answered", signal.SIGTERM),
    "unlock": ("mailbox ok answered", signal.SIGTERM),
    "leave": ("mailbox ok answered", signal.SIGTERM),
    "reload": ("mailbox ok answered", signal.SIGHUP),
}
"""What is only passed when the daemon was told something: the point at which it is, and the signal."""

ASKED = {
    "imap before fetch": "move",
    "imap after fetch": "move",
    "imap accepted": "move",
    "imap before move": "move",
    "imap after move": "move",
    "imap before copy": "copy",
    "imap after copy": "copy",
    "imap before expunge": "copy",
    "imap after expunge": "copy",
    "imap before flag": "keyword",
    "imap after flag": "keyword",
    "cursor": "keyword",
    "tick": "dead",
    "quarantine": "poison",
    "give back": "hiccup",
    "store ahead": "files",
}
"""What brings the daemon to a point: a mail in one of the mailboxes, or trouble; elsewhere any mail by SMTP."""


def of(names: dict[str, str]) -> list[str]:
    return [f"{name} {stage}" for name in names.values() for stage in STAGES]


def around(functions: dict[str, tuple[str, str]]) -> list[str]:
    return [point for pair in functions.values() for point in pair if point]


_NO_CALLER = {"accept answered"}
"""Its caller holds a future: the points of the wire stand there."""
_EVERYWHERE = [point for point in of(TRANSACTIONS) + around(WIRE) if point not in _NO_CALLER]
_FLEET = [f"{when} {name}" for name in STATEMENTS.values() for when in ("before", "after")]

POINTS = {
    SQLITE: tuple(_EVERYWHERE),
    POSTGRESQL: tuple(p for p in _EVERYWHERE if not p.startswith("forget leases")) + tuple(_FLEET),
}
"""Where ``gateway run`` can die in the middle of its work, by database."""

ALL = frozenset([*_EVERYWHERE, *_FLEET, *of(COMMANDS), *around(MAILDIR), *around(SCHEMA)])


def topic(point: str) -> str:
    """What SIGNALS and ASKED go by: the point itself, or what is done there."""
    words = point.split()
    bare = " ".join(words[:-1]) if words[-1] in STAGES else " ".join(words[1:])
    return point if point in ASKED else bare
