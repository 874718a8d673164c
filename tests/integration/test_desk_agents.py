"""Agents work from their mail program: answers, notes, commands, conversations, and a receipt for each mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.desk import Desk, answer, letter

CASEY = "Casey Client <casey@client.example>"
OLIVIA = "Olivia Reyes <olivia@desk.example>"
JOE = "Joe Tran <joe@desk.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(tmp_path)
    opened.take(letter(CASEY, "Can I deduct my home office?"))
    yield opened
    opened.close()


def act(desk: Desk, text: str, *, who: str = OLIVIA, on: str = "staff_new", **more: object) -> list[str]:
    """Olivia answers her notice; returns the notices that follow, as "kind to"."""
    fresh = desk.take(answer(desk.last(on), who, text, **more))
    return sorted(f"{n.kind} {n.to}" for n in fresh)


RECEIPT = "staff_receipt olivia@desk.example"


def test_a_staff_notice_says_who_owns_it_and_why_and_what_else_is_open(desk: Desk) -> None:
    desk.take(letter(CASEY, "Also this invoice.", subject="Invoice 7"))
    text = desk.last("staff_new").text
    for wanted in ("You (team default)", "New", "Casey Client", "casey@client.example", "Also this invoice.", "#1001"):
        assert wanted in text, wanted
    assert desk.last("staff_new").reply_to.startswith("support+r")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("#pending the signed form", "pending"),
        ("#inprogress waiting for IT", "in_progress"),
        ("#close", "closed"),
        ("# Close", "closed"),
        ("#resolved", "closed"),
        ("#take", "in_progress"),
        ("/close", "closed"),
    ],
)
def test_a_command_sets_the_status(desk: Desk, text: str, status: str) -> None:
    act(desk, text)
    assert desk.ticket().status == status


def test_pending_keeps_what_it_waits_for(desk: Desk) -> None:
    assert act(desk, "#pending the signed form") == [RECEIPT]
    assert desk.ticket().waiting_for == "the signed form"


def test_close_with_a_text_sends_one_closing_mail(desk: Desk) -> None:
    assert act(desk, "#close\nYes, you can.") == ["closed casey@client.example", RECEIPT]
    assert "Yes, you can." in desk.last("closed").text
    assert desk.ticket().closed_at is not None


def test_close_quiet_sends_the_client_nothing(desk: Desk) -> None:
    assert act(desk, "#close quiet") == [RECEIPT]
    assert desk.ticket().status == "closed"


def test_reopen_opens_a_closed_ticket(desk: Desk) -> None:
    act(desk, "#close")
    assert act(desk, "#reopen") == [RECEIPT]
    assert desk.ticket().status == "in_progress"


def test_reopening_an_open_ticket_is_refused(desk: Desk) -> None:
    assert act(desk, "#reopen") == ["staff_rejected olivia@desk.example"]


def test_take_is_told_to_the_former_owner(desk: Desk) -> None:
    act(desk, "#assign joe")
    fresh = act(desk, "#take", on="staff_new")
    assert fresh == ["staff_note joe@desk.example", RECEIPT]
    assert desk.ticket().owner is not None and desk.ticket().owner.handle == "olivia"


def test_assign_tells_the_new_owner_with_the_reason(desk: Desk) -> None:
    assert act(desk, "#assign @joe: knows the case") == ["staff_assigned joe@desk.example", RECEIPT]
    notice = desk.last("staff_assigned")
    assert "knows the case" in notice.text
    assert "Can I deduct my home office?" in notice.text
    assert desk.ticket().owner is not None and desk.ticket().owner.handle == "joe"


def test_assigning_to_nobody_known_changes_nothing(desk: Desk) -> None:
    assert act(desk, "#assign bob\nHi Casey, Bob helps you.") == ["staff_rejected olivia@desk.example"]
    assert desk.ticket().owner is not None and desk.ticket().owner.handle == "olivia"
    assert "bob" in desk.last("staff_rejected").text
    assert "Bob helps you." in desk.last("staff_rejected").text


def test_a_note_on_top_is_internal_and_tells_whom_it_mentions(desk: Desk) -> None:
    fresh = act(desk, "#note\nCasey moved in March. @joe please check, @lindsey too.")
    assert fresh == ["staff_note joe@desk.example", "staff_note lindsey@desk.example", RECEIPT]
    assert desk.ticket().status == "new"
    assert desk.ticket().messages[-1].direction == "note"


def test_writing_to_the_note_address_is_a_note(desk: Desk) -> None:
    note_address = next(w for w in desk.last("staff_new").text.split() if w.startswith("support+n"))
    fresh = act(desk, "Casey moved in March.", to=note_address)
    assert fresh == [RECEIPT]
    assert desk.ticket().messages[-1].direction == "note"


def test_answering_a_note_is_a_note(desk: Desk) -> None:
    act(desk, "#note\n@joe what do you think?")
    fresh = act(desk, "I would not.", who=JOE, on="staff_note")
    assert desk.ticket().messages[-1].direction == "note"
    assert fresh == ["staff_note olivia@desk.example", "staff_receipt joe@desk.example"]


def test_the_next_staff_mail_starts_with_unseen_notes(desk: Desk) -> None:
    act(desk, "#note\n@joe ask about the garage")
    act(desk, "The garage is rented out.", who=JOE, on="staff_note")
    desk.take(letter(CASEY, "Any news?", subject="Re: [#1001]"))
    text = desk.last("staff_client_responded").text
    assert text.index("The garage is rented out.") < text.index("Any news?")
    assert "ask about the garage" not in text, "her own note is no news to her"


def test_what_goes_to_a_client_never_holds_a_note(desk: Desk) -> None:
    act(desk, "#note\nThe wine cellar is a secret of the family.")
    act(desk, "Yes, you can deduct it.")
    act(desk, "#close\nDone.")
    for notice in desk.sent:
        if notice.to == "casey@client.example":
            assert "cellar" not in notice.raw.decode()


@pytest.mark.parametrize(
    "leak", ["the wine cellar is a secret of the family", "Hi.\nTHE WINE CELLAR, is a secret\nof it"]
)
def test_an_answer_that_repeats_a_note_is_held_and_the_agent_told(desk: Desk, leak: str) -> None:
    act(desk, "#note\nBeware: the wine cellar is a secret of the family.")
    assert act(desk, f"#close\nHi Casey, {leak}") == ["staff_held olivia@desk.example"]
    assert desk.ticket().status == "new", "a held mail does nothing at all"
    assert "wine cellar" in desk.last("staff_held").text


def test_commands_and_quoted_history_do_not_reach_the_client(desk: Desk) -> None:
    act(desk, '#docs "W-2"\n#assign joe: he knows\n\nHi Casey,\nplease send it.')
    mail = desk.last("document_requested")
    assert "#docs" not in mail.text + mail.html
    assert "he knows" not in mail.text + mail.html
    assert "home office" not in mail.text.replace(mail.subject, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#clsoe\nHi", "#close"),
        ("#assign\nHi", "needs a value"),
        ("#take now", "takes no value"),
        ("#close\n#pending\nHi", "contradict"),
        ("#docs\nHi", "needs a value"),
        ('#note\n#docs "W-2"', "internal note"),
        ("#received 4", "no document"),
    ],
)
def test_a_wrong_command_fails_closed_with_a_reason_and_the_text(desk: Desk, text: str, reason: str) -> None:
    assert act(desk, text) == ["staff_rejected olivia@desk.example"]
    assert reason in " ".join(desk.last("staff_rejected").text.split())
    assert desk.ticket().status == "new"
    assert len(desk.ticket().messages) == 1


def test_a_doubled_sign_escapes_a_text_that_begins_like_a_command(desk: Desk) -> None:
    act(desk, "##1 reason is the rent.")
    assert "#1 reason is the rent." in desk.last("reply").text


def test_help_sends_the_card_and_nothing_else(desk: Desk) -> None:
    assert act(desk, "#help") == [RECEIPT]
    for verb in (
        "#note",
        "#take",
        "#assign",
        "#pending",
        "#inprogress",
        "#close",
        "#reopen",
        "#docs",
        "#received",
        "#to",
    ):
        assert verb in desk.last("staff_receipt").text


def test_a_non_owners_answer_tells_who_owns_it(desk: Desk) -> None:
    act(desk, "#note\n@joe have a look")
    note = desk.last("staff_note")
    reply = note.reply_to.replace("+n", "+r")
    assert reply
    token = desk.gateway.setup.minter.reply_address(1001, _id(desk, "joe"))
    act(desk, "Yes, Casey, you can.", who=JOE, on="staff_note", to=token)
    assert "The owner of this ticket is Olivia Reyes" in " ".join(desk.last("staff_receipt", "joe").text.split())


@pytest.mark.parametrize("how", ["no token", "token of another agent", "reply-to", "display name", "two froms"])
def test_only_a_proven_agent_commands(desk: Desk, how: str) -> None:
    token = desk.last("staff_new").reply_to
    mail = {
        "no token": letter(OLIVIA, "#close\nspoofed", subject="Re: [#1001]"),
        "token of another agent": letter(JOE, "#close\nspoofed", to=token),
        "reply-to": letter("Mallory <mallory@evil.example>", "#close\nx", Reply_To=OLIVIA, subject="[#1001]"),
        "display name": letter('"olivia@desk.example" <mallory@evil.example>', "#close\nx", to=token),
        "two froms": letter("Mallory <mallory@evil.example>", "#close\nx", to=token),
    }[how]
    raw = mail.as_bytes()
    if how == "two froms":
        raw = b"From: olivia@desk.example\n" + raw
    desk.take(raw, sender="mallory@evil.example", to=[str(mail["To"])])
    assert desk.ticket().status == "new"
    assert len(desk.ticket().messages) == 1
    assert not [n for n in desk.sent if n.kind in {"reply", "closed"}]


def test_a_strangers_command_is_plain_text_of_a_ticket(desk: Desk) -> None:
    desk.take(letter("Pat <pat@else.example>", "#close\nI want to know about taxes."))
    assert desk.ticket(1002).status == "new"
    assert desk.ticket(1002).messages[0].reply.startswith("#close")


def test_a_clients_command_on_their_ticket_is_plain_text(desk: Desk) -> None:
    desk.take(answer(desk.last("received"), CASEY, "#close\nplease"))
    assert desk.ticket().status == "new"
    assert desk.ticket().messages[-1].reply.startswith("#close")


def test_an_unproven_agent_is_told_and_nothing_is_lost(desk: Desk) -> None:
    fresh = desk.take(letter(OLIVIA, "#close\nHi Casey, done.", subject="Re: [#1001]"))
    rejected = next(n for n in fresh if n.kind == "staff_rejected")
    assert rejected.to == "olivia@desk.example"
    assert "Hi Casey, done." in rejected.text
    assert desk.numbers() == [1001, 1002]


def test_dmarc_pass_of_our_own_border_proves_an_agent(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, security={"authserv_ids": ["mx.desk.example"]})
    desk.take(letter(CASEY, "Can I?"))
    mail = letter(OLIVIA, "#close\nYes.", subject="Re: [#1001]")
    passed = b"Authentication-Results: mx.desk.example; dmarc=pass header.from=desk.example\r\n"
    foreign = b"Authentication-Results: mx.evil.example; dmarc=pass header.from=desk.example\r\n"
    below = b"Received: from x by evil.example; Sat, 21 Nov 2026 10:00:00 +0000\r\n" + passed
    for prefix in (foreign, foreign + passed, below):
        desk.take(prefix + mail.as_bytes(), sender="olivia@desk.example", to=["support@desk.example"])
        assert desk.ticket().status == "new"
        mail = letter(OLIVIA, "#close\nYes.", subject="Re: [#1001]")
    desk.take(passed + mail.as_bytes(), sender="olivia@desk.example", to=["support@desk.example"])
    assert desk.ticket().status == "closed"
    desk.close()


def test_to_starts_a_conversation_with_somebody_new(desk: Desk) -> None:
    mail = letter(OLIVIA, "#to pat@else.example\n\nHi Pat, your papers are ready.", subject="Your papers")
    del mail["To"]
    mail["To"] = desk.command_address("olivia")
    fresh = desk.take(mail)
    ticket = desk.ticket(1002)
    assert sorted(n.kind for n in fresh) == ["conversation_started", "staff_receipt"]
    assert (ticket.kind, ticket.status, ticket.client.address) == ("conversation", "pending", "pat@else.example")
    assert ticket.owner is not None and ticket.owner.handle == "olivia"
    first = next(n for n in fresh if n.to == "pat@else.example")
    desk.take(answer(first, "Pat <pat@else.example>", "Great, I come by."))
    assert desk.ticket(1002).status == "client_responded"


def test_a_conversation_that_staff_starts_uses_its_own_notice(desk: Desk) -> None:
    mail = letter(OLIVIA, "#to casey\n\nHi Casey, a question.", to=desk.command_address("olivia"), subject="A question")
    fresh = desk.take(mail)
    assert sorted(n.kind for n in fresh) == ["conversation_started", "staff_receipt"]
    assert desk.last("conversation_started").subject.startswith("A question")


def test_to_with_a_name_that_fits_two_clients_sends_nothing_and_lists_them(desk: Desk) -> None:
    desk.take(letter("Casey Other <other@client.example>", "Hello there, a question."))
    mail = letter(OLIVIA, "#to casey\n\nHi Casey.", to=desk.command_address("olivia"))
    fresh = desk.take(mail)
    assert [n.kind for n in fresh] == ["staff_rejected"]
    assert "casey@client.example" in fresh[0].text
    assert "other@client.example" in fresh[0].text


def test_an_agents_mail_that_belongs_to_no_ticket_is_rejected_with_advice(desk: Desk) -> None:
    fresh = desk.take(letter(OLIVIA, "Hello?", to=desk.command_address("olivia")))
    assert [n.kind for n in fresh] == ["staff_rejected"]
    assert "#to" in fresh[0].text


def test_an_agents_absence_notice_never_reaches_a_client(desk: Desk) -> None:
    before = len(desk.sent)
    desk.take(answer(desk.last("staff_new"), OLIVIA, "I am away until Monday.", Auto_Submitted="auto-replied"))
    assert len(desk.sent) == before
    assert len(desk.ticket().messages) == 1
    assert "auto_reply" in desk.events()


def test_quiet_receipts_are_for_failures_alone(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, notices={"receipts": "quiet"})
    desk.take(letter(CASEY, "Can I?"))
    assert act(desk, "#pending") == []
    assert act(desk, "#nonsense") == ["staff_rejected olivia@desk.example"]
    desk.close()


def test_an_html_answer_with_an_inline_image_reaches_the_client_as_such(desk: Desk) -> None:
    png = bytes.fromhex("89504e470d0a1a0a")
    mail = answer(desk.last("staff_new"), OLIVIA, "#pending\n\nSee the *chart*:")
    mail.clear_content()
    mail.set_content("#pending\n\nSee the chart:\n")
    mail.add_alternative(
        '<div>#pending</div><div><br></div><div>See the <b>chart</b>:<img src="cid:chart@x"><script>x()</script></div>',
        subtype="html",
    )
    mail.get_payload()[1].add_related(png, "image", "png", cid="<chart@x>", filename="chart.png")
    desk.take(mail)
    reply = desk.last("reply")
    assert "<b>chart</b>" in reply.html
    assert "script" not in reply.html
    assert "#pending" not in reply.html
    images = [p for p in reply.mail.walk() if p.get_content_type() == "image/png"]
    assert [p.get_content() for p in images] == [png]
    assert f"cid:{str(images[0]['Content-ID']).strip('<>')}" in reply.html


def _id(desk: Desk, handle: str) -> int:
    from gateway.store import people

    return next(a.id for a in desk.gateway.store.read(people.agents) if a.handle == handle)


def test_an_agents_forward_opens_a_ticket_for_its_true_author(desk: Desk) -> None:
    head = "---------- Forwarded message ---------\nFrom: Pat Else <pat@else.example>\nDate: 20 Nov 2026 at 9:12"
    text = f"Please take over.\n\n{head}\nSubject: Wrong invoice\nTo: <olivia@desk.example>\n\nInvoice 2211 is wrong.\n"
    fresh = desk.take(letter(OLIVIA, text, to=desk.command_address("olivia"), subject="Fwd: Wrong invoice"))
    ticket = desk.ticket(1002)
    assert (ticket.client.address, ticket.subject) == ("pat@else.example", "Wrong invoice")
    assert ticket.owner is not None and ticket.owner.handle == "olivia"
    assert ticket.messages[0].reply == "Invoice 2211 is wrong."
    assert "Please take over." in ticket.messages[0].text, "nothing of the mail is lost"
    assert [n.kind for n in fresh] == ["staff_receipt"]
    desk.take(answer(fresh[0], OLIVIA, "We have mended it."))
    assert desk.last("reply").to == "pat@else.example"


def test_an_answer_between_the_lines_of_a_quote_takes_no_quoted_line_to_the_client(desk: Desk) -> None:
    act(desk, "#note\n@joe the cellar is secret")
    act(desk, "Right.", who=JOE, on="staff_note")
    desk.take(letter(CASEY, "First question?\n\nSecond question?", subject="Re: [#1001]"))
    notice = desk.last("staff_client_responded")
    quoted = [f"> {line}" for line in notice.text.splitlines()]
    text = "\n".join(quoted).replace("> Second question?", "> Second question?\n\nNo, to the second.\n")
    mail = letter(
        OLIVIA, f"Yes, to the first.\n\nOn Sat, Olivia wrote:\n{text}", to=notice.reply_to, subject="Re: x",
        In_Reply_To=notice.message_id,
    )  # fmt: skip
    desk.take(mail)
    sent = [n for n in desk.sent if n.kind == "reply"]
    for reply in sent:
        assert "cellar" not in reply.raw.decode()
        assert "Owner" not in reply.text
        assert "Yes, to the first." in reply.text


def test_an_agents_mail_without_references_to_its_token_is_still_an_answer(desk: Desk) -> None:
    notice = desk.last("staff_new")
    quoted = "".join(f"> {line}\n" for line in notice.text.splitlines())
    text = f"Yes.\n\nOn Sat, 21 Nov 2026 at 10:00, Acme Support wrote:\n{quoted}"
    desk.take(letter(OLIVIA, text, to=notice.reply_to, subject="x"))
    assert desk.last("reply").text.startswith("Yes.")
    assert "home office" not in desk.last("reply").text


@pytest.mark.parametrize(
    "text", ["Did so; she will pay on Friday.", "#note\nDid so.", "#nte\nShe pays late.", "#close now"]
)
def test_what_the_desk_says_about_a_note_is_answered_by_a_note(desk: Desk, text: str) -> None:
    opened = desk.take(letter("Dana <dana@client.example>", "Hello, what do I owe you for March?"))
    notice = next(n for n in opened if n.kind == "staff_new")
    desk.take(answer(notice, "olivia@desk.example", "#note\n@joe please look into this"))
    note = desk.last("staff_note", "joe")
    (report,) = [n for n in desk.take(answer(note, "joe@desk.example", text)) if n.to == "joe@desk.example"]
    desk.take(answer(report, "joe@desk.example", "Between us: a difficult client."))
    assert desk.shown(1002)["messages"][-1]["direction"] == "note"
    assert not [n for n in desk.sent if n.kind == "reply"]


def test_who_has_just_given_a_ticket_away_is_not_told_who_owns_it(desk: Desk) -> None:
    opened = desk.take(letter("Dana <dana@client.example>", "Hello, what do I owe you for March?"))
    notice = next(n for n in opened if n.kind == "staff_new")
    desk.take(answer(notice, "olivia@desk.example", "#assign joe: knows her\n\nHi Dana, Joe will help."))
    assert "The owner of this ticket" not in desk.last("staff_receipt").text


def test_a_participant_without_a_name_is_shown_by_address(desk: Desk) -> None:
    desk.take(letter("Dana <dana@client.example>", "Hello, what do I owe you for March?", cc="sam@client.example"))
    desk.take(answer(desk.last("received"), "sam@client.example", "I would like to know too, please."))
    notice = desk.last("staff_client_responded")
    assert "Also:     sam@client.example" in notice.text
    assert "sam@client.example" in notice.html


def test_an_agent_who_wrote_without_proof_hears_how_and_can_go_on_from_there(desk: Desk) -> None:
    desk.take(letter(JOE, "Casey called and asks about the home office.", subject="Call"))
    rejected = desk.last("staff_rejected", "joe")
    assert "kept as a ticket of its own" in " ".join(rejected.text.split())
    fresh = desk.take(answer(rejected, JOE, "#to casey@client.example\nHello Casey, thank you for calling."))
    assert sorted(n.kind for n in fresh) == ["conversation_started", "staff_receipt"]
