"""The one place that knows policy. Three kinds of input and no others: a mail, an order, a tick. Pure."""

from __future__ import annotations

from dataclasses import replace

from gateway.desk import agent_mail, client_mail, commands, machine_mail
from gateway.desk import decision as d
from gateway.desk.arrival import Arrival
from gateway.desk.policy import Policy, Situation
from gateway.mail import Kind


def mail(arrival: Arrival, policy: Policy, now: Situation) -> d.Decision:
    """A mail arrived."""
    message = arrival.mail
    if message.quarantine is not None and not arrival.forced:
        return d.Decision("set aside", set_aside=message.quarantine)
    if arrival.forced:
        return _released(_as_person(arrival, policy), policy, now)
    if message.kind is not Kind.PERSON:
        return machine_mail.decide(arrival, policy, now)
    if message.sender is None:
        return d.Decision(
            "set aside", set_aside="it names no sender (RFC 5322 section 3.6.2), so nobody could be answered"
        )
    if policy.is_ours(message.sender.address):
        return d.Decision("set aside", set_aside="it claims to come from the desk itself")
    if arrival.agent is not None and not _is_client(arrival):
        return agent_mail.decide(arrival, arrival.agent, policy, now)
    if arrival.claims_agent is not None:
        return _unproven(arrival, policy, now)
    return client_mail.decide(arrival, policy, now)


def _is_client(arrival: Arrival) -> bool:
    """An agent may need help too: on a ticket of their own they are the client, unless they turn to something else."""
    agent, ticket = arrival.agent, arrival.ticket
    if agent is None or ticket is None or ticket.client.id != agent.person.id:
        return False
    return all(c.verb.needs_ticket for c in commands.parse(arrival.mail.own_words).commands)


def _as_person(arrival: Arrival, policy: Policy) -> Arrival:
    """A released mail as a person's; one that claims to come from the desk comes from nobody that can be answered."""
    sender = arrival.sender
    known = None if sender is None or policy.is_ours(sender.address) else sender
    return replace(arrival, mail=replace(arrival.mail, kind=Kind.PERSON, quarantine=None, sender=known))


def _released(arrival: Arrival, policy: Policy, now: Situation) -> d.Decision:
    """Somebody has looked at it. A proven agent's mail stays one: it makes no ticket client_responded."""
    if arrival.agent is not None and not _is_client(arrival):
        return agent_mail.decide(arrival, arrival.agent, policy, now)
    return client_mail.decide(arrival, policy, now)


def _unproven(arrival: Arrival, policy: Policy, now: Situation) -> d.Decision:
    """Somebody writes as an agent and cannot prove it: plain text in a ticket of its own, and the agent is told."""
    agent = arrival.claims_agent
    assert agent is not None
    opened = client_mail.decide(replace(arrival, ticket=None), policy, now)
    if now.acks_to_sender >= policy.acks_per_sender_per_day or now.generated_last_minute >= policy.generated_per_minute:
        return opened
    reasons = [
        "A mail with your address came in, but nothing proves that it is yours, so nothing in it was carried out "
        "and no client got it; it was kept as a ticket of its own, with you as the client.",
        "If you meant to answer or command: answer a notice from the address that it was sent to, or write to your "
        "personal command address, which is that of this mail.",
    ]
    notice = agent_mail.rejection(replace(arrival, ticket=None), agent, reasons)
    return replace(opened, ops=(*opened.ops, d.Notify(notice)), outcome="unproven agent's mail kept as a ticket")
