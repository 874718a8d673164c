"""Amazon SES reports that arrive as JSON by mail (SES over SNS): bounces, complaints and deliveries.

The format is that of the "Amazon SNS notification contents" and of the event publishing of Amazon SES.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gateway.inbound.reading import addresses_in_text, bounce_reason
from gateway.inbound.reading.charset import clean_line
from gateway.inbound.reading.source import Part
from gateway.mail import DeliveryReport

_MAX_CHARS = 300_000
_MAX_REPORTS = 300
_LISTS = {
    "bounce": ("bounce", "bouncedRecipients", "failed"),
    "delivery": ("delivery", "recipients", "delivered"),
    "deliverydelay": ("deliveryDelay", "delayedRecipients", "delayed"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One notification: its type in lower case, its reports, and the Message-ID of the mail that it is about."""

    kind: str
    reports: tuple[DeliveryReport, ...] = ()
    message_id: str = ""


def event(root: Part, text: str) -> Event | None:
    """The event that a mail of the notification service tells, or None. Never raises."""
    if not root.has("x-amz-sns-message-id"):
        return None
    told = _object(text.partition("{")[1] + text.partition("{")[2])
    if isinstance(told.get("Message"), str):
        told = _object(told["Message"])
    kind = str(told.get("notificationType") or told.get("eventType") or "").replace(" ", "").casefold()
    if kind not in {"complaint", *_LISTS}:
        return None
    headers = _dict(_dict(told.get("mail")).get("commonHeaders"))
    return Event(kind, _reports(told, kind), clean_line(str(headers.get("messageId") or "")[:998]).strip("<> "))


def _reports(told: dict[str, Any], kind: str) -> tuple[DeliveryReport, ...]:
    if kind not in _LISTS:
        return ()
    name, listed, action = _LISTS[kind]
    outcome = _dict(told.get(name))
    given = outcome.get(listed)
    entries = given[:_MAX_REPORTS] if isinstance(given, list) else []
    lasting = str(outcome.get("bounceType", "")).casefold() != "transient"
    found = (_report(_dict(e) if isinstance(e, dict) else {"emailAddress": e}, action, lasting) for e in entries)
    return tuple(report for report in found if report.recipient)


def _report(entry: dict[str, Any], action: str, lasting: bool) -> DeliveryReport:
    diagnostic, status = str(entry.get("diagnosticCode") or ""), bounce_reason.enhanced(str(entry.get("status") or ""))
    return DeliveryReport(
        recipient=addresses_in_text.first(str(entry.get("emailAddress") or "")[:1000]),
        action=action,
        status=status,
        permanent=lasting and bounce_reason.is_permanent(action, status, diagnostic),
        diagnostic=bounce_reason.one_line(diagnostic),
    )


def _object(text: str) -> dict[str, Any]:
    # Mail systems that break long lines put "!" and a new line into the middle of the JSON.
    whole = text[:_MAX_CHARS].replace("!\n ", "").strip()
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(whole)
    except (ValueError, RecursionError):
        return {}
    return _dict(found)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
