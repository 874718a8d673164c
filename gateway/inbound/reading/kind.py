"""Who or what wrote a mail, and how one can tell: an ordered table of small rules.

Each rule looks at one class of evidence and gives the evidence it found; the first rule that finds any decides.
Where one sign is not enough, signs are weighed (``bounce_signs`` and ``kind_auto_reply``).
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.inbound.reading import addresses_in_text, bounce_signs, kind_auto_reply, kind_bulk, kind_feedback
from gateway.inbound.reading.kind_seen import Evidence, Seen, flat, top
from gateway.inbound.reading.source import Part
from gateway.mail import Address, DeliveryReport, Kind, ReadingContext

_UNDELIVERED = frozenset({"failed", "delayed"})

Rule = Callable[[Seen], Evidence]


def classify(
    root: Part,
    *,
    sender: Address | None,
    subject: str,
    text: str,
    context: ReadingContext,
    reports: tuple[DeliveryReport, ...],
) -> tuple[Kind, Evidence]:
    """The kind of a mail and the evidence for it, strongest first; ``(PERSON, ())`` when nothing speaks against one.

    ``text`` is the message's own text and ``reports`` its delivery reports as ``bounce.reports`` gives them.
    """
    seen = Seen(root, sender, subject, flat(subject), text, top(text), context, reports)
    for kind, rule in RULES:
        evidence = rule(seen)
        if evidence:
            return kind, evidence
    return Kind.PERSON, ()


def _own(seen: Seen) -> Evidence:
    """Our mail coming back: one of our addresses, and our mark or the null reverse-path of our notices."""
    addresses = (seen.sender.address if seen.sender else "", addresses_in_text.first(seen.root.first("sender")))
    mine = next((address for address in addresses if _is_own(address, seen.context)), "")
    if mine and seen.root.has("x-ticket-gateway"):
        return (f"from: {mine}", "x-ticket-gateway")
    if mine and bounce_signs.null_path(seen.root) and not seen.reports:
        return (f"from: {mine}", "return-path: <>")
    return ()


def _is_own(address: str, context: ReadingContext) -> bool:
    local, _, domain = address.casefold().rpartition("@")
    return bool(domain) and f"{local.partition('+')[0]}@{domain}" in context.own_addresses


def _bounce(seen: Seen) -> Evidence:
    signs = bounce_signs.signs(seen.root, subject=seen.subject, text=seen.text)
    if not bounce_signs.proven(signs):
        return ()
    if seen.reports and not any(report.action in _UNDELIVERED for report in seen.reports):
        return ()
    named = tuple(f"{report.action}: {report.recipient}" for report in seen.reports[:3])
    return tuple(sign.evidence for sign in signs if sign.weight > 0) + named


RULES: tuple[tuple[Kind, Rule], ...] = (
    (Kind.OWN, _own),
    (Kind.FEEDBACK_REPORT, kind_feedback.feedback),
    (Kind.BOUNCE, _bounce),
    (Kind.AUTO_REPLY, kind_auto_reply.receipt),
    (Kind.AUTO_REPLY, kind_auto_reply.marked),
    (Kind.AUTO_REPLY, kind_auto_reply.absence),
    (Kind.BULK, kind_bulk.generated),
    (Kind.BULK, kind_bulk.bulk),
    (Kind.BULK, kind_bulk.notification),
)
