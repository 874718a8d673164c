"""Delivery reports of a message: who could not be reached, for good or for now, and which mail came back.

RFC 3464 parts are read first, then the words of the notice, then the header of the returned mail. A message
that is not proven to be a bounce has no reports, whatever it quotes.
"""

from __future__ import annotations

from gateway.inbound.reading import (
    addresses_in_text,
    bounce_dsn,
    bounce_original,
    bounce_signs,
    bounce_sns,
    bounce_text,
    fields,
)
from gateway.inbound.reading.bounce_text import Notice
from gateway.inbound.reading.source import Part
from gateway.mail import DeliveryReport

_MAX_RETURNED = 20
_MAX_WRAPPERS = 3
_MAX_FAILED = 50
_CONCERNED = ("to", "from", "sender", "delivered-to")


def reports(root: Part, *, text: str, subject: str) -> tuple[DeliveryReport, ...]:
    """One report for each recipient of a bounce, in the notice's order; empty when the mail is none.

    ``text`` is the message's own text. Where the notice and the RFC 3464 part name the address that was written
    to besides the one it was delivered to, the former is the recipient. Linear in the size of the mail.
    """
    return _reports(root, text, subject, _MAX_WRAPPERS)


def returned_message_id(root: Part) -> str:
    """Message-ID of the mail that came back, without angle brackets, or "" when it cannot be found.

    Exchange and Google name it in the notice's In-Reply-To as well.
    """
    event = bounce_sns.event(root, root.text or "")
    if event and event.message_id:
        return event.message_id
    found = fields.message_id(bounce_original.header_of_returned(root).get("message-id", ""))
    return found or fields.message_id(root.first("in-reply-to")) or ""


def _reports(root: Part, text: str, subject: str, wrappers: int) -> tuple[DeliveryReport, ...]:
    if _is_complaint(root) or not bounce_signs.proven(bounce_signs.signs(root, subject=subject, text=text)):
        return ()
    event = bounce_sns.event(root, text)
    if event and event.reports:
        return event.reports
    given = _notice(root, text, subject)
    statuses = bounce_dsn.statuses(root)
    if statuses:
        return bounce_dsn.reports(statuses, bounce_text.reports(given), given.text)
    return (
        _named_in_field(root, given)
        or bounce_text.reports(given)
        or _wrapped(root, wrappers)
        or (bounce_text.unnamed(given) if len(given.expected) <= _MAX_RETURNED else ())
        or bounce_text.local_names(given, addresses_in_text.first(root.first("from")).rpartition("@")[2])
    )


def _is_complaint(root: Part) -> bool:
    return any(part.content_type == "message/feedback-report" for part in root.walk())


def _notice(root: Part, text: str, subject: str) -> Notice:
    lines, _ = bounce_original.split(text)
    expected = bounce_original.recipients(bounce_original.header_of_returned(root, text))
    ignored = [address for name in _CONCERNED for address in _addresses(root, name)]
    return bounce_text.notice(lines, subject=subject, expected=expected, ignored=ignored)


def _named_in_field(root: Part, given: Notice) -> tuple[DeliveryReport, ...]:
    """The recipients of Exim's and Google's X-Failed-Recipients, with the notice's words for each."""
    failed = _addresses(root, "x-failed-recipients")[:_MAX_FAILED]
    if not failed:
        return ()
    said = bounce_text.reports(given)
    written_to = {address.casefold() for address in given.expected}
    if len(said) == len(failed) and all(each.recipient.casefold() in written_to for each in said):
        return said
    named = {each.recipient.casefold(): each for each in said}
    return tuple(named.get(a.casefold()) or bounce_text.judged(a, given.action, given.text) for a in failed)


def _wrapped(root: Part, wrappers: int) -> tuple[DeliveryReport, ...]:
    """The reports of a bounce that a relay wrapped into this one on its way."""
    if not wrappers:
        return ()
    for part in root.walk():
        if part is not root and part.content_type == "message/rfc822" and part.children:
            inner = part.children[0]
            text = "\n".join(leaf.text or "" for leaf in inner.walk() if leaf.content_type == "text/plain")
            return _reports(inner, text, inner.first("subject"), wrappers - 1)
    return ()


def _addresses(root: Part, name: str) -> list[str]:
    values = (value[:20_000] for value in root.every(name))
    return list(dict.fromkeys(found.address for value in values for found in addresses_in_text.spot(value)))
