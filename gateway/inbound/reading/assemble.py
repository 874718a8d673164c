"""A mail's bytes to an InboundMail: parse, choose the body, ask the judges, put it together.

Every judge is asked on its own: one that fails costs its answer and leaves a defect, never the mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from gateway.inbound.reading import (
    addresses,
    authresults,
    body,
    bounce,
    charset,
    fields,
    forward,
    fragment,
    html,
    kind,
    opinion,
    parse,
    reply,
)
from gateway.inbound.reading.prescan import Budget
from gateway.inbound.reading.source import Part
from gateway.mail import Address, AuthResult, DeliveryReport, Forwarded, InboundMail, Kind, ReadingContext

_T = TypeVar("_T")
_RECIPIENT_FIELDS = (
    "to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to",
    "x-delivered-to", "x-rcpt-to", "x-real-to", "apparently-to", "resent-to", "resent-cc", "original-recipient",
    "x-gm-original-to", "x-ms-exchange-organization-originalenveloperecipients",
)  # fmt: skip
_MAX_RECIPIENTS = 5000
_MAX_SPLIT = 1024 * 1024
"""Characters that are searched for quotes; what is new in a mail stands in less."""
_KNOWN_FIELDS = frozenset(
    {"from", "to", "cc", "subject", "date", "message-id", "received", "return-path", "mime-version", "content-type",
     "content-transfer-encoding", "reply-to", "sender", "in-reply-to", "references", "delivered-to", "x-mailer",
     "user-agent"}
)  # fmt: skip
_NO_EVIDENCE: tuple[Kind, tuple[str, ...]] = (Kind.PERSON, ())
NOTHING = InboundMail(
    message_id=None, sender=None, sender_sound=False, reply_to=(), to=(), cc=(), subject="", date=None,
    kind=Kind.PERSON, why=(), text="", reply="",
)  # fmt: skip


def read(raw: bytes, context: ReadingContext = ReadingContext()) -> InboundMail:  # noqa: B008 - frozen
    """What a mail says. Never raises: what cannot be read comes back with ``quarantine`` set."""
    try:
        return _read(raw, context)
    except MemoryError:
        return replace(NOTHING, quarantine="out of memory while reading")
    except RecursionError:
        return replace(NOTHING, quarantine="nested too deep to be read")
    except Exception as error:  # noqa: BLE001 - the contract: no bytes may stop the desk
        return replace(NOTHING, quarantine=f"could not be read: {type(error).__name__}")


def _read(raw: bytes, context: ReadingContext) -> InboundMail:
    budget = Budget(len(raw))
    if not raw.strip():
        return replace(NOTHING, quarantine="empty")
    root = parse.parse(raw, budget)
    mail = _judged(root, body.collect(root, budget), context, budget)
    return replace(mail, quarantine=_quarantine(raw, root), defects=tuple(budget.defects))


def _quarantine(raw: bytes, root: Part) -> str | None:
    """Why these bytes are no message: no field that a mail has."""
    if any(field.name in _KNOWN_FIELDS for field in root.fields):
        return None
    if b"\0" in raw[:1024]:
        return "not a message: binary data"
    return "not a message: no header fields"


def _judged(root: Part, found: body.Body, context: ReadingContext, budget: Budget) -> InboundMail:
    """Asks bounce, kind, reply and forward about the parsed mail."""
    sender, sound = sender_of(root)
    subject = " ".join(root.first("subject").split())
    text = found.text
    reports: tuple[DeliveryReport, ...] = _ask(
        budget, "bounce", lambda: bounce.reports(root, text=text, subject=subject), ()
    )
    judged = _ask(
        budget,
        "kind",
        lambda: kind.classify(root, sender=sender, subject=subject, text=text, context=context, reports=reports),
        _NO_EVIDENCE,
    )
    split = _split(root, found, subject, context, budget)
    return InboundMail(
        message_id=fields.message_id(root.first("message-id")),
        sender=sender,
        sender_sound=sound,
        reply_to=_addresses(root, "reply-to"),
        to=_addresses(root, "to"),
        cc=_addresses(root, "cc"),
        subject=subject,
        date=next(filter(None, map(fields.date, root.every("date")[:5])), None),
        kind=judged[0],
        why=judged[1],
        text=text,
        reply=split.reply,
        own_words=_own_words(found, budget),
        reply_html=_fragment(found, budget),
        signature=split.signature,
        html=found.html,
        attachments=tuple(found.attachments),
        delivery_reports=reports if judged[0] is Kind.BOUNCE else (),
        returned_message_id=_returned(root, judged[0], budget),
        forwarded=_forwarded(root, found, subject, budget),
        in_reply_to=fields.message_ids(root.first("in-reply-to")),
        references=fields.message_ids(" ".join(root.every("references"))),
        recipients=recipients_of(root),
        auth_results=_ask_auth(root, budget),
        list_id=list_id_of(root),
    )


def _ask(budget: Budget, name: str, question: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return question()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - see the module's docstring
        budget.defect(f"{name} failed: {type(error).__name__}")
        return otherwise


def _fragment(found: body.Body, budget: Budget) -> str:
    if not found.html:
        return ""
    return _ask(budget, "fragment", lambda: fragment.clean(html.new_fragment(found.html[:_MAX_SPLIT])), "")


def _own_words(found: body.Body, budget: Budget) -> str:
    text, page = _bodies(found)
    return _ask(budget, "own words", lambda: reply.own_words(text=text, html=page), "")


def _bodies(found: body.Body) -> tuple[str, str]:
    """The plain text and the page; text from elsewhere (a winmail.dat) stands for both where there is neither."""
    text, page = "\n".join(found.plain)[:_MAX_SPLIT], found.html[:_MAX_SPLIT]
    return (text, page) if text.strip() or page.strip() else (found.text[:_MAX_SPLIT], "")


def _split(root: Part, found: body.Body, subject: str, context: ReadingContext, budget: Budget) -> reply.Split:
    text, page = _bodies(found)
    is_reply = root.has("in-reply-to") or root.has("references") or _answers_us(root, context)
    return _ask(
        budget,
        "reply",
        lambda: reply.new_text(text=text, html=page, subject=subject, has_references=is_reply),
        reply.Split(reply=found.text, signature="", quoted=""),
    )


def _answers_us(root: Part, context: ReadingContext) -> bool:
    """It was written to a plus-address of ours: only an answer has one, also where a client drops the references."""
    for _, address in recipients_of(root):
        local, _, domain = address.casefold().rpartition("@")
        base, plus, _ = local.partition("+")
        if plus and f"{base}@{domain}" in context.own_addresses:
            return True
    return False


def _forwarded(root: Part, found: body.Body, subject: str, budget: Budget) -> Forwarded | None:
    return _ask(
        budget,
        "forward",
        lambda: forward.find(
            text="\n".join(found.plain)[:_MAX_SPLIT], html=found.html[:_MAX_SPLIT], subject=subject, root=root
        ),
        None,
    )


def _returned(root: Part, judged: Kind, budget: Budget) -> str:
    if judged is not Kind.BOUNCE:
        return ""
    return _ask(budget, "returned", lambda: bounce.returned_message_id(root), "")


def _ask_auth(root: Part, budget: Budget) -> tuple[AuthResult, ...]:
    return _ask(budget, "authentication-results", lambda: authresults.results(root), ())


def sender_of(root: Part) -> tuple[Address | None, bool]:
    """The From mailbox, and whether it may identify anyone.

    Sound is: exactly one From field, one mailbox, no defect, no control character, and two parsers that
    agree. Where From holds no mailbox, Sender or Return-Path stand in, and are never sound.
    """
    given = [f.raw for f in root.fields if f.name == "from"]
    found = [mailbox for raw in given[:5] for mailbox in addresses.parse(raw)]
    if not found:
        stand_in = _addresses(root, "sender") or _addresses(root, "return-path")
        return (stand_in[0] if stand_in else None), False
    sender = found[0]
    if len(given) != 1 or len(found) != 1 or not sender.sound:
        return sender.address, False
    return sender.address, opinion.senders(given[0]) == (sender.address.address.lower(),)


def _addresses(root: Part, name: str) -> tuple[Address, ...]:
    return tuple(a for f in root.fields if f.name == name for a in addresses.addresses(f.raw))


def recipients_of(root: Part) -> tuple[tuple[str, str], ...]:
    """Every position that may hold one of our addresses, as (field name, address), each once."""
    found: dict[tuple[str, str], None] = {}
    for field in root.fields:
        if field.name in _RECIPIENT_FIELDS:
            raw = field.raw.rpartition(";")[2] if field.name == "original-recipient" else field.raw
            for address in addresses.addresses(raw):
                found[(field.name, address.address)] = None
        elif field.name == "received":
            for address in _received_for(field.raw):
                found[("received", address.address)] = None
        if len(found) > _MAX_RECIPIENTS:
            break
    return tuple(found)[:_MAX_RECIPIENTS]


def _received_for(value: str) -> tuple[Address, ...]:
    """The envelope recipient in a Received field's ``for`` clause (RFC 5321 section 4.4)."""
    _, found, rest = value.partition(" for ")
    return addresses.addresses(rest.partition(";")[0].strip().partition(" ")[0]) if found else ()


def list_id_of(root: Part) -> str:
    """The identifier of a List-Id field (RFC 2919), or ""."""
    value = root.first("list-id")
    inner = value.rpartition("<")[2].partition(">")[0].strip() if "<" in value else value.strip()
    return charset.clean_line(inner)[:255]
