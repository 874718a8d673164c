"""Mail that no person wrote to us: bounces, auto-replies, lists, reports. It moves no status and is never answered."""

from __future__ import annotations

from dataclasses import replace

from gateway.desk import decision as d
from gateway.desk import drafts
from gateway.desk.arrival import Arrival, ReturnedNotice
from gateway.desk.model import Person, Ticket
from gateway.desk.notices import Context, NoticeDraft
from gateway.desk.policy import Policy, Situation
from gateway.desk.record import incoming
from gateway.mail import DeliveryReport, Kind


def decide(arrival: Arrival, policy: Policy, now: Situation) -> d.Decision:
    kind = arrival.mail.kind
    if kind is Kind.OWN:
        return d.Decision("own mail came back")
    if kind is Kind.BOUNCE and arrival.returned is not None:
        return _bounce(arrival, arrival.returned, now)
    if arrival.ticket is not None:
        return _silent(arrival, arrival.ticket)
    why = arrival.mail.why[0] if arrival.mail.why else "no person wrote it"
    return d.Decision("set aside", set_aside=f"{kind.value}: {why}")


def _silent(arrival: Arrival, ticket: Ticket) -> d.Decision:
    """On the ticket's record, and nothing more. An agent's own absence notice is not the client's business."""
    if arrival.agent is not None or arrival.claims_agent is not None:
        who = arrival.agent.person if arrival.agent else arrival.claims_agent
        assert who is not None
        event = d.AddEvent(ticket.number, f"agent:{who.handle}", "auto_reply", {"why": list(arrival.mail.why)})
        return d.Decision("agent's auto-reply noted", (event,), ticket.number)
    event = d.AddEvent(ticket.number, "system", arrival.mail.kind.value, {"why": list(arrival.mail.why)})
    return d.Decision("machine mail noted", (incoming(arrival, ticket.number, None), event), ticket.number)


# --- bounces --------------------------------------------------------------------------------------


def _bounce(arrival: Arrival, returned: ReturnedNotice, now: Situation) -> d.Decision:
    """A notice of ours came back: proved by its VERP address or its signed Message-ID (RFC 3464)."""
    report = _report(arrival, returned)
    failed = report.action not in {"delayed", "delivered", "relayed", "expanded"}
    reply = " ".join(part for part in (report.status, report.diagnostic) if part) or "no reason was given"
    data = {
        "notice": returned.id,
        "recipient": returned.recipient,
        "status": report.status,
        "permanent": report.permanent,
    }
    ops: list[d.Op] = [d.NoticeReturned(returned.id, reply)] if failed else []
    if returned.ticket is not None:
        ops.append(incoming(arrival, returned.ticket, None))
        ops.append(d.AddEvent(returned.ticket, "system", "delivery_failed" if failed else "delivery_delayed", data))
    else:
        ops.append(d.AddEvent(None, "system", "delivery_failed" if failed else "delivery_delayed", data))
    if failed and not returned.kind.endswith("delivery_failed"):
        ops += [
            d.Notify(
                replace(failure_notice(to, arrival.ticket, returned, reply, report.permanent), key=_once(returned, to))
            )
            for to in told(arrival.ticket, returned.recipient, now)
        ]
    return d.Decision("bounce matched", tuple(ops), returned.ticket)


def _once(returned: ReturnedNotice, to: Person) -> str:
    """However many bounces of one notice come, each person hears of it once."""
    return f"returned {returned.id} {to.id}"


def _report(arrival: Arrival, returned: ReturnedNotice) -> DeliveryReport:
    """What the bounce says of our recipient; a notice has one recipient only."""
    reports = arrival.mail.delivery_reports
    same = next((r for r in reports if r.recipient.casefold() == returned.recipient), None)
    return same or (reports[0] if reports else DeliveryReport(returned.recipient, "failed", "", True))


def told(ticket: Ticket | None, recipient: str, now: Situation) -> tuple[Person, ...]:
    """The owner; but whoever's mailbox does not work is not told by mail: then the leads are."""
    owner = ticket.present_owner if ticket is not None else None
    if owner is not None and recipient not in owner.addresses:
        return (owner,)
    return tuple(p for p in now.leads if recipient not in p.addresses)


def failure_notice(
    to: Person, ticket: Ticket | None, returned: ReturnedNotice, diagnostic: str, permanent: bool
) -> NoticeDraft:
    client = ticket.client if ticket else None
    context: Context = {
        "ticket": drafts.staff_ticket(ticket) if ticket else drafts.NO_TICKET,
        "client": {
            "name": client.name if client else "",
            "first_name": client.first_name if client else "",
            "address": client.address if client else "",
            "company": client.company if client else "",
        },
        "recipient": returned.recipient,
        "permanent": permanent,
        "diagnostic": diagnostic,
        "failed_subject": returned.subject,
    }
    return NoticeDraft("staff_delivery_failed", to.mailbox, to.id, context, ticket=returned.ticket, locale=to.locale)
