"""What mail does to a ticket's life: R0-10 … R0-22 and the one rule about client_responded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.desk import Desk, answer, letter

CASEY = "Casey Client <casey@client.example>"
OLIVIA = "Olivia Reyes <olivia@desk.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def pending(desk: Desk) -> Desk:
    """Casey has asked, Olivia has answered: the ticket waits for Casey."""
    desk.take(letter(CASEY, "Can I deduct my home office?"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "Do you use the room for work alone?"))
    assert desk.ticket().status == "pending"
    return desk


def kinds(desk: Desk, since: int) -> list[tuple[str, str]]:
    return [(n.kind, n.to) for n in desk.sent[since:]]


def test_a_first_mail_opens_a_new_ticket_owned_by_somebody_and_acknowledged(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I deduct my home office?"))
    ticket = desk.ticket()
    assert (ticket.status, ticket.kind, ticket.client.address) == ("new", "ticket", "casey@client.example")
    assert ticket.owner is not None
    assert (ticket.owner.handle, ticket.owner_why) == ("olivia", "team default")
    assert sorted(kinds(desk, 0)) == [("received", "casey@client.example"), ("staff_new", "olivia@desk.example")]


def test_an_acknowledgement_to_an_unproven_sender_repeats_nothing_that_the_sender_chose(desk: Desk) -> None:
    desk.take(letter("Buy Pills <x@spam.example>", "Visit http://pills.example", subject="Cheap pills"))
    ack = desk.last("received")
    assert ack.to == "x@spam.example"
    assert "pill" not in ack.raw.decode().casefold()


def test_an_answer_makes_it_pending_and_reaches_the_client_without_the_quoted_history(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I deduct my home office?"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "Do you use the room for work alone?"))
    reply = desk.last("reply")
    assert desk.ticket().status == "pending"
    assert "for work alone?" in reply.text
    assert "Can I deduct" not in reply.text
    assert "New ticket" not in reply.text
    assert reply.mail["Auto-Submitted"] is None


def test_a_participants_mail_on_a_pending_ticket_makes_it_client_responded_and_tells_the_owner(pending: Desk) -> None:
    before = len(pending.sent)
    pending.take(answer(pending.last("reply"), CASEY, "Yes, only for work."))
    assert pending.ticket().status == "client_responded"
    assert kinds(pending, before) == [("staff_client_responded", "olivia@desk.example")]
    changed = [e for e in pending.shown()["events"] if e["kind"] == "status_changed"][-1]
    assert (changed["actor"], changed["data"]) == ("client", {"from": "pending", "to": "client_responded"})


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("auto-reply", {"Auto_Submitted": "auto-replied"}),
        ("out of office", {"X_Auto_Response_Suppress": "All", "Auto_Submitted": "auto-generated"}),
        (
            "list",
            {"List_Id": "<news.client.example>", "Precedence": "list", "List_Unsubscribe": "<mailto:x@y.example>"},
        ),
        ("bulk", {"Precedence": "bulk"}),
    ],
)
def test_machine_mail_never_moves_a_pending_ticket_and_is_never_answered(
    pending: Desk, case: str, fields: dict[str, str]
) -> None:
    before = len(pending.sent)
    pending.take(answer(pending.last("reply"), CASEY, "I am away until Monday.", **fields))
    assert pending.ticket().status == "pending", case
    assert kinds(pending, before) == []
    assert pending.ticket().messages[-1].kind != "person"


def test_a_bounce_is_shown_on_the_ticket_and_told_to_the_owner_and_moves_nothing(pending: Desk) -> None:
    reply = pending.last("reply")
    before = len(pending.sent)
    pending.take(_bounce(reply.envelope_sender, "casey@client.example"), sender="", to=[reply.envelope_sender])
    assert pending.ticket().status == "pending"
    assert pending.ticket().messages[-1].kind == "bounce"
    assert "delivery_failed" in pending.events()
    assert kinds(pending, before) == [("staff_delivery_failed", "olivia@desk.example")]
    assert "user unknown" in pending.last("staff_delivery_failed").text


def test_a_forged_bounce_is_set_aside(pending: Desk) -> None:
    before = len(pending.sent)
    forged = "support+baeaqbgetkxjut5aydbluqj2juznecxi@desk.example"
    pending.take(_bounce(forged, "casey@client.example"), sender="", to=[forged])
    assert kinds(pending, before) == []
    assert "delivery_failed" not in pending.events()
    assert len(pending.quarantined()) == 1


def test_an_agents_mail_never_makes_it_client_responded(pending: Desk) -> None:
    pending.take(answer(pending.last("staff_receipt"), OLIVIA, "One more thing: how large is it?"))
    assert pending.ticket().status == "pending"


@pytest.mark.parametrize("carrier", ["reference", "subject tag", "token"])
def test_a_stranger_never_moves_a_pending_ticket(pending: Desk, carrier: str) -> None:
    reply = pending.last("reply")
    stored = pending.ticket().messages[0].message_id
    mallory = "Mallory <mallory@evil.example>"
    mail = {
        "reference": letter(mallory, "I am Casey.", In_Reply_To=f"<{stored}>", subject="Re: Question"),
        "subject tag": letter(mallory, "I am Casey.", subject="Re: Question [#1001]"),
        "token": letter(mallory, "I am Casey.", to=reply.reply_to),
    }[carrier]
    pending.take(mail)
    assert pending.ticket().status == "pending"
    assert len(pending.ticket().messages) == 2
    assert pending.numbers() == [1001, 1002]
    assert pending.ticket(1002).client.address == "mallory@evil.example"
    shown = pending.last("received", "mallory").raw.decode()
    assert "1001" not in shown


def test_a_reply_to_a_closed_ticket_reopens_it_and_tells_both_sides(pending: Desk) -> None:
    pending.take(answer(pending.last("staff_receipt"), OLIVIA, "#close\nAll done."))
    assert pending.ticket().status == "closed"
    before = len(pending.sent)
    pending.take(answer(pending.last("closed"), CASEY, "Wait, the amount on page two is wrong."))
    assert pending.ticket().status == "in_progress"
    assert "reopened" in pending.events()
    assert sorted(kinds(pending, before)) == [
        ("reopened", "casey@client.example"),
        ("staff_client_responded", "olivia@desk.example"),
    ]


@pytest.mark.parametrize(
    "thanks", ["Thank you!", "Thanks a lot, Olivia!\n\nBest,\nCasey", "Vielen Dank!", "Merci beaucoup"]
)
def test_a_bare_thank_you_does_not_reopen_a_closed_ticket(pending: Desk, thanks: str) -> None:
    pending.take(answer(pending.last("staff_receipt"), OLIVIA, "#close\nAll done."))
    before = len(pending.sent)
    pending.take(answer(pending.last("closed"), CASEY, thanks))
    assert pending.ticket().status == "closed"
    assert "thanked" in pending.events()
    assert kinds(pending, before) == []
    assert pending.ticket().messages[-1].direction == "in"


def test_thanks_with_a_question_reopens(pending: Desk) -> None:
    pending.take(answer(pending.last("staff_receipt"), OLIVIA, "#close\nAll done."))
    pending.take(answer(pending.last("closed"), CASEY, "Thank you! And when do I get the refund?"))
    assert pending.ticket().status == "in_progress"


def test_long_after_closing_a_reply_is_a_new_linked_ticket_and_later_replies_follow_it(pending: Desk) -> None:
    pending.take(answer(pending.last("staff_receipt"), OLIVIA, "#close\nAll done."))
    closed = pending.last("closed")
    pending.clock.forward(days=31)
    pending.take(answer(closed, CASEY, "A year later the same question about the office."))
    assert pending.numbers() == [1001, 1002]
    assert (pending.ticket(1001).status, pending.ticket(1002).status) == ("closed", "new")
    assert pending.shown(1002)["links"] == [{"ticket": 1001, "why": "continues it"}]
    pending.take(answer(closed, CASEY, "And one more detail on that."))
    assert pending.numbers() == [1001, 1002]
    assert len(pending.ticket(1002).messages) == 2


def test_a_merged_tickets_replies_follow_to_where_it_went(desk: Desk) -> None:
    desk.take(letter(CASEY, "First."))
    desk.take(letter(CASEY, "Second, a double.", subject="Another"))
    _merge(desk, 1002, 1001)
    desk.take(letter(CASEY, "More on the second.", subject="Re: Another [#1002]"))
    assert desk.numbers() == [1001, 1002]
    assert [m.reply for m in desk.ticket(1001).messages] == ["First.", "More on the second."]


def test_after_reply_can_be_configured_to_in_progress(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, lifecycle={"after_reply": "in_progress"})
    desk.take(letter(CASEY, "Can I deduct my home office?"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "I look into it."))
    assert desk.ticket().status == "in_progress"
    desk.close()


def test_the_same_mail_by_two_roads_is_one_message(desk: Desk) -> None:
    mail = letter(CASEY, "Can I deduct my home office?").as_bytes()
    desk.take(b"Received: from a.example by mx1\r\n" + mail, sender="casey@client.example", to=["support@desk.example"])
    desk.take(b"Received: from b.example by mx2\r\n" + mail, sender="casey@client.example", to=["help@desk.example"])
    assert desk.numbers() == [1001]
    assert len(desk.ticket().messages) == 1
    assert desk.outcomes() == ["ticket opened", "duplicate"]


def test_one_message_id_with_two_contents_is_two_messages(desk: Desk) -> None:
    desk.take(letter("Mallory <mallory@evil.example>", "squatting", Message_ID="<known@client.example>"))
    desk.take(letter(CASEY, "The real one.", Message_ID="<known@client.example>"))
    assert desk.numbers() == [1001, 1002]
    assert desk.ticket(1002).client.address == "casey@client.example"


def test_mail_of_no_person_is_set_aside_visibly_and_can_be_released(desk: Desk) -> None:
    from gateway.store import inbox

    desk.take(letter("News <news@shop.example>", "Sale!", List_Id="<news.shop.example>", Precedence="bulk"))
    row = desk.quarantined()[0]
    assert row.reason.startswith("bulk:")
    assert desk.numbers() == []
    assert desk.gateway.store.transact(lambda c: inbox.release(c, row.id, desk.clock()))
    desk.settle()
    assert desk.numbers() == [1001]
    assert desk.quarantined() == []


def test_mail_that_claims_to_come_from_the_desk_itself_is_set_aside(desk: Desk) -> None:
    desk.take(letter("Acme Support <support@desk.example>", "hello"))
    assert desk.numbers() == []
    assert len(desk.quarantined()) == 1
    assert kinds(desk, 0) == [("staff_quarantine", "lindsey@desk.example")]


def _merge(desk: Desk, source: int, target: int) -> None:
    from gateway.desk import decision as d
    from gateway.store.apply import Applier

    change = d.Decision("merged", (d.Change(source, {"merged_into": target}),), source)
    desk.gateway.store.transact(lambda c: Applier(c, desk.clock(), desk.gateway.setup.mint).apply(change))


def _bounce(to: str, recipient: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.client.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Date: Sat, 21 Nov 2026 10:05:00 +0000\r\nMessage-ID: <bounce-1@mx.client.example>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.client.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--\r\n"
    ).encode()
