"""A stored notice made into the bytes that are sent, and the envelope around them.

The same notice gives the same bytes whenever and however often it is composed: its Message-ID, its date
and its recipient are fixed, boundaries come from the Message-ID, and nothing here asks a clock or chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.config import Settings
from gateway.desk.model import FileRef
from gateway.desk.notices import KINDS, Audience, Context, NoticeKind, Outgoing
from gateway.errors import Permanent
from gateway.mail import Address
from gateway.outbound import headers, phrasing
from gateway.outbound.mime import Multipart, Part, file_part, serialise, text_part
from gateway.outbound.render import Renderer
from gateway.threading.token import Minter

OWN_FIELD = "X-Ticket-Gateway"
"""Stands on every mail that we send, with the notice's kind, so that our reader knows its own mail."""
_ANSWERS_A_MAIL = frozenset(("received", "reopened", "document_missing", "staff_receipt", "staff_rejected"))
_REPORTS = frozenset(("staff_receipt", "staff_rejected", "staff_held"))
"""What an agent hears about a mail of their own, which may have been about no ticket."""


@dataclass(frozen=True, slots=True)
class Composed:
    """``raw`` with CRLF; the envelope's addresses in ASCII, without angle brackets."""

    raw: bytes
    envelope_sender: str
    envelope_recipient: str


def compose(
    outgoing: Outgoing,
    *,
    renderer: Renderer,
    minter: Minter,
    settings: Settings,
    load_blob: Callable[[str], bytes],
    date: datetime,
) -> Composed:
    """Compose one notice. ``load_blob`` gives a stored file by its SHA-256 in hex; ``date`` is when it was decided.

    Raises Permanent where it can never be sent: a wrong template, an address that needs SMTPUTF8; whatever
    ``load_blob`` raises passes through.
    """
    recipient = headers.addr_spec(outgoing.draft.to.address)
    sender = headers.addr_spec(minter.bounce_address(outgoing.id))
    if outgoing.composed is not None:
        return Composed(outgoing.composed, sender, recipient)
    context = surroundings(outgoing, minter, settings)
    cids = content_ids(outgoing.draft.files, minter.domain)
    locale = outgoing.draft.locale or settings.desk.locale
    rendered = renderer.render(outgoing.draft.kind, context, locale=locale, cids=cids)
    body = _body(outgoing, rendered.text, rendered.html, cids, load_blob)
    local_date = date.astimezone(ZoneInfo(settings.desk.timezone))
    fields = _fields(outgoing, rendered.subject, context, settings, local_date)
    return Composed(serialise(fields, body), sender, recipient)


def surroundings(outgoing: Outgoing, minter: Minter, settings: Settings) -> Context:
    """The draft's context with the names that the mail itself brings; its ticket gets its number.

    The draft's own words win: an empty subject there is meant, in an answer that must not repeat a stranger's words.
    """
    draft, desk = outgoing.draft, settings.desk
    context: Context = {
        "desk": {"name": desk.name, "address": desk.address},
        "recipient": {
            "name": phrasing.plain_name(draft.to.name),
            "first_name": phrasing.given_name(draft.to.name),
            "address": draft.to.address,
        },
        **_addresses(outgoing, minter),
        "answers": bool(draft.in_reply_to),
        "colour": settings.notices.colour,
        "footer": settings.notices.footer,
        **draft.context,
    }
    ticket = draft.context.get("ticket")
    if isinstance(ticket, Mapping) and outgoing.ticket:
        context["ticket"] = {"subject": outgoing.subject, **ticket, "number": outgoing.ticket}
    return context


def _addresses(outgoing: Outgoing, minter: Minter) -> dict[str, str]:
    """The recipient's own addresses on this ticket; "" where there is none. Only staff get the last two."""
    person, ticket = outgoing.draft.person_id, outgoing.ticket
    staff = KINDS[outgoing.draft.kind].audience is not Audience.CLIENT
    bound = person is not None and bool(ticket)
    return {
        "reply_address": minter.reply_address(ticket or 0, person or 0) if bound else "",
        "note_address": minter.note_address(ticket or 0, person or 0) if bound and staff else "",
        "command_address": minter.command_address(person) if person is not None and staff else "",
    }


def content_ids(files: tuple[FileRef, ...], domain: str) -> dict[str, str]:
    """Content-IDs that foreign HTML refers to, and the ones that we give these files (RFC 2392)."""
    return {file.content_id: f"{_digest(file)}@{domain}" for file in files if file.content_id}


def _digest(file: FileRef) -> str:
    return hashlib.sha256(f"{file.sha256}:{file.content_id}".encode("utf-8", "replace")).hexdigest()[:24]


def _body(
    outgoing: Outgoing, text: str, html: str, cids: Mapping[str, str], load_blob: Callable[[str], bytes]
) -> Part | Multipart:
    """mixed(alternative(text, related(html, images)), files), as far as there is any need of each."""
    seed = outgoing.message_id
    shown = {file.content_id for file in outgoing.draft.files if _is_shown(file, html, cids)}
    images: list[Part | Multipart] = []
    files: list[Part | Multipart] = []
    for file in outgoing.draft.files:
        inline = file.content_id in shown
        content_id = cids[file.content_id] if inline else ""
        part = file_part(load_blob(file.sha256), file.content_type, file.filename, content_id)
        (images if inline else files).append(part)
    page: Part | Multipart = text_part(html, "html")
    if images:
        page = Multipart("related", seed, (page, *images), ';\r\n type="text/html"')
    both = Multipart("alternative", seed, (text_part(text, "plain"), page))
    return Multipart("mixed", seed, (both, *files)) if files else both


def _is_shown(file: FileRef, html: str, cids: Mapping[str, str]) -> bool:
    """An image that no HTML refers to would be invisible to most readers: it goes as an attachment."""
    return bool(file.content_id) and f'"cid:{cids[file.content_id]}"' in html


def _fields(outgoing: Outgoing, subject: str, context: Context, settings: Settings, date: datetime) -> str:
    draft = outgoing.draft
    if not headers.is_message_id(outgoing.message_id):
        raise Permanent(f"notice {outgoing.id} has no usable Message-ID")
    kind = KINDS[draft.kind]
    written: list[tuple[str, str]] = [
        ("Date", headers.date(date)),
        ("From", headers.mailbox(_author(draft.from_name, settings), "From")),
        ("To", headers.mailbox(draft.to, "To")),
        ("Subject", headers.text(subject, "Subject")),
        ("Message-ID", headers.message_ids([outgoing.message_id])),
        ("In-Reply-To", headers.message_ids([draft.in_reply_to])),
        ("References", headers.message_ids(_references(outgoing))),
        ("Reply-To", _reply_to(kind, context, settings)),
        *_automatic(kind),
        (OWN_FIELD, draft.kind),
    ]
    return "".join(headers.field(name, value) for name, value in written if value)


def _author(from_name: str, settings: Settings) -> Address:
    """Who writes, always at the desk's own address: any other would fail DMARC, and hide that it is us."""
    person = phrasing.one_line(from_name)
    name = f"{person} ({settings.desk.name})" if person and person != settings.desk.name else settings.desk.name
    return Address(name, settings.desk.address)


def _references(outgoing: Outgoing) -> list[str]:
    """RFC 5322 section 3.6.4: the parent's references, then the parent."""
    draft = outgoing.draft
    return [r for r in (*draft.references, draft.in_reply_to) if r and r != outgoing.message_id]


def _reply_to(kind: NoticeKind, context: Context, settings: Settings) -> str:
    """The personal address of this ticket; without a ticket, the agent's own, to send a mended command to.

    A note is answered by a note, and so is what the desk says about one: none reaches a client by mistake.
    """
    internal = kind.name == "staff_note" or context.get("internal", False)
    address = context["note_address"] if internal else context["reply_address"]
    if kind.name in _REPORTS:
        address = address or context["command_address"]
    return headers.mailbox(Address(settings.desk.name, address), "Reply-To") if address else ""


def _automatic(kind: NoticeKind) -> list[tuple[str, str]]:
    """RFC 3834 section 5, and the field that Exchange looks at."""
    if not kind.automatic:
        return []
    value = "auto-replied" if kind.name in _ANSWERS_A_MAIL else "auto-generated"
    return [("Auto-Submitted", value), ("X-Auto-Response-Suppress", "All")]
