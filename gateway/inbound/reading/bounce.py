"""Delivery reports of a message: who could not be reached, for good or for now, and which mail came back.

RFC 3464 parts are read first, then the words of the notice, then the header of the returned mail. A message
that is not proven to be a bounce has no reports, whatever it quotes.
"""

from __future__ import annotations

from gateway.inbound.reading import addresses_in_text, bounce_dsn, bounce_original, bounce_signs, bounce_text
from gateway.inbound.reading.source import Part
from gateway.mail import DeliveryReport

_MAX_RETURNED = 20


def reports(root: Part, *, text: str, subject: str) -> tuple[DeliveryReport, ...]:
    """One report for each recipient of a bounce, in the notice's order; empty when the mail is none.

    ``text`` is the message's own text. Linear in its size.
    """
    if _is_complaint(root) or not bounce_signs.proven(bounce_signs.signs(root, subject=subject, text=text)):
        return ()
    notice, _ = bounce_original.split(text)
    statuses = bounce_dsn.statuses(root)
    if not statuses:
        return _free_form(root, notice, text, subject)
    said = {each.recipient.casefold(): each.diagnostic for each in _blamed(root, notice, text, subject)}
    words = "\n".join(notice)
    return tuple(
        bounce_dsn.report(status, said.get(status.final.casefold()) or said.get(status.original.casefold()) or words)
        for status in statuses
    )


def returned_message_id(root: Part, text: str = "") -> str:
    """Message-ID of the mail that came back, without angle brackets, or "" when it cannot be found."""
    value = bounce_original.header_of_returned(root, text).get("message-id", "")
    found = value.strip().partition("<")[2].partition(">")[0] or value.strip().split(" ")[0].strip("<>")
    return found[:998]


def _is_complaint(root: Part) -> bool:
    return any(part.content_type == "message/feedback-report" for part in root.walk())


def _blamed(root: Part, notice: list[str], text: str, subject: str) -> tuple[DeliveryReport, ...]:
    expected = bounce_original.recipients(bounce_original.header_of_returned(root, text))
    ignored = [a.address for name in ("to", "from", "sender", "delivered-to") for a in _addresses(root, name)]
    return bounce_text.reports(notice, subject=subject, expected=expected, ignored=ignored)


def _free_form(root: Part, notice: list[str], text: str, subject: str) -> tuple[DeliveryReport, ...]:
    found = _blamed(root, notice, text, subject)
    failed = _failed_recipients(root)
    if failed:
        named = {each.recipient.casefold(): each for each in found}
        words = "\n".join(notice)
        action = "delayed" if bounce_text.is_delay(subject, words) else "failed"
        return tuple(named.get(a.casefold()) or bounce_text.judged(a, action, words) for a in failed)
    return found or _nested(root) or _unnamed(root, notice, text, subject)


def _nested(root: Part) -> tuple[DeliveryReport, ...]:
    """The reports of a bounce that was wrapped into this one by a relay on its way."""
    for part in root.walk():
        if part is root or part.content_type != "message/rfc822" or not part.children:
            continue
        inner = part.children[0]
        text = "\n".join(leaf.text or "" for leaf in inner.walk() if leaf.content_type == "text/plain")
        subject = inner.first("subject")
        if bounce_signs.proven(bounce_signs.signs(inner, subject=subject, text=text)):
            notice, _ = bounce_original.split(text)
            statuses = bounce_dsn.statuses(inner)
            if statuses:
                return tuple(bounce_dsn.report(status, "\n".join(notice)) for status in statuses)
            return _blamed(inner, notice, text, subject)
    return ()


def _unnamed(root: Part, notice: list[str], text: str, subject: str) -> tuple[DeliveryReport, ...]:
    expected = bounce_original.recipients(bounce_original.header_of_returned(root, text))
    if 0 < len(expected) <= _MAX_RETURNED:
        return bounce_text.unnamed(notice, subject=subject, recipients=expected)
    return ()


def _failed_recipients(root: Part) -> list[str]:
    """Exim's and Google's X-Failed-Recipients."""
    return list(dict.fromkeys(a.address for a in _addresses(root, "x-failed-recipients")))


def _addresses(root: Part, name: str) -> list[addresses_in_text.Spotted]:
    return [found for value in root.every(name) for found in addresses_in_text.spot(value[:20_000])]
