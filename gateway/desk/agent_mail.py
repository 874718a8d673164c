"""What a proven agent's mail does: answer, note, command, start a conversation. Every mail gets one receipt. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.desk import acts, commands, drafts, verbs
from gateway.desk import decision as d
from gateway.desk.acts import Act, Held
from gateway.desk.arrival import Arrival
from gateway.desk.client_mail import summarise
from gateway.desk.commands import Parsed
from gateway.desk.model import Direction, Person, Status, Ticket, TicketKind, VerifiedAgent
from gateway.desk.notices import NoticeDraft
from gateway.desk.plan import Plan
from gateway.desk.policy import Policy, Situation
from gateway.errors import Refused
from gateway.mail import Address

_MOST_REJECTIONS = 50
"""A day; more of them go to a machine that answers them."""
_TANGLED = (
    "Your words cannot be told from the mail that you quote, and quoted text never goes on to a client. "
    "Write above the quote, or delete it."
)


def decide(arrival: Arrival, agent: VerifiedAgent, policy: Policy, now: Situation) -> d.Decision:
    parsed = commands.parse(arrival.mail.own_words)
    try:
        return _carry_out(arrival, agent.person, parsed, policy, now)
    except Refused as refusal:
        return _reject(arrival, agent.person, [refusal.public], now)
    except Held as held:
        return _hold(arrival, agent.person, held, policy)


def _carry_out(arrival: Arrival, agent: Person, parsed: Parsed, policy: Policy, now: Situation) -> d.Decision:
    if parsed.errors:
        return _reject(arrival, agent, list(parsed.errors), now)
    if arrival.mail.reply.strip() and not arrival.mail.own_words.strip() and arrival.mail.forwarded is None:
        raise Refused(_TANGLED)
    if parsed.has("help") or _asks_for_help(arrival, parsed):
        return _help(arrival, agent, policy)
    if parsed.has("to"):
        plan = _conversation(arrival, agent, parsed, policy, now)
    elif arrival.ticket is not None:
        plan = Plan(arrival.ticket, f"agent:{agent.handle}", policy, now)
    elif arrival.mail.forwarded is not None and not parsed.commands:
        return _on_behalf(arrival, agent, policy, now)
    else:
        raise Refused(_lost(arrival))
    acts.carry_out(_act(arrival, agent, parsed), plan)
    _receipt(arrival, agent, plan)
    return plan.decision("agent's mail carried out")


def _act(arrival: Arrival, agent: Person, parsed: Parsed) -> Act:
    return Act(
        agent=agent,
        text=parsed.body,
        commands=parsed.commands,
        html=arrival.rich,
        files=arrival.files,
        as_note=arrival.to_note,
        message_id=arrival.mail.message_id or "",
        from_mail=True,
        opening=parsed.has("to"),
    )


def _asks_for_help(arrival: Arrival, parsed: Parsed) -> bool:
    """A mail whose whole subject is "help" or "commands", as many desks understand it."""
    alone = not parsed.commands and arrival.ticket is None
    return alone and arrival.subject.strip().casefold() in {"help", "commands"}


def _lost(arrival: Arrival) -> str:
    if arrival.conflict:
        numbers = " and ".join(f"#{t.number}" for t in arrival.linked)
        return f"Your mail names {numbers}; answer one of their notices, so that it is clear which one you mean."
    return (
        "Your mail belongs to no ticket, so nobody got it. Answer a notice of the ticket you mean, "
        "or begin with #to and a client's address to start a new conversation."
    )


# --- conversations that staff begins --------------------------------------------------------------


def _conversation(arrival: Arrival, agent: Person, parsed: Parsed, policy: Policy, now: Situation) -> Plan:
    """#to: a new ticket with a client, begun by us (R1-10 … R1-14)."""
    targets = [c.value for c in parsed.commands if c.verb.name == "to"]
    if len(targets) > 1:
        raise Refused("#to stands there twice; start one conversation a mail.")
    if parsed.has("note") or arrival.to_note:
        raise Refused("#to writes to a client, but this is an internal note; leave one of them out.")
    if not parsed.body.strip() and not parsed.has("docs") and not arrival.files:
        raise Refused("#to needs a text below it: what shall the client read?")
    client = find_client(targets[0], policy, now)
    subject = arrival.subject.strip() or summarise(parsed.body) or f"Message from {policy.desk_name}"
    return begin(client, agent, subject, summarise(parsed.body), policy, now)


def begin(client: Person, agent: Person, subject: str, summary: str, policy: Policy, now: Situation) -> Plan:
    """A plan that opens a conversation with ``client``, owned by ``agent``."""
    ticket = Ticket(
        number=d.NEW,
        kind=TicketKind.CONVERSATION,
        subject=subject,
        status=Status.NEW,
        client=client,
        owner=agent if agent.handle else None,
        owner_why="started it",
        created_at=now.now,
        updated_at=now.now,
        participants=(client,),
        summary=summary,
    )
    plan = Plan(ticket, f"agent:{agent.handle}" if agent.handle else "admin", policy, now)
    plan.add(d.OpenTicket(ticket.kind, subject, client, ticket.owner, ticket.owner_why, summary=summary))
    plan.event("created", type="conversation", owner=agent.handle or None, why="started it")
    return plan


def find_client(wanted: str, policy: Policy, now: Situation) -> Person:
    """A client by address (made known if new), or by a name that fits one contact alone (R1-11).

    Raises Refused with the candidates otherwise.
    """
    text = wanted.strip().strip("<>").strip()
    if "@" in text and " " not in text:
        address = Address("", text)
        if policy.is_ours(text):
            raise Refused(f"{text} is the desk's own address; write to a client.")
        if any(text.casefold() in a.addresses for a in now.agents):
            raise Refused(f"{text} is an agent; #to writes to clients.")
        if not address.domain or not address.local_part or text.count("@") != 1 or not _plain(text):
            raise Refused(f"{text!r} is not a mail address.")
        return now.contact(address)
    found = now.find(text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"No client is called {text!r}. Write the address: #to name@example.com")
    listed = "; ".join(f"{p.name} <{p.address}>" for p in found)
    raise Refused(f"{text!r} fits several clients: {listed}. Write the address of the one you mean.")


def _plain(address: str) -> bool:
    """No list, no comment, no quoting (RFC 5322 section 3.4.1): what somebody types as an address."""
    return len(address) <= 254 and address.isprintable() and not set(address) & set(',;:<>()[]\\"')


def _on_behalf(arrival: Arrival, agent: Person, policy: Policy, now: Situation) -> d.Decision:
    """An agent forwards a client's mail: it becomes a ticket of its true author."""
    forwarded = arrival.mail.forwarded
    assert forwarded is not None
    if "@" not in forwarded.sender.address:
        name = forwarded.sender.name or "the author"
        raise Refused(f"The mail that you forward does not show the address of {name}; begin with #to and the address.")
    if policy.is_ours(forwarded.sender.address) or any(
        forwarded.sender.key in person.addresses for person in now.agents
    ):
        raise Refused("The mail that you forward was written by one of us, so it opens no ticket.")
    client = now.contact(forwarded.sender)
    subject = forwarded.subject or arrival.subject or "(no subject)"
    ticket = Ticket(
        number=d.NEW,
        kind=TicketKind.TICKET,
        subject=subject,
        status=Status.NEW,
        client=client,
        owner=agent,
        owner_why="forwarded it",
        created_at=now.now,
        updated_at=now.now,
        participants=(client,),
        summary=summarise(forwarded.text),
    )
    plan = Plan(ticket, f"agent:{agent.handle}", policy, now)
    plan.add(d.OpenTicket(ticket.kind, subject, client, agent, "forwarded it", summary=ticket.summary))
    plan.event("created", type="ticket", owner=agent.handle, why="forwarded it")
    plan.add(
        d.AddMessage(
            ticket=d.NEW,
            direction=Direction.IN,
            kind="person",
            author=forwarded.sender,
            author_id=client.id,
            subject=subject,
            text=arrival.mail.text,
            reply=forwarded.text,
            files=arrival.files,
            message_id=forwarded.message_id,
            from_mail=True,
        )
    )
    plan.say(
        f"New ticket for {client.name or client.address} <{client.address}>; you own it. Answer this mail to write."
    )
    _receipt(arrival, agent, plan)
    return plan.decision("ticket opened on behalf")


# --- what the agent hears -------------------------------------------------------------------------


def _receipt(arrival: Arrival, agent: Person, plan: Plan) -> None:
    if plan.policy.receipts == "quiet" and not plan.warnings:
        return
    context = {
        "ticket": drafts.staff_ticket(plan.ticket),
        "lines": list(plan.lines),
        "warnings": list(plan.warnings),
        "card": "",
    }
    plan.notify(_to_agent("staff_receipt", arrival, agent, context, plan.number))


def _help(arrival: Arrival, agent: Person, policy: Policy) -> d.Decision:
    lines = ["Write commands on top of your mail, one a line; the text below them is your answer."]
    ticket = arrival.ticket
    context = {
        "ticket": drafts.staff_ticket(ticket) if ticket else drafts.NO_TICKET,
        "lines": lines,
        "warnings": [],
        "card": verbs.card(),
    }
    number = ticket.number if ticket else None
    return d.Decision(
        "help card sent", (d.Notify(_to_agent("staff_receipt", arrival, agent, context, number)),), number
    )


def _reject(arrival: Arrival, agent: Person, reasons: list[str], now: Situation) -> d.Decision:
    ticket = arrival.ticket
    number = ticket.number if ticket else None
    ops: list[d.Op] = [d.AddEvent(number, f"agent:{agent.handle}", "rejected", {"reasons": reasons})]
    if now.acks_to_sender < _MOST_REJECTIONS:
        ops.append(d.Notify(rejection(arrival, agent, reasons)))
    return d.Decision("agent's mail rejected", tuple(ops), number)


def rejection(arrival: Arrival, agent: Person, reasons: list[str]) -> NoticeDraft:
    """Says why nothing was done, and gives the agent their text back."""
    ticket = arrival.ticket
    context = {
        "ticket": drafts.staff_ticket(ticket) if ticket else drafts.NO_TICKET,
        "reasons": reasons,
        "quoted": arrival.mail.reply or arrival.mail.text,
    }
    return _to_agent("staff_rejected", arrival, agent, context, ticket.number if ticket else None)


def _hold(arrival: Arrival, agent: Person, held: Held, policy: Policy) -> d.Decision:
    ticket = arrival.ticket
    number = ticket.number if ticket else None
    context = {
        "ticket": drafts.staff_ticket(ticket) if ticket else drafts.NO_TICKET,
        "reasons": [
            "It repeats words of an internal note of this ticket, so nothing was sent and nothing was changed."
        ],
        "matched": held.matched,
        "quoted": arrival.mail.reply or arrival.mail.text,
    }
    ops = (
        d.AddEvent(number, f"agent:{agent.handle}", "held", {"why": "repeats an internal note"}),
        d.Notify(_to_agent("staff_held", arrival, agent, context, number)),
    )
    return d.Decision("agent's mail held", ops, number)


def _internal(arrival: Arrival) -> bool:
    """Was the mail meant as a note? Then an answer to what it brings must not go to the client either."""
    return arrival.to_note or commands.parse(arrival.mail.own_words).has("note")


def _to_agent(
    kind: str, arrival: Arrival, agent: Person, context: Mapping[str, object], number: int | None
) -> NoticeDraft:
    mail_id = arrival.mail.message_id or ""
    return NoticeDraft(
        kind,
        agent.mailbox,
        agent.id,
        {**context, "internal": _internal(arrival)},
        ticket=number,
        locale=agent.locale,
        in_reply_to=mail_id,
        references=(mail_id,) if mail_id else (),
    )
