"""Is this mail a bounce at all? Signs with weights; a bounce is proven when they add up.

The gate matters more than the readers behind it: a client who quotes a bounce, or forwards one, is a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.inbound.reading import addresses_in_text, bounce_dsn, bounce_original, bounce_sns
from gateway.inbound.reading.machine_phrases import (
    BOUNCE_NAMES,
    BOUNCE_NOTICES,
    BOUNCE_SENDERS,
    BOUNCE_SUBJECTS,
    HUMAN_CLIENTS,
    MACHINE_WORDS,
    MAIL_SYSTEM_SUBJECTS,
    REPLY_PREFIXES,
    ROBOTS,
)
from gateway.inbound.reading.source import Part

PROVEN = 3
_TOP_CHARS = 4_000
_DELIVERY_STATUS = frozenset({"delivery-status", "delivery-status-notification"})


@dataclass(frozen=True, slots=True)
class Sign:
    """A piece of evidence. ``machine`` is true of what a person's mail does not bear."""

    weight: int
    evidence: str
    machine: bool = False


def signs(root: Part, *, subject: str, text: str) -> tuple[Sign, ...]:
    """The signs of a delivery report that the message bears, strongest first.

    The text is looked at only where something else points to a bounce: words alone never prove one.
    """
    found = [*_structure(root, text), *_sender(root, subject, text), *_subject(subject), *_path(root)]
    if found:
        found += [*_notice(text), *_human(root, subject)]
    return tuple(sorted(found, key=lambda sign: -sign.weight))


def proven(found: tuple[Sign, ...]) -> bool:
    """Whether the signs add up to a bounce. Words alone never do: people quote them."""
    return any(sign.machine for sign in found) and sum(sign.weight for sign in found) >= PROVEN


def null_path(root: Part) -> bool:
    """The mail carries the null reverse-path of notifications (RFC 5321 section 4.5.5)."""
    paths = (value.strip(" <>").casefold() for value in root.every("return-path"))
    return any(not path or path.partition("@")[0] == "mailer-daemon" for path in paths)


def is_reply_or_forward(subject: str) -> bool:
    """Whether the subject begins as that of a reply or a forward, in any language."""
    return subject.strip().casefold().startswith(REPLY_PREFIXES)


def is_from_mail_client(root: Part) -> bool:
    """Whether X-Mailer or User-Agent name a program that people write with."""
    client = f"{root.first('x-mailer')[:200]} {root.first('user-agent')[:200]}".casefold()
    return any(name in client for name in HUMAN_CLIENTS)


def _structure(root: Part, text: str) -> list[Sign]:
    event = bounce_sns.event(root, text)
    found = [Sign(4, f"amazon ses: {event.kind}", True)] if event and event.reports else []
    if root.content_type == "multipart/report" and _report_type(root) in _DELIVERY_STATUS:
        found.append(Sign(4, "content-type: multipart/report; report-type=delivery-status", True))
    elif bounce_dsn.has_status_part(root):
        found.append(Sign(3, "part: message/delivery-status", True))
    elif bounce_dsn.has_report(root):
        found.append(Sign(2, "text: delivery status fields"))
    if root.has("x-failed-recipients"):
        found.append(Sign(3, "x-failed-recipients: " + root.first("x-failed-recipients")[:200], True))
    return found


def _report_type(root: Part) -> str:
    return root.parameters.get("report-type", "").casefold()


def _sender(root: Part, subject: str, text: str) -> list[Sign]:
    value = root.first("from").casefold() or root.first("sender").casefold()
    address = addresses_in_text.first(value) or value.strip(" <>")
    local = address.partition("@")[0]
    evidence = f"sender: {address[:100]}"
    if local in BOUNCE_SENDERS:
        return [Sign(2, evidence, True)]
    if any(phrase in value for phrase in BOUNCE_NAMES):
        return [Sign(2, f"sender: {value[:100]}", True)]
    if any(word in local for word in MACHINE_WORDS):
        return [Sign(1, evidence, True)]
    if (local in ROBOTS or root.has("x-mlserver")) and _is_about_mail(root, subject, text):
        return [Sign(1, evidence, True)]
    return []


def _is_about_mail(root: Part, subject: str, text: str) -> bool:
    """A parcel service that "could not deliver" writes from a robot's address too, but returns no mail."""
    flat = " ".join(subject[:200].casefold().split())
    return flat.startswith(MAIL_SYSTEM_SUBJECTS) or bool(bounce_original.header_of_returned(root, text))


def _subject(subject: str) -> list[Sign]:
    flat = " ".join(subject[:_TOP_CHARS].casefold().split())
    if is_reply_or_forward(flat):
        return []
    phrase = next((phrase for phrase in BOUNCE_SUBJECTS if phrase in flat), None)
    return [Sign(2, f"subject: {phrase}")] if phrase else []


def _notice(text: str) -> list[Sign]:
    """What the unquoted beginning of the text says; two sentences of notices weigh more than one."""
    lines = (line for line in text[:_TOP_CHARS].casefold().split("\n") if not line.startswith(">"))
    flat = " ".join(" ".join(lines).split())
    said = [phrase for phrase in BOUNCE_NOTICES if phrase in flat and _stands_alone(phrase, flat)]
    apart = [phrase for phrase in said if not any(phrase != other and phrase in other for other in said)]
    return [Sign(3 if len(apart) > 1 else 2, f"text: {apart[0]}")] if apart else []


def _stands_alone(phrase: str, flat: str) -> bool:
    """A reply code is a number of its own, not the end of an order's or of an amount."""
    return not phrase[0].isdigit() or re.search(rf"(?<![\w.,-]){phrase}", flat) is not None


def _path(root: Part) -> list[Sign]:
    return [Sign(1, "return-path: <>", True)] if null_path(root) else []


def _human(root: Part, subject: str) -> list[Sign]:
    """Answers, forwards and mail from a mail client are written by people, a postmaster's too."""
    found = [Sign(-2, "subject: reply or forward")] if is_reply_or_forward(subject) else []
    if is_from_mail_client(root):
        found.append(Sign(-3, "written with a mail client"))
    return found
