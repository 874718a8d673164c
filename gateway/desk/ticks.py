"""Deadlines that came due and things that went wrong while nobody wrote. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.desk import decision as d
from gateway.desk import drafts
from gateway.desk.arrival import ReturnedNotice
from gateway.desk.machine_mail import failure_notice, told
from gateway.desk.model import Person, Ticket
from gateway.desk.notices import KINDS, Audience, NoticeDraft
from gateway.desk.policy import Situation


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A notice that was given up."""

    notice: ReturnedNotice
    diagnostic: str


def dead_letter(letter: DeadLetter, ticket: Ticket | None, now: Situation) -> d.Decision:
    """The owner hears that the client did not, and an admin that a notice is dead."""
    notice = letter.notice
    data = {"notice": notice.id, "kind": notice.kind, "recipient": notice.recipient, "reply": letter.diagnostic}
    ops: list[d.Op] = [d.AddEvent(notice.ticket, "system", "delivery_failed", data)]
    if KINDS[notice.kind].audience is Audience.CLIENT:
        ops += [
            d.Notify(failure_notice(to, ticket, notice, letter.diagnostic, True))
            for to in told(ticket, notice.recipient, now)
        ]
    if notice.kind not in {"admin_dead_letter", "staff_delivery_failed"}:
        ops += [d.Notify(_dead_letter_notice(letter, ticket, a)) for a in _reachable(notice, now)]
    return d.Decision("dead letter reported", tuple(ops), notice.ticket)


def _reachable(notice: ReturnedNotice, now: Situation) -> tuple[Person, ...]:
    return tuple(a for a in now.admins if notice.recipient not in a.addresses)


def _dead_letter_notice(letter: DeadLetter, ticket: Ticket | None, admin: Person) -> NoticeDraft:
    context = {
        "id": letter.notice.id,
        "recipient": letter.notice.recipient,
        "failed_subject": letter.notice.subject,
        "diagnostic": letter.diagnostic,
        "ticket": drafts.staff_ticket(ticket) if ticket else drafts.NO_TICKET,
    }
    return NoticeDraft("admin_dead_letter", admin.mailbox, admin.id, context, ticket=None, locale=admin.locale)


def mailbox_unreachable(name: str, since: datetime, error: str, now: Situation) -> d.Decision:
    """Once for each outage, to the admins."""
    context = {"mailbox": name, "since": since.isoformat(), "error": error}
    ops: list[d.Op] = [d.AddEvent(None, "system", "mailbox_unreachable", {"mailbox": name, "error": error})]
    ops += [
        d.Notify(NoticeDraft("admin_mailbox_unreachable", a.mailbox, a.id, dict(context), ticket=None, locale=a.locale))
        for a in now.admins
    ]
    return d.Decision("mailbox reported", tuple(ops))


def quarantined(inbox_id: int, reason: str, sender: str, subject: str, size: int, now: Situation) -> d.Decision:
    """A mail that nobody could read waits for somebody to look."""
    context = {"id": inbox_id, "reason": reason, "from_address": sender, "subject": subject, "size": size}
    ops: list[d.Op] = [d.AddEvent(None, "system", "quarantined", {"inbox": inbox_id, "reason": reason})]
    ops += [
        d.Notify(NoticeDraft("staff_quarantine", a.mailbox, a.id, dict(context), ticket=None, locale=a.locale))
        for a in now.leads
    ]
    return d.Decision("quarantine reported", tuple(ops))
