"""What a person on the client's side sets in motion by writing. Pure."""

from __future__ import annotations

import itertools
from dataclasses import replace

from gateway.desk import decision as d
from gateway.desk import documents, drafts, routing
from gateway.desk.arrival import Arrival
from gateway.desk.drafts import Said
from gateway.desk.gratitude import only_thanks
from gateway.desk.lifecycle import Cause
from gateway.desk.model import DocumentState, Person, Status, Ticket, TicketKind
from gateway.desk.notices import NoticeDraft
from gateway.desk.plan import Plan
from gateway.desk.policy import Policy, Situation
from gateway.desk.record import NOBODY, incoming
from gateway.mail import Address

_SUMMARY = 140
_LOOKED_AT = 20_000
"""Characters of a text in which a summary is looked for."""
_SALUTATION = (",", "!", ":", "،", "，", "、", "！", "：")
_LONGEST_ADDRESS = 254


def decide(arrival: Arrival, policy: Policy, now: Situation) -> d.Decision:
    """A person wrote: to a ticket of theirs, or about something new."""
    sender = now.contact(_author(arrival))
    ticket = arrival.ticket
    if ticket is None:
        return _open(arrival, sender, policy, now, ())
    if _long_closed(ticket, policy, now) and not _only_thanks(arrival, ticket, policy):
        return _continue(arrival, ticket, sender, policy, now)
    return _extend(arrival, ticket, sender, policy, now)


def _author(arrival: Arrival) -> Address:
    """Whom to remember; an address that RFC 5321 section 4.5.3.1 does not allow belongs to nobody."""
    sender = arrival.sender
    return sender if sender is not None and len(sender.address) <= _LONGEST_ADDRESS else NOBODY


def _long_closed(ticket: Ticket, policy: Policy, now: Situation) -> bool:
    return (
        ticket.status is Status.CLOSED
        and ticket.closed_at is not None
        and now.now - ticket.closed_at > policy.reopen_within
    )


# --- a new ticket ---------------------------------------------------------------------------------


def _open(
    arrival: Arrival, sender: Person, policy: Policy, now: Situation, more: tuple[d.Op, ...], why: str = ""
) -> d.Decision:
    routes = policy.routes
    category = routes.category_of(_written_to(arrival), arrival.subject)
    owner, owner_why = _owner(arrival, sender, category, policy, now)
    ticket = Ticket(
        number=d.NEW,
        kind=TicketKind.TICKET,
        subject=arrival.subject or "(no subject)",
        status=Status.NEW,
        client=_with_company(sender, policy),
        owner=owner,
        owner_why=owner_why,
        created_at=now.now,
        updated_at=now.now,
        participants=(sender,),
        category=category.name if category else "",
        summary=summarise(arrival.mail.reply or arrival.mail.text),
        others=now.open_tickets(sender),
    )
    plan = Plan(ticket, "client", policy, now)
    plan.add(
        d.OpenTicket(
            ticket.kind, ticket.subject, sender, owner, owner_why, category=ticket.category, summary=ticket.summary
        )
    )
    plan.event("created", type="ticket", owner=owner.handle if owner else None, why=owner_why)
    plan.add(*more)
    _link(arrival, plan)
    _record(arrival, plan, sender)
    if owner is None:
        plan.event("unowned")
    _tell_staff("staff_new", arrival, plan)
    _acknowledge(arrival, plan, sender)
    return plan.decision(why or "ticket opened")


def _written_to(arrival: Arrival) -> tuple[str, ...]:
    return (*arrival.envelope.recipients, *(a.address for a in (*arrival.mail.to, *arrival.mail.cc)))


def _owner(
    arrival: Arrival, sender: Person, category: routing.CategoryRule | None, policy: Policy, now: Situation
) -> tuple[Person | None, str]:
    earlier = next((t for t in arrival.linked if t.present_owner), None)
    if earlier is not None and (arrival.signed_link or arrival.conflict):
        return earlier.present_owner, f"owner of the linked ticket #{earlier.number}"
    return routing.choose_owner(policy.routes, sender, category, now.agents, now.open_counts)


def _with_company(person: Person, policy: Policy) -> Person:
    company = policy.routes.company_of(person)
    return replace(person, company=company.name) if company and not person.company else person


def summarise(text: str) -> str:
    """The first sentence or line that says something, one line long."""
    for line in text[:_LOOKED_AT].splitlines():
        words = " ".join(line.split())
        if len(words) > 20 or (len(words) > 3 and not words.endswith(_SALUTATION)):
            return words if len(words) <= _SUMMARY else words[: _SUMMARY - 1].rsplit(" ", 1)[0] + "…"
    return ""


def _link(arrival: Arrival, plan: Plan) -> None:
    if not arrival.evidence:
        return
    why = "conflicting carriers" if arrival.conflict else "named by somebody who may not join it"
    plan.event("evidence", carriers=list(arrival.evidence), conflict=arrival.conflict)
    if arrival.conflict or arrival.signed_link:
        for other in arrival.linked:
            plan.add(d.LinkTickets(plan.number, other.number, why))
            plan.event("linked", to=other.number, why=why)


def _continue(arrival: Arrival, closed: Ticket, sender: Person, policy: Policy, now: Situation) -> d.Decision:
    """Long after closing, a reply is a matter of its own, linked to the old one."""
    more = (
        d.LinkTickets(d.NEW, closed.number, "continues it"),
        d.AddEvent(d.NEW, "client", "continues", {"ticket": closed.number}),
        d.Change(closed.number, {"continued_in": d.NEW}),
        d.AddEvent(closed.number, "client", "continued", {}),
    )
    return _open(arrival, sender, policy, now, more, "ticket opened, continuing a closed one")


# --- a ticket that goes on ------------------------------------------------------------------------


def _extend(arrival: Arrival, ticket: Ticket, sender: Person, policy: Policy, now: Situation) -> d.Decision:
    plan = Plan(ticket, "client", policy, now)
    joined = _join(arrival, plan, sender)
    _record(arrival, plan, sender)
    if _only_thanks(arrival, ticket, policy):
        plan.event("thanked")
        return plan.decision("thanks on a closed ticket")
    ticked = _tick_documents(arrival, plan)
    _find_owner(plan)
    plan.move(Cause.CLIENT_WROTE)
    if ticket.status is Status.CLOSED:
        plan.event("reopened")
    _tell_staff("staff_client_responded", arrival, plan, joined=joined)
    _answer(arrival, plan, sender, joined=joined, ticked=ticked)
    return plan.decision("message added")


def _only_thanks(arrival: Arrival, ticket: Ticket, policy: Policy) -> bool:
    """A bare thank-you on a closed ticket; it opens nothing, however long ago that was."""
    if ticket.status is not Status.CLOSED or policy.thanks_reopens:
        return False
    return not documents.handed_in(arrival.files) and only_thanks(arrival.mail.reply)


def _find_owner(plan: Plan) -> None:
    """A ticket whose owner has left gets the next one of the chain (R0-33): no mail of a client is told to nobody."""
    ticket, now = plan.ticket, plan.situation
    if ticket.present_owner is not None:
        return
    category = next((c for c in plan.policy.routes.categories if c.name == ticket.category), None)
    owner, why = routing.choose_owner(plan.policy.routes, ticket.client, category, now.agents, now.open_counts)
    if owner is not None:
        plan.give_to(owner, why)


def _join(arrival: Arrival, plan: Plan, sender: Person) -> bool:
    """A colleague who may join takes part from now on."""
    if any(p.id == sender.id for p in plan.ticket.participants):
        return False
    plan.add(d.AddParticipant(plan.number, sender))
    plan.event("participant_added", address=sender.address, evidence=list(arrival.evidence))
    plan.ticket = replace(plan.ticket, participants=(*plan.ticket.participants, sender))
    return True


def _record(arrival: Arrival, plan: Plan, sender: Person) -> None:
    plan.add(incoming(arrival, plan.number, sender.id))
    guessed = arrival.by_number_alone and not arrival.authenticated  # may open the door for nobody else
    others = () if guessed else _addressed(arrival, plan)
    if others:
        plan.add(d.RememberAddressed(plan.number, others))


def _addressed(arrival: Arrival, plan: Plan) -> tuple[str, ...]:
    """Who else the mail was written to: they may join by replying, and get nothing until they do."""
    staff = {a for person in plan.situation.agents for a in person.addresses}
    present = {a for p in plan.ticket.participants for a in p.addresses}
    found = dict.fromkeys(a.key for a in (*arrival.mail.to, *arrival.mail.cc))
    known = staff | present
    fresh = (a for a in found if a not in known and len(a) <= _LONGEST_ADDRESS and not plan.policy.is_ours(a))
    return tuple(itertools.islice(fresh, 100))


def _tick_documents(arrival: Arrival, plan: Plan) -> int:
    """Tick off what came; returns how many items did."""
    pairs = documents.tick_off(plan.ticket.documents, arrival.files)
    for document, file in pairs:
        plan.add(d.SetDocument(document.id, DocumentState.RECEIVED, file.filename))
        plan.event("document_received", name=document.name, filename=file.filename)
    got = {document.id: file.filename for document, file in pairs}
    items = tuple(
        replace(doc, state=DocumentState.RECEIVED, filename=got[doc.id]) if doc.id in got else doc
        for doc in plan.ticket.documents
    )
    plan.ticket = replace(plan.ticket, documents=items)
    return len(pairs)


# --- who is told ----------------------------------------------------------------------------------


def _said(arrival: Arrival, now: Situation) -> Said:
    """When it came counts, not what its Date claims."""
    mail = arrival.mail
    author = mail.sender or NOBODY
    return Said(author.name, author.address, now.now, mail.reply or mail.text, arrival.rich, arrival.files)


def _tell_staff(kind: str, arrival: Arrival, plan: Plan, *, joined: bool = False) -> None:
    ticket = plan.ticket
    said = _said(arrival, plan.situation)
    owner = ticket.present_owner
    to = (owner,) if owner is not None else plan.situation.leads
    for person in to:
        plan.notify(
            drafts.staff_notice(
                kind,
                person,
                ticket,
                said=said,
                desk_domain=plan.desk_domain,
                was=plan.before.status.value,
                warnings=_warnings(arrival, plan, joined),
            )
        )


def _warnings(arrival: Arrival, plan: Plan, joined: bool) -> list[str]:
    found = []
    mail = arrival.mail
    if joined and mail.sender:
        found.append(
            f"{mail.sender.name or mail.sender.address} joined this ticket by replying; answers go to them too."
        )
    if not mail.sender_sound:
        found.append("The sender's address is written in a misleading way; do not trust who it says it is.")
    if arrival.claims_agent is not None and plan.number == d.NEW:
        found.append(f"It claims to come from {arrival.claims_agent.name}, without proof.")
    if arrival.conflict:
        numbers = ", ".join(f"#{t.number}" for t in arrival.linked)
        found.append(f"It names several tickets ({numbers}) and was put into a new one.")
    elif arrival.signed_link and plan.number == d.NEW:
        numbers = ", ".join(f"#{t.number}" for t in arrival.linked)
        found.append(f"It answers a mail of {numbers}, but from an address that takes no part there.")
    return found


def _answer(arrival: Arrival, plan: Plan, sender: Person, *, joined: bool, ticked: int) -> None:
    """At most one automatic answer to a mail on a ticket."""
    view = drafts.public(plan.ticket)
    if plan.before.status is Status.CLOSED:
        _automatic(arrival, plan, drafts.client_notice("reopened", sender, view))
    elif joined:
        by = plan.ticket.client.name or plan.ticket.client.address
        _automatic(arrival, plan, drafts.client_notice("participant_added", sender, view, by=by))
    elif documents.missing(plan.before.documents) and not ticked and not arrival.prompted:
        listed = drafts.documents(plan.ticket.documents)
        if _automatic(arrival, plan, drafts.client_notice("document_missing", sender, view, documents=listed)):
            plan.event("document_prompted")


def _acknowledge(arrival: Arrival, plan: Plan, sender: Person) -> None:
    mode = plan.policy.acknowledge
    if mode == "nobody" or (mode == "authenticated" and not arrival.authenticated):
        return
    draft = drafts.client_notice("received", sender, drafts.public(plan.ticket))
    _automatic(arrival, plan, draft if arrival.authenticated else drafts.anonymous(draft))


def _automatic(arrival: Arrival, plan: Plan, draft: NoticeDraft) -> bool:
    """Send an automatic answer, unless it could become a loop or a weapon (RFC 3834 section 2)."""
    refusal = _never_answered(arrival, plan)
    if refusal:
        plan.event("not_answered", notice=draft.kind, why=refusal)
        return False
    mail_id = arrival.mail.message_id or ""
    references = tuple(dict.fromkeys((*draft.references, *((mail_id,) if mail_id else ()))))
    plan.notify(replace(draft, in_reply_to=mail_id or draft.in_reply_to, references=references))
    return True


def _never_answered(arrival: Arrival, plan: Plan) -> str:
    mail, policy, now = arrival.mail, plan.policy, plan.situation
    if arrival.envelope.sender == "":
        return "null reverse-path"
    if mail.sender is None or not mail.sender_sound:
        return "no sound sender"
    if arrival.claims_agent is not None:
        return "claims to be an agent"
    if now.acks_to_sender >= policy.acks_per_sender_per_day:
        return "enough answers to this sender today"
    if now.generated_last_minute >= policy.generated_per_minute:
        return "too many automatic answers this minute"
    return ""
