"""The vocabulary: what a mail is, once it has been read. Frozen values, no behaviour that could fail.

Every text in these values is clean: no NUL, no lone surrogates, line ends are ``\\n``; single-line
fields (names, subjects, file names, addresses) hold no control characters at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Who or what wrote a mail. Only ``PERSON`` ever moves a status or is answered."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    FEEDBACK_REPORT = "feedback_report"
    BULK = "bulk"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox (RFC 5322 section 3.4): display name (may be empty) and addr-spec, domain in lower case."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()

    @property
    def local_part(self) -> str:
        return self.address.rpartition("@")[0]

    @property
    def key(self) -> str:
        """What two spellings of one mailbox share; desks compare addresses without case."""
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not body text. ``content`` is decoded; ``sha256`` is of ``content``, in hex."""

    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One recipient of a delivery status notification (RFC 3464 section 2.3).

    ``action`` is failed, delayed, delivered, relayed or expanded; ``status`` an RFC 3463 code or "".
    """

    recipient: str
    action: str
    status: str
    permanent: bool
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail inside a forward: its true author, subject, date and text."""

    sender: Address
    subject: str
    date: datetime | None
    text: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class AuthResult:
    """One Authentication-Results field (RFC 8601), topmost first: ``methods`` holds (method, result, domain)."""

    authserv_id: str
    methods: tuple[tuple[str, str, str], ...]
    above_received: bool
    """True when no foreign Received field stands above it, so that our own border wrote it."""
    hops_above: tuple[str, ...] = ()
    """Who wrote the Received fields above it, topmost first: their "by" hosts in lower case."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321 envelope. ``sender`` is "" for the null reverse-path; ``recipients`` may be empty for IMAP."""

    sender: str | None = None
    recipients: tuple[str, ...] = ()
    peer: str = ""


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail as read, before anything is known about tickets."""

    message_id: str | None
    """Without angle brackets."""
    sender: Address | None
    """The From mailbox. Never Reply-To, never a display name."""
    sender_sound: bool
    """Exactly one From field with one mailbox and no defect: only then may it identify anyone."""
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None
    kind: Kind
    why: tuple[str, ...]
    text: str
    """The text of the message itself, whole."""
    reply: str
    """The new text alone, without quote and signature."""
    html: str = ""
    """The HTML part as sent (unsafe: sanitise before showing), or ""."""
    own_words: str = ""
    """The new text without any quote, even around answers between its lines: what may go on to somebody else. "" where
    the author's words cannot be told from the quote."""
    reply_html: str = ""
    """HTML of the new text alone (unsafe: sanitise before showing), or ""."""
    signature: str = ""
    attachments: tuple[Attachment, ...] = ()
    delivery_reports: tuple[DeliveryReport, ...] = ()
    returned_message_id: str = ""
    """For a bounce: Message-ID of the mail that came back, where it can be found."""
    forwarded: Forwarded | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """Oldest first, as in the field, without angle brackets; In-Reply-To is not merged in."""
    recipients: tuple[tuple[str, str], ...] = ()
    """Every recipient position found: (field name in lower case, address), e.g. ("delivered-to", "a@b.example")."""
    auth_results: tuple[AuthResult, ...] = ()
    list_id: str = ""
    defects: tuple[str, ...] = ()
    quarantine: str | None = None
    """Why the bytes cannot be shown as a message, or None."""


@dataclass(frozen=True, slots=True)
class ReadingContext:
    """What reading may know of the desk: its own addresses and lists. No secret."""

    own_addresses: frozenset[str] = frozenset()
    """Casefolded addresses of the desk, without plus tags."""
    own_lists: frozenset[str] = frozenset()
    """List-Ids or posting addresses of mailing lists through which people write to the desk."""
