"""Attempts to make the desk act for the wrong person, and mail that no standard would recognise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from harness.desk import AGENTS, Desk, answer, letter

from gateway.desk import decision as d
from gateway.desk.model import Direction, Status
from gateway.mail import Address, Envelope
from gateway.store import Outbox
from gateway.store.apply import Applier

CASEY = "Casey Client <casey@client.example>"
OLIVIA = "Olivia Reyes <olivia@desk.example>"
JOE = "Joe Tran <joe@desk.example>"
EVIL = "Eve <eve@evil.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(tmp_path)
    yield opened
    opened.close()


def people(desk: Desk, number: int = 1001) -> list[str]:
    return [p.address for p in desk.ticket(number).participants]


def test_a_guessed_number_in_a_forged_mail_lets_nobody_in_by_cc(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I deduct my home office?"))
    forged = letter(CASEY, "Please answer all.", subject="Re: [#1001]", cc=EVIL, Message_ID="<planted@evil.example>")
    desk.take(forged, sender="eve@evil.example")
    desk.take(letter(EVIL, "I am his wife.", In_Reply_To="<planted@evil.example>", subject="Re: [#1001]"))
    assert people(desk) == ["casey@client.example"]
    desk.take(answer(desk.last("staff_client_responded"), OLIVIA, "Here is everything about you."))
    assert {n.to for n in desk.sent if n.kind == "reply"} == {"casey@client.example"}


def test_an_agent_who_left_is_told_nothing_more_and_commands_nothing(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    desk.take(letter(CASEY, "Can I?"))
    token = desk.last("staff_new").reply_to
    desk.close()
    left = Desk.open(tmp_path, agents=AGENTS[1:], routing={"default_owner": "joe"})
    left.take(letter(CASEY, "More.", subject="Re: [#1001]"))
    assert [n.to for n in left.sent if n.kind.startswith("staff")] == ["joe@desk.example"]
    assert left.shown()["owner"] == "joe"
    left.take(letter(OLIVIA, "#close\nBye.", to=token))
    assert left.ticket().status is not Status.CLOSED
    assert not [n for n in left.sent if n.kind in {"closed", "reply"}]
    left.close()


def test_an_agent_hears_of_forged_mail_however_many_notices_came_that_day(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, notices={"acks_per_sender_per_day": 3})
    for n in range(5):
        desk.take(letter(f"c{n}@client{n}.example", f"Question number {n}, please."))
    desk.take(letter(OLIVIA, "#close\nspoofed", subject="[#1001]"))
    assert desk.last("staff_rejected").to == "olivia@desk.example"
    desk.close()


def test_a_contact_with_two_addresses_has_one_limit_of_automatic_answers(tmp_path: Path) -> None:
    contacts = [{"address": "casey@client.example", "aliases": ["c@home.example"], "name": "Casey"}]
    desk = Desk.open(tmp_path, contacts=contacts, notices={"acks_per_sender_per_day": 3})
    for n in range(8):
        desk.take(letter("C <c@home.example>", f"A new question, number {n}.", subject=f"Question {n}"))
    assert len([n for n in desk.sent if n.kind == "received"]) == 3
    desk.close()


def test_commands_with_the_logo_of_a_signature_write_to_nobody(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?"))
    mail = answer(desk.last("staff_new"), OLIVIA, "#take")
    mail.clear_content()
    mail.set_content("#take\n")
    mail.add_alternative('<div>#take</div><div><img src="cid:logo@x"></div>', subtype="html")
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage)
    page.add_related(b"\x89PNG" + b"x" * 2000, "image", "png", cid="<logo@x>", filename="logo.png")
    fresh = desk.take(mail)
    assert [n.kind for n in fresh] == ["staff_receipt"]
    assert len(desk.ticket().messages) == 1


def test_closing_quietly_with_a_text_is_refused_and_reaches_nobody(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?"))
    fresh = desk.take(answer(desk.last("staff_new"), OLIVIA, "#close quiet\nHe never pays anyway."))
    assert [n.kind for n in fresh] == ["staff_rejected"]
    assert desk.ticket().status is Status.NEW


def test_a_command_behind_an_unseen_character_is_a_command(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?"))
    fresh = desk.take(answer(desk.last("staff_new"), OLIVIA, "\u200b#note\nHe never pays, mind."))
    assert [n.kind for n in fresh] == ["staff_receipt"]
    assert [m.direction for m in desk.ticket().messages] == ["in", "note"]


def test_a_thank_you_a_year_after_closing_opens_nothing(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "#close\nYes."))
    desk.clock.now += timedelta(days=365)
    desk.take(answer(desk.last("closed"), CASEY, "Thank you!"))
    assert desk.numbers() == [1001]
    assert desk.ticket().status is Status.CLOSED


def test_one_bounce_that_comes_a_hundred_times_is_told_once(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "Yes."))
    verp = desk.last("reply").envelope_sender
    for n in range(4):
        raw = (
            f"From: MAILER-DAEMON@mx.client.example\r\nTo: {verp}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
            f"Message-ID: <b{n}@mx.client.example>\r\nDate: Sat, 21 Nov 2026 10:0{n}:00 +0000\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
            "Final-Recipient: rfc822; casey@client.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        )
        desk.take(raw.encode(), sender="", to=[verp])
    assert len([n for n in desk.sent if n.kind == "staff_delivery_failed"]) == 1
    assert desk.events().count("delivery_failed") == 4


# --- odd mail ---------------------------------------------------------------------------------------

HEAD = b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
_LONG = b"x" * 300
_REFERENCES = b" ".join(b"<%d.%s@x.example>" % (n, b"r" * 30) for n in range(2000))
ODD = {
    "empty": b"",
    "only a line end": b"\r\n",
    "no header": b"hello\r\n",
    "no From": HEAD + b"Subject: x\r\n\r\nhello\r\n",
    "empty From": b"From: \r\n" + HEAD + b"\r\nhello\r\n",
    "From without address": b"From: Casey\r\n" + HEAD + b"\r\nhello\r\n",
    "From with an empty name": b'From: "" <casey@client.example>\r\n' + HEAD + b"\r\nhello\r\n",
    "From with a comma for a name": b'From: "," <casey@client.example>\r\n' + HEAD + b"\r\nhello\r\n",
    "two Froms": b"From: a@b.example\r\nFrom: c@d.example\r\n" + HEAD + b"\r\nhello\r\n",
    "a long From": b"From: " + b"x" * 5000 + b"@client.example\r\n" + HEAD + b"\r\nhello\r\n",
    "a long name": b"From: " + b"x" * 5000 + b" <casey@client.example>\r\n" + HEAD + b"\r\nhello\r\n",
    "no Message-ID": b"From: casey@client.example\r\n" + HEAD + b"Subject: x\r\n\r\nhello\r\n",
    "a long Message-ID": b"From: casey@client.example\r\nMessage-ID: <" + b"m" * 3000 + b"@x>\r\n\r\nhello\r\n",
    "a long subject": b"From: casey@client.example\r\nSubject: " + _LONG * 10 + b"\r\n\r\nhello\r\n",
    "an encoded NUL": b"From: casey@client.example\r\nSubject: =?utf-8?q?a=00b=0d=0ac?=\r\n\r\nhe\x00llo\r\n",
    "no subject and no text": b"From: casey@client.example\r\n\r\n",
    "many references": b"From: casey@client.example\r\nReferences: " + _REFERENCES + b"\r\n\r\nhello\r\n",
    "many in Cc": b"From: casey@client.example\r\nCc: "
    + b", ".join(b"p%d@x.example" % n for n in range(3000))
    + b"\r\n\r\nhi\r\n",
    "surrogates": b"From: =?utf-8?b?7aCA?= <casey@client.example>\r\nSubject: \xed\xa0\x80\r\n\r\n\xed\xa0\x80\r\n",
    "a number as subject": b"From: casey@client.example\r\nSubject: [#99999999999999] [#0] [#9999999999]\r\n\r\nhi\r\n",
    "a year zero": b"From: casey@client.example\r\nDate: Mon, 00 Jan 0000 99:99:99 +9999\r\n\r\nhi\r\n",
}


def test_two_mails_without_a_message_id_are_two_however_alike(desk: Desk) -> None:
    form = b"From: web@client.example\r\nSubject: Contact\r\n%s\r\nCall me.\r\n"
    for line in (b"X-Form: 1\r\n", b"X-Form: 2\r\n"):
        desk.take(form % line, sender="web@client.example", to=["support@desk.example"])
    assert desk.numbers() == [1001, 1002]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_odd_mail_becomes_a_ticket_or_is_set_aside_and_every_notice_of_it_can_be_sent(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = "sqlite:///gateway.db" if database == "sqlite" else request.getfixturevalue("postgres")
    desk = Desk.open(tmp_path, database=url)
    for name, raw in ODD.items():
        desk.take(raw, sender="casey@client.example", to=["support@desk.example"])
        assert desk.outcomes()[-1] in {"ticket opened", "set aside"}, name
    tickets, aside = len(desk.numbers()), len(desk.quarantined())
    assert tickets + aside == len(ODD)
    assert tickets >= 12
    assert [k for k in desk.sent if not k.mail["To"]] == []
    desk.close()


def test_a_note_that_is_written_while_an_answer_waits_holds_every_copy_of_it(desk: Desk) -> None:
    desk.take(letter(CASEY, "Can I?", cc="Sam <sam@client.example>"))
    first = desk.ticket().messages[0].message_id
    desk.take(letter("Sam <sam@client.example>", "Me too.", In_Reply_To=f"<{first}>", subject="Re: Question"))
    text = "He never pays before we write three times."
    mail = answer(desk.last("staff_client_responded"), OLIVIA, text)
    token = desk.last("staff_client_responded").reply_to
    desk.gateway.door.accept(mail.as_bytes(), Envelope("olivia@desk.example", (token,)), source="test")
    desk.worker.work()
    note = d.AddMessage(1001, Direction.NOTE, "person", Address("Joe", "joe@desk.example"), None, "", text, text)
    decision = d.Decision("note", (note,), 1001)
    store = desk.gateway.store
    desk.clock.forward(seconds=1)
    store.transact(lambda c: Applier(c, desk.clock(), desk.gateway.setup.mint).apply(decision), serial=True)
    claims = [
        c for c in Outbox(store).claim(desk.clock(), limit=9, lease_seconds=60) if c.outgoing.draft.kind == "reply"
    ]
    assert sorted(c.outgoing.draft.to.address for c in claims) == ["casey@client.example", "sam@client.example"]
    assert [desk.gateway.firewall(c, f"Hi,\n\n{text}") for c in claims] == ["it repeats an internal note"] * 2
