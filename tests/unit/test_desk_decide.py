"""Who decides about a mail, and what an agent's mail may do: dispatch, proof, consistency."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from harness.pure import (
    CASEY,
    JOE,
    NOW,
    OLIVIA,
    SAM,
    arrival,
    changes,
    events,
    file,
    mail,
    message,
    notices,
    policy,
    situation,
    ticket,
    told,
)

from gateway.desk import decide, orders
from gateway.desk import decision as d
from gateway.desk.arrival import ReturnedNotice
from gateway.desk.model import Direction, Document, Person, Role, Status, TicketKind
from gateway.errors import Refused
from gateway.mail import Address, DeliveryReport, Kind


def run(found: Any, **facts: Any) -> d.Decision:
    return decide.mail(found, policy(), situation(**facts))


def agent(text: str, *, who: Person = OLIVIA, **more: Any) -> d.Decision:
    known = {"ticket": ticket(status=Status.NEW), **more}
    facts = known.pop("facts", {})
    return run(arrival(mail(who, text), agent=who, **known), **facts)


def texts(decision: d.Decision, direction: Direction) -> list[str]:
    return [op.reply for op in decision.ops if isinstance(op, d.AddMessage) and op.direction is direction]


# --- dispatch ---------------------------------------------------------------------------------------


def test_unreadable_mail_is_set_aside_until_somebody_releases_it() -> None:
    broken = replace(mail(), quarantine="too deep")
    assert run(arrival(broken)) == d.Decision("set aside", set_aside="too deep")
    assert run(arrival(broken, forced=True)).outcome == "ticket opened"


@pytest.mark.parametrize("kind", [k for k in Kind if k not in {Kind.PERSON, Kind.OWN}])
def test_a_machines_mail_that_belongs_to_nothing_is_set_aside_with_the_evidence(kind: Kind) -> None:
    decision = run(arrival(replace(mail(), kind=kind, why=("List-Id", "more"))))
    assert decision.set_aside == f"{kind.value}: List-Id"
    assert run(arrival(replace(mail(), kind=kind))).set_aside == f"{kind.value}: no person wrote it"


def test_our_own_mail_that_comes_back_is_nothing_new() -> None:
    assert run(arrival(replace(mail(), kind=Kind.OWN), ticket=ticket())) == d.Decision("own mail came back")


def test_a_mail_without_an_author_is_set_aside_and_released_becomes_nobodys_ticket() -> None:
    nobody = mail(None)
    assert "names no sender" in run(arrival(nobody)).set_aside
    decision = run(arrival(nobody, forced=True))
    assert [k for k, _ in told(decision)] == ["staff_new"]


@pytest.mark.parametrize("own", ["support@desk.example", "Help+tag@desk.example"])
def test_a_mail_that_claims_to_come_from_the_desk_is_set_aside_and_released_answers_nobody(own: str) -> None:
    forged = mail(Address("Us", own))
    assert "the desk itself" in run(arrival(forged)).set_aside
    decision = run(arrival(forged, forced=True))
    assert [k for k, _ in told(decision)] == ["staff_new"]
    (opened,) = [op for op in decision.ops if isinstance(op, d.OpenTicket)]
    assert opened.client.address == "unknown@sender.invalid"


def test_an_agent_may_need_help_too() -> None:
    mine = ticket(client=replace(OLIVIA), participants=(OLIVIA,), owner=JOE)
    decision = run(arrival(mail(OLIVIA, "#close\nis what I typed"), agent=OLIVIA, ticket=mine))
    assert (decision.outcome, changes(decision)["status"]) == ("message added", Status.CLIENT_RESPONDED)


def test_released_mail_of_a_proven_agent_makes_no_ticket_client_responded() -> None:
    found = arrival(replace(mail(OLIVIA, "Here you are."), kind=Kind.BULK), agent=OLIVIA, ticket=ticket(), forced=True)
    decision = run(found)
    assert texts(decision, Direction.OUT) == ["Here you are."]
    assert not [op for op in decision.ops if isinstance(op, d.AddParticipant)]
    assert changes(decision).get("status") is not Status.CLIENT_RESPONDED


# --- agents without proof ---------------------------------------------------------------------------


def test_whoever_cannot_prove_to_be_the_agent_commands_nothing_and_the_agent_is_told() -> None:
    found = arrival(mail(OLIVIA, "#close\nHi Casey"), claims_agent=OLIVIA, ticket=ticket())
    decision = run(found)
    assert decision.ticket == d.NEW
    assert sorted(told(decision)) == [("staff_new", OLIVIA.address), ("staff_rejected", OLIVIA.address)]
    assert changes(decision) == {}
    assert "#close\nHi Casey" in str(notices(decision)[-1].context["quoted"])


def test_a_flood_of_unproven_mail_does_not_flood_the_agent() -> None:
    found = arrival(mail(OLIVIA, "#close"), claims_agent=OLIVIA)
    for facts in ({"acks_to_sender": 3}, {"generated_last_minute": 20}):
        assert "staff_rejected" not in dict(told(run(found, **facts)))


def test_an_agents_plain_question_is_an_ordinary_ticket_and_the_agent_hears_of_it() -> None:
    decision = run(arrival(mail(JOE, "My chair is broken."), claims_agent=JOE))
    assert sorted(told(decision)) == [("staff_new", OLIVIA.address), ("staff_rejected", JOE.address)]


# --- what an agent's mail does ----------------------------------------------------------------------


def test_an_answer_goes_to_every_participant_and_makes_it_pending() -> None:
    decision = agent("Hi Casey", ticket=ticket(status=Status.NEW, participants=(CASEY, SAM)))
    assert told(decision) == [("reply", CASEY.address), ("reply", SAM.address), ("staff_receipt", OLIVIA.address)]
    assert changes(decision)["status"] is Status.PENDING


def test_a_mail_of_commands_alone_writes_to_nobody_even_with_the_logo_of_a_signature() -> None:
    logo = file("logo.png", kind="image/png", size=3000, inline=True)
    decision = agent("#take", files=(logo,))
    assert told(decision) == [("staff_receipt", OLIVIA.address)]
    assert texts(decision, Direction.OUT) == []


def test_a_file_alone_is_an_answer() -> None:
    decision = agent("#pending", files=(file("form.pdf"),))
    assert ("reply", CASEY.address) in told(decision)


def test_closing_quietly_sends_nothing_and_refuses_a_text_that_would_be_lost_or_sent() -> None:
    assert told(agent("#close quiet")) == [("staff_receipt", OLIVIA.address)]
    refused = agent("#close quiet\nThe client never pays.")
    assert told(refused) == [("staff_rejected", OLIVIA.address)]
    assert changes(refused) == {}
    noted = agent("#close quiet\n#note\nThe client never pays.")
    assert [k for k, _ in told(noted)] == ["staff_receipt"]
    assert texts(noted, Direction.NOTE) == ["The client never pays."]
    assert changes(noted)["status"] is Status.CLOSED


@pytest.mark.parametrize(
    "text",
    [
        "#close\n#pending\nHi", "#pending\n#inprogress\nHi", "#close\n#reopen", "#take\n#assign joe", "#assign nobody",
        '#note\n#docs "W-2"', '#docs "W-2"\n#close', "#close now", "#clsoe\nHi", "", "   ", "#received 1", "#reopen",
        '#docs "a" and b\nHi', "#to casey\n#note\nHi", "#to casey", "#to a@b.example\n#to c@d.example\nHi",
        "#to support@desk.example\nHi", "#to joe@desk.example\nHi", "#to a@b@c\nHi", "#to a@b.example,c@d.example\nHi",
        "#to unknown name\nHi",
    ],
)  # fmt: skip
def test_what_cannot_be_done_as_a_whole_is_not_done_at_all(text: str) -> None:
    decision = agent(text)
    assert told(decision) == [("staff_rejected", OLIVIA.address)]
    assert changes(decision) == {}
    assert events(decision) == ["rejected"]


def test_a_note_goes_to_staff_alone() -> None:
    decision = agent("#note\n@joe he never pays", ticket=ticket(owner=OLIVIA))
    assert told(decision) == [("staff_note", JOE.address), ("staff_receipt", OLIVIA.address)]
    assert texts(decision, Direction.OUT) == []
    to_note = agent("he never pays", who=JOE, to_note=True)
    assert told(to_note) == [("staff_note", OLIVIA.address), ("staff_receipt", JOE.address)]


def test_a_note_is_not_told_to_an_owner_who_has_left() -> None:
    gone = replace(JOE, active=False)
    decision = agent("#note\nhe never pays", ticket=ticket(owner=gone))
    assert told(decision) == [("staff_receipt", OLIVIA.address)]
    assert changes(decision)["owner"] == OLIVIA


def test_an_answer_that_repeats_a_note_is_held_and_nothing_is_changed() -> None:
    secret = message(Direction.NOTE, "He never pays before we write three times.", author=JOE)
    decision = agent("#take\nNote that he never pays before we write.", ticket=ticket(messages=(secret,)))
    assert told(decision) == [("staff_held", OLIVIA.address)]
    assert changes(decision) == {}
    asked = agent('#docs "he never pays before we write"\nHi', ticket=ticket(messages=(secret,)))
    assert told(asked) == [("staff_held", OLIVIA.address)]


def test_the_first_agent_to_answer_owns_what_nobody_owned() -> None:
    assert changes(agent("Hi", who=JOE, ticket=ticket(owner=None)))["owner"] == JOE


def test_assigning_tells_the_new_owner_with_the_clients_latest_words_and_the_former_one() -> None:
    words = message(Direction.IN, "Where is my refund?")
    decision = agent("#assign joe: knows it", who=ADA_LIKE, ticket=ticket(messages=(words,)), facts={"agents": STAFF})
    assert [k for k, _ in told(decision)] == ["staff_assigned", "staff_note", "staff_receipt"]
    (given,) = [n for n in notices(decision) if n.kind == "staff_assigned"]
    assert given.to.address == JOE.address
    assert given.context["message"]["text"] == "Where is my refund?"
    assert (given.context["reason"], changes(decision)["owner"]) == ("knows it", JOE)


ADA_LIKE = Person(14, "Ada Min", ("ada@desk.example",), Role.ADMIN, "ada")
STAFF = (OLIVIA, JOE, ADA_LIKE)


@pytest.mark.parametrize("who", ["joe", "@joe", "JOE", "joe tran", "joe@desk.example"])
def test_an_agent_is_known_by_handle_name_or_address(who: str) -> None:
    assert changes(agent(f"#assign {who}"))["owner"] == JOE
    assert "owner" not in changes(agent("#assign me"))


def test_documents_are_asked_for_once_each() -> None:
    have = ticket(documents=(Document(1, "W-2"),))
    decision = agent('#docs "w-2"; "Form"; "Form"\nPlease.', ticket=have)
    (asked,) = [op for op in decision.ops if isinstance(op, d.AddDocuments)]
    assert asked.names == ("Form",)
    assert ("document_requested", CASEY.address) in told(decision)


def test_a_conversation_begins_with_an_address_or_one_name() -> None:
    decision = agent("#to casey@client.example\nHi Casey", ticket=None)
    (opened,) = [op for op in decision.ops if isinstance(op, d.OpenTicket)]
    assert (opened.kind, opened.client, opened.owner) == (TicketKind.CONVERSATION, CASEY, OLIVIA)
    by_name = agent("#to casey\nHi Casey", ticket=None, facts={"find": lambda _: (CASEY,)})
    assert ("conversation_started", CASEY.address) in told(by_name)
    two = agent("#to c\nHi", ticket=None, facts={"find": lambda _: (CASEY, SAM)})
    assert told(two) == [("staff_rejected", OLIVIA.address)]
    assert "casey@client.example" in str(notices(two)[0].context["reasons"])


def test_an_agents_mail_that_belongs_nowhere_comes_back_with_advice() -> None:
    decision = agent("Hello?", ticket=None)
    assert told(decision) == [("staff_rejected", OLIVIA.address)]
    conflict = agent("Hello?", ticket=None, conflict=True, linked=(ticket(1001), ticket(1002)))
    assert "#1001 and #1002" in str(notices(conflict)[0].context["reasons"])


def test_help_sends_the_card_and_does_nothing() -> None:
    for decision in (agent("#help\n#close"), agent("Hi", ticket=None, subject="Help")):
        assert told(decision) == [("staff_receipt", OLIVIA.address)]
        assert changes(decision) == {}
        assert "#close" in notices(decision)[0].context["card"]


# --- bounces ----------------------------------------------------------------------------------------


def bounce(kind: str = "reply", *, owner: Person | None = OLIVIA, action: str = "failed") -> d.Decision:
    returned = ReturnedNotice(5, 1001, kind, CASEY.address, "A question")
    report = DeliveryReport(CASEY.address, action, "5.1.1", True, "no such user")
    read = replace(mail(), kind=Kind.BOUNCE, delivery_reports=(report,))
    return run(arrival(read, returned=returned, ticket=ticket(owner=owner)))


def test_a_bounce_is_told_to_the_owner_once_however_many_come() -> None:
    decision = bounce()
    assert told(decision) == [("staff_delivery_failed", OLIVIA.address)]
    assert notices(decision)[0].key == "returned 5 11"
    assert changes(decision) == {}
    assert told(bounce(owner=replace(OLIVIA, active=False))) == [("staff_delivery_failed", "lindsey@desk.example")]


def test_a_bounce_of_a_failure_notice_and_a_delay_are_told_to_nobody() -> None:
    assert told(bounce("staff_delivery_failed")) == []
    assert (told(bounce(action="delayed")), events(bounce(action="delayed"))) == ([], ["delivery_delayed"])


def test_an_agents_absence_is_noted_and_not_kept_as_the_clients_words() -> None:
    read = replace(mail(OLIVIA, "I am away"), kind=Kind.AUTO_REPLY)
    decision = run(arrival(read, agent=OLIVIA, ticket=ticket()))
    assert (events(decision), texts(decision, Direction.IN)) == (["auto_reply"], [])


# --- orders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["#nonsense", "#close\nand more", "#reopen", "#take", "#assign nobody"])
def test_an_order_that_cannot_be_carried_out_says_why(order: str) -> None:
    with pytest.raises(Refused):
        orders.act(ticket(), order, "", policy(), situation())


def test_an_order_that_repeats_a_note_is_held() -> None:
    secret = message(Direction.NOTE, "He never pays before we write three times.", author=JOE)
    with pytest.raises(Refused, match="held"):
        orders.act(ticket(messages=(secret,)), "", "he never pays before we write", policy(), situation())


@pytest.mark.parametrize("word", ["client_responded", "nonsense", ""])
def test_a_status_that_nobody_may_set_by_hand_is_refused(word: str) -> None:
    with pytest.raises(Refused):
        orders.set_status(ticket(), word, policy(), situation())


def test_a_status_set_by_hand_writes_to_nobody() -> None:
    decision = orders.set_status(ticket(), " Solved ", policy(), situation())
    assert (changes(decision), told(decision)) == ({"status": Status.CLOSED, "closed_at": NOW}, [])
