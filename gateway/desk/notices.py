"""The catalogue of notices: every mail that the desk can send, and what its template may speak of.

``NoticeDraft`` is what a decision holds. Its ``context`` is plain JSON, fixed when it is decided, so
that a notice reads the same whenever it is sent. ``sample`` gives each one a believable context: the
preview and the template check are made from it, so it is also the contract with the templates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.desk.model import FileRef
from gateway.mail import Address

Context = dict[str, Any]


class Audience(StrEnum):
    CLIENT = "client"
    STAFF = "staff"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """``automatic`` notices carry Auto-Submitted (RFC 3834 section 5): no person wrote them."""

    name: str
    audience: Audience
    automatic: bool
    purpose: str


KINDS = {
    kind.name: kind
    for kind in (
        NoticeKind("received", Audience.CLIENT, True, "we have your mail, this is its number"),
        NoticeKind("reply", Audience.CLIENT, False, "an agent's answer"),
        NoticeKind("conversation_started", Audience.CLIENT, False, "an agent writes first"),
        NoticeKind("document_requested", Audience.CLIENT, False, "named documents are asked for, as a checklist"),
        NoticeKind("document_missing", Audience.CLIENT, True, "a reply came without the files that are missing"),
        NoticeKind("closed", Audience.CLIENT, False, "the ticket is closed, with the closing text"),
        NoticeKind("reopened", Audience.CLIENT, True, "your reply reopened the ticket"),
        NoticeKind("participant_added", Audience.CLIENT, True, "you now take part in this ticket"),
        NoticeKind("staff_new", Audience.STAFF, True, "a new ticket, and who owns it and why"),
        NoticeKind("staff_assigned", Audience.STAFF, True, "a ticket was given to you"),
        NoticeKind("staff_client_responded", Audience.STAFF, True, "the client wrote again"),
        NoticeKind("staff_note", Audience.STAFF, True, "an internal note, or somebody mentioned you"),
        NoticeKind("staff_receipt", Audience.STAFF, True, "what your mail did"),
        NoticeKind("staff_rejected", Audience.STAFF, True, "your mail did nothing, and why"),
        NoticeKind("staff_held", Audience.STAFF, True, "your answer was held: it contains internal text"),
        NoticeKind("staff_delivery_failed", Audience.STAFF, True, "a mail to the client came back"),
        NoticeKind("staff_quarantine", Audience.STAFF, True, "a mail could not be read and waits"),
        NoticeKind("admin_mailbox_unreachable", Audience.ADMIN, True, "a mailbox cannot be read"),
        NoticeKind("admin_dead_letter", Audience.ADMIN, True, "a notice was given up"),
    )
}


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A mail to one recipient, decided and not yet composed.

    ``person_id`` is the recipient as a person, to whom reply tokens are bound (None: no reply token).
    ``ticket`` 0 means the ticket that this very decision opens; None a notice about no ticket.
    """

    kind: str
    to: Address
    person_id: int | None
    context: Context
    ticket: int | None = 0
    locale: str = ""
    from_name: str = ""
    """Who is shown as writing, e.g. the agent; the address is always the desk's."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[FileRef, ...] = ()
    key: str = ""
    """Unique where a notice must never be decided twice; "" for no such limit."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no notice is called {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A stored notice as the sender claims it: the draft, and all that was fixed with it."""

    id: int
    draft: NoticeDraft
    message_id: str
    """Without angle brackets, signed."""
    ticket: int | None
    subject: str
    """The ticket's subject as the client knows it, without tags."""
    attempts: int = 0
    composed: bytes | None = field(default=None, repr=False)
    """The exact bytes of an earlier attempt; every later one sends the same."""
    decided_at: datetime | None = None


class NoticeState(StrEnum):
    """due → leased (claimed) → dot_pending (the message may be on the wire) → sent | due | ambiguous | dead."""

    DUE = "due"
    DOT_PENDING = "dot_pending"
    AMBIGUOUS = "ambiguous"
    """Lost after the final dot: it may have been delivered (RFC 1047). Tried again at most three times."""
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one attempt ended. ``next_at`` for due and ambiguous; ``reply`` is the server's answer or our reason."""

    state: NoticeState
    reply: str
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A notice leased to one sender; ``lease`` fences its settlement."""

    outgoing: Outgoing
    lease: str
    state: NoticeState = NoticeState.DUE
    """As it was before the claim; DOT_PENDING means that an earlier attempt died in the undecidable window."""
    first_tried_at: datetime | None = None
    ambiguous_count: int = 0


_TICKET = {
    "number": 1001,
    "subject": "Question about my 2025 tax return",
    "kind": "ticket",
    "status": "client_responded",
    "status_word": "Client has responded",
    "summary": "Casey asks whether the home office can be deducted.",
    "category": "Tax",
    "waiting_for": "",
    "created_at": "2026-11-20T09:12:00+00:00",
}
_MESSAGE = {
    "from_name": "Casey Client",
    "from_address": "casey@client.example",
    "at": "2026-11-21T10:00:00+00:00",
    "text": "Hello,\n\nhere is the W-2 that you asked for. The bank statement follows on Monday.\n\nBest,\nCasey",
    "html": "",
    "attachments": [{"filename": "W-2.pdf", "content_type": "application/pdf", "size": 48213, "content_id": ""}],
}
_ANSWER = {
    "from_name": "Olivia Reyes",
    "from_address": "",
    "at": "2026-11-21T10:20:00+00:00",
    "text": "Hi Casey,\n\nyes, a home office can be deducted when it is used for work alone.\n\nBest regards,\nOlivia",
    "html": "",
    "attachments": [],
}
_CLIENT = {"name": "Casey Client", "first_name": "Casey", "address": "casey@client.example", "company": "Client & Sons"}
_AGENT = {"name": "Olivia Reyes", "first_name": "Olivia", "title": "Tax advisor", "signature": ""}
_DOCUMENTS = [
    {"name": "W-2", "state": "received"},
    {"name": "Bank statement, October", "state": "missing"},
    {"name": "Form 1099", "state": "missing"},
]
_NOTE = {
    "from_name": "Joe Tran",
    "from_address": "",
    "at": "2026-11-21T09:40:00+00:00",
    "text": "@olivia Casey moved in March; please check the address.",
}
_STAFF: Context = {
    "ticket": _TICKET,
    "client": _CLIENT,
    "message": _MESSAGE,
    "owner": {"name": "Olivia Reyes", "handle": "olivia", "why": "owner of Client & Sons", "is_you": True},
    "notes": [
        {"from_name": "Joe Tran", "at": "2026-11-21T09:40:00+00:00", "text": "Casey moved in March; check the address."}
    ],
    "documents": _DOCUMENTS,
    "others": [
        {"number": 987, "subject": "Invoice 2211", "status": "pending", "status_word": "Pending response from client"}
    ],
    "participants": [{"name": "Sam Client", "address": "sam@client.example"}],
    "warnings": [],
    "was": "pending",
}
_CLIENT_BASE: Context = {"ticket": _TICKET, "client": _CLIENT, "agent": _AGENT, "message": _ANSWER, "documents": []}
_QUOTED = "#clsoe\n\nHi Casey, all done.\n"

_SAMPLES: dict[str, Context] = {
    "received": {"ticket": _TICKET, "client": _CLIENT},
    "reply": _CLIENT_BASE,
    "conversation_started": _CLIENT_BASE,
    "document_requested": {**_CLIENT_BASE, "documents": _DOCUMENTS},
    "document_missing": {"ticket": _TICKET, "client": _CLIENT, "documents": _DOCUMENTS},
    "closed": _CLIENT_BASE,
    "reopened": {"ticket": _TICKET, "client": _CLIENT},
    "participant_added": {"ticket": _TICKET, "client": _CLIENT, "by": "Casey Client"},
    "staff_new": {
        **_STAFF,
        "ticket": {**_TICKET, "status": "new", "status_word": "New"},
        "message": {**_MESSAGE, "text": "Hello,\n\ncan I deduct my home office?\n\nCasey", "attachments": []},
        "notes": [],
        "documents": [],
        "was": "",
    },
    "staff_assigned": {**_STAFF, "was": "", "by": "Joe Tran", "reason": "you know this client"},
    "staff_client_responded": {
        **_STAFF,
        "warnings": ["The sender's domain did not confirm this mail (DMARC)."],
    },
    "staff_note": {
        **_STAFF,
        "message": {**_NOTE, "html": "", "attachments": []},
        "notes": [{"from_name": "Lindsey Wu", "at": "2026-11-20T15:00:00+00:00", "text": "Casey prefers calls."}],
        "owner": {"name": "Seth Park", "handle": "seth", "why": "", "is_you": False},
        "was": "",
        "mentioned": True,
        "by": "Joe Tran",
    },
    "staff_receipt": {
        "ticket": _TICKET,
        "lines": ["Your answer went to Casey Client <casey@client.example>.", "Status: in progress → pending."],
        "warnings": ["Joe Tran wrote a note on this ticket while you were writing."],
        "card": "",
        "internal": False,
    },
    "staff_rejected": {
        "ticket": _TICKET,
        "reasons": ["Line 1: there is no command #clsoe. Did you mean #close?"],
        "quoted": _QUOTED,
        "internal": False,
    },
    "staff_held": {
        "ticket": _TICKET,
        "reasons": ["It repeats 9 words of Joe Tran's note of 21 November."],
        "matched": "Casey moved in March; check the address",
        "quoted": "Hi Casey,\n\nCasey moved in March; check the address.\n",
        "internal": False,
    },
    "staff_delivery_failed": {
        "ticket": _TICKET,
        "client": _CLIENT,
        "recipient": "casey@client.example",
        "permanent": True,
        "diagnostic": "550 5.1.1 no such user",
        "failed_subject": "Re: Question about my 2025 tax return",
    },
    "staff_quarantine": {
        "id": 17,
        "reason": "the reader was killed three times (10 s of CPU each)",
        "from_address": "casey@client.example",
        "subject": "Invoice",
        "size": 25_000_000,
    },
    "admin_mailbox_unreachable": {
        "mailbox": "support",
        "since": "2026-11-21T08:00:00+00:00",
        "error": "LOGIN refused: authentication failed",
    },
    "admin_dead_letter": {
        "id": 204,
        "recipient": "casey@client.example",
        "failed_subject": "Re: Question about my 2025 tax return",
        "diagnostic": "no answer from the mail server for 5 days",
        "ticket": _TICKET,
    },
}


_MAIL: Context = {
    "desk": {"name": "Acme Support", "address": "support@desk.example"},
    "recipient": {"name": "Casey Client", "first_name": "Casey", "address": "casey@client.example"},
    "reply_address": "support+rae5mkt2nqwz7cgm6pzbgsdwmkc64wpnbvf@desk.example",
    "note_address": "support+nae5mkt2x4yhb3j5wqlpt7uzr2ia3xfdqe@desk.example",
    "command_address": "support+caahmkt2p6lqd7rv3yzn5s4gwt2bqk6xia@desk.example",
    "answers": True,
    "colour": "#1f5fbf",
    "footer": "",
    "locale": "en",
}
_AGENT_RECIPIENT = {"name": "Olivia Reyes", "first_name": "Olivia", "address": "olivia@desk.example"}


def sample(name: str) -> Context:
    """A believable context of one notice: what its draft must hold."""
    return _SAMPLES[name]


def mail_sample(name: str) -> Context:
    """The names that every template has besides, because the mail itself brings them; "" where there is none."""
    client = KINDS[name].audience is Audience.CLIENT
    return _MAIL if client else {**_MAIL, "recipient": _AGENT_RECIPIENT}


def missing_names(kind: str, context: Context) -> list[str]:
    """Names of the sample that a draft's context lacks, as dotted paths. A template may use any of them."""
    return list(_missing(_SAMPLES[kind], context, ""))


def _missing(wanted: Any, given: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            yield path
            return
        for key, value in wanted.items():
            name = f"{path}.{key}" if path else key
            if key not in given:
                yield name
            else:
                yield from _missing(value, given[key], name)
    elif isinstance(wanted, list) and wanted and isinstance(given, list):
        for item in given:
            yield from _missing(wanted[0], item, f"{path}[]")
