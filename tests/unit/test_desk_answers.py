"""Automatic answers: to whom, how often, and with which words (goals G21, G22; RFC 3834 section 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from harness.pure import (
    ADA,
    CASEY,
    JOE,
    LINDSEY,
    NOW,
    OLIVIA,
    SAM,
    arrival,
    changes,
    events,
    file,
    mail,
    notices,
    policy,
    situation,
    ticket,
    told,
)

from gateway.desk import client_mail, decide
from gateway.desk import decision as d
from gateway.desk.model import Document, DocumentState, Person, Status
from gateway.desk.policy import Policy
from gateway.mail import Address, Envelope, Kind


def run(found: Any, rules: Policy | None = None, **facts: Any) -> d.Decision:
    return decide.mail(found, rules or policy(), situation(**facts))


def test_a_first_mail_is_acknowledged_once_and_told_to_its_owner() -> None:
    decision = run(arrival())
    assert told(decision) == [("staff_new", OLIVIA.address), ("received", CASEY.address)]


@pytest.mark.parametrize(
    ("found", "facts", "why"),
    [
        (arrival(envelope=Envelope("", ())), {}, "null reverse-path"),
        (arrival(replace(mail(), sender_sound=False)), {}, "no sound sender"),
        (arrival(claims_agent=OLIVIA), {}, "claims to be an agent"),
        (arrival(), {"acks_to_sender": 3}, "enough answers to this sender today"),
        (arrival(), {"generated_last_minute": 20}, "too many automatic answers this minute"),
    ],
)
def test_an_answer_that_could_be_a_loop_or_a_weapon_is_not_given_and_that_is_noted(
    found: Any, facts: dict[str, Any], why: str
) -> None:
    decision = client_mail.decide(found, policy(), situation(**facts))
    assert [kind for kind, _ in told(decision)] == ["staff_new"]
    (noted,) = [op for op in decision.ops if isinstance(op, d.AddEvent) and op.kind == "not_answered"]
    assert noted.data == {"notice": "received", "why": why}


def test_the_limits_are_the_admins() -> None:
    rules = policy(acks_per_sender_per_day=0)
    assert [k for k, _ in told(run(arrival(), rules))] == ["staff_new"]
    assert len(told(run(arrival(), policy(acks_per_sender_per_day=5), acks_to_sender=4))) == 2


@pytest.mark.parametrize(
    ("mode", "proved", "answered"),
    [
        ("everyone", False, True),
        ("authenticated", False, False),
        ("authenticated", True, True),
        ("nobody", True, False),
    ],
)
def test_who_is_acknowledged_is_the_admins_choice(mode: str, proved: bool, answered: bool) -> None:
    decision = run(arrival(authenticated=proved), policy(acknowledge=mode))
    assert ("received" in dict(told(decision))) is answered


def test_an_unproven_sender_gets_none_of_their_own_words_back() -> None:
    pills = Address("Buy Pills", "victim@else.example")
    (ack,) = [n for n in notices(run(arrival(mail(pills), subject="Pills!"))) if n.kind == "received"]
    assert "ills" not in str((ack.to.name, ack.context))
    (ack,) = [n for n in notices(run(arrival(mail(), subject="Office", authenticated=True))) if n.kind == "received"]
    assert ack.context["ticket"]["subject"] == "Office"


def test_a_reply_on_an_open_ticket_gets_no_automatic_answer_at_all() -> None:
    for status in Status:
        if status is not Status.CLOSED:
            assert [k for k, _ in told(run(arrival(ticket=ticket(status=status))))] == ["staff_client_responded"]


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.PERSON])
@pytest.mark.parametrize("known", [True, False])
def test_no_machines_mail_is_answered_or_moves_anything(kind: Kind, known: bool) -> None:
    found = arrival(replace(mail(), kind=kind, why=("evidence",)), ticket=ticket() if known else None)
    decision = run(found)
    assert told(decision) == []
    assert changes(decision) == {}


def test_one_mail_gets_one_automatic_answer_at_most() -> None:
    asked = (Document(1, "W-2"),)
    closed = ticket(status=Status.CLOSED, closed_at=NOW - timedelta(days=1), documents=asked)
    joined = arrival(mail(SAM, "I have it."), ticket=closed, joins_as_colleague=True)
    automatic = [k for k, to in told(run(joined)) if to == SAM.address]
    assert automatic == ["reopened"]


def test_missing_files_are_asked_for_once() -> None:
    waiting = ticket(documents=(Document(1, "W-2"), Document(2, "Form", DocumentState.RECEIVED)))
    assert ("document_missing", CASEY.address) in told(run(arrival(ticket=waiting)))
    assert "document_missing" not in dict(told(run(arrival(ticket=waiting, prompted=True))))
    assert "document_missing" not in dict(told(run(arrival(ticket=waiting, files=(file("w-2.pdf"),)))))


# --- the owner hears of it --------------------------------------------------------------------------


def test_a_ticket_whose_owner_has_left_finds_another_before_anybody_is_told() -> None:
    gone = replace(JOE, active=False)
    decision = run(arrival(ticket=ticket(owner=gone)), agents=(OLIVIA, LINDSEY))
    assert told(decision) == [("staff_client_responded", OLIVIA.address)]
    assert changes(decision)["owner"] == OLIVIA
    assert "assigned" in events(decision)


def test_without_anybody_to_own_it_the_leads_are_told() -> None:
    decision = run(arrival(ticket=ticket(owner=None)), policy(), agents=())
    assert told(decision) == []
    assert changes(decision) == {"status": Status.CLIENT_RESPONDED}


def test_a_new_ticket_that_names_one_it_may_not_join_goes_to_the_same_owner() -> None:
    found = arrival(evidence=("token in to names #1001: stranger",), linked=(ticket(owner=JOE),), signed_link=True)
    decision = run(found)
    assert told(decision)[0] == ("staff_new", JOE.address)
    assert [op.other for op in decision.ops if isinstance(op, d.LinkTickets)] == [1001]
    left = arrival(evidence=("x",), linked=(ticket(owner=replace(JOE, active=False)),), signed_link=True)
    assert told(run(left))[0] == ("staff_new", OLIVIA.address)


def test_a_forged_number_links_nothing() -> None:
    found = arrival(evidence=("subject tag names #1001: stranger",), linked=(ticket(),))
    decision = run(found)
    assert not [op for op in decision.ops if isinstance(op, d.LinkTickets)]
    assert "evidence" in events(decision)


# --- who may join later -----------------------------------------------------------------------------


def addressed(decision: d.Decision) -> tuple[str, ...]:
    return next((op.addresses for op in decision.ops if isinstance(op, d.RememberAddressed)), ())


EVIL = Address("", "evil@evil.example")


def test_whoever_stood_in_cc_may_join_later() -> None:
    copied = mail(cc=(EVIL, SAM.mailbox, OLIVIA.mailbox, CASEY.mailbox, Address("", "help+x@desk.example")))
    assert addressed(run(arrival(copied))) == ("evil@evil.example", "sam@client.example")
    assert addressed(run(arrival(copied, ticket=ticket()))) == ("evil@evil.example", "sam@client.example")


def test_a_mail_that_came_in_by_a_guessable_number_opens_the_door_for_nobody() -> None:
    copied = mail(cc=(EVIL,))
    assert addressed(run(arrival(copied, ticket=ticket(), by_number_alone=True))) == ()
    assert addressed(run(arrival(copied, ticket=ticket(), by_number_alone=True, authenticated=True))) == (EVIL.address,)


def test_a_thousand_people_in_cc_are_not_all_remembered() -> None:
    crowd = tuple(Address("", f"p{n}@x.example") for n in range(1000))
    assert len(addressed(run(arrival(mail(cc=crowd))))) == 100
    assert addressed(run(arrival(mail(cc=(Address("", "x" * 300 + "@x.example"),))))) == ()


# --- closed tickets ---------------------------------------------------------------------------------


def closed(days: int) -> Any:
    return ticket(status=Status.CLOSED, closed_at=NOW - timedelta(days=days))


def test_soon_after_closing_a_reply_reopens_and_long_after_it_is_a_linked_new_ticket() -> None:
    soon = run(arrival(ticket=closed(29)))
    assert changes(soon)["status"] is Status.IN_PROGRESS
    late = run(arrival(ticket=closed(31)))
    assert late.ticket == d.NEW
    assert changes(late) == {"continued_in": d.NEW}


@pytest.mark.parametrize("days", [1, 400])
def test_a_bare_thank_you_opens_nothing_however_late_it_comes(days: int) -> None:
    decision = run(arrival(mail(text="Thank you!"), ticket=closed(days)))
    assert (decision.ticket, told(decision), changes(decision)) == (1001, [], {})
    assert "thanked" in events(decision)


def test_thanks_with_a_file_or_by_the_admins_wish_reopen() -> None:
    with_file = arrival(mail(text="Thank you!"), ticket=closed(1), files=(file("w-2.pdf"),))
    assert changes(run(with_file))["status"] is Status.IN_PROGRESS
    wished = run(arrival(mail(text="Thank you!"), ticket=closed(1)), policy(thanks_reopens=True))
    assert changes(wished)["status"] is Status.IN_PROGRESS


def test_a_sender_whose_address_no_standard_allows_is_nobody() -> None:
    odd = Address("Odd", "x" * 5000 + "@client.example")
    seen: list[Address] = []

    def contact(address: Address) -> Person:
        seen.append(address)
        return Person(9, "", (address.key,))

    run(arrival(mail(odd)), contact=contact)
    assert [a.address for a in seen] == ["unknown@sender.invalid"]


def test_the_admins_are_the_leads_where_there_are_none() -> None:
    assert situation().admins == (ADA,)
    assert situation(agents=(OLIVIA, LINDSEY)).admins == (LINDSEY,)
    assert situation(agents=(OLIVIA, JOE)).leads == (OLIVIA, JOE)
