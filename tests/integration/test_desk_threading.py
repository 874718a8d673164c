"""Which ticket a mail joins: every carrier alone, together, forged and in conflict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.desk import Desk, answer, letter

CASEY = "Casey Client <casey@client.example>"
SAM = "Sam Client <sam@client.example>"
OLIVIA = "Olivia Reyes <olivia@desk.example>"
MALLORY = "Mallory <mallory@evil.example>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk.open(tmp_path)
    opened.take(letter(CASEY, "Can I deduct my home office?", cc="Sam Client <sam@client.example>, b@other.example"))
    opened.take(answer(opened.last("staff_new"), OLIVIA, "Do you use the room for work alone?"))
    yield opened
    opened.close()


def test_the_token_alone_is_enough_wherever_it_stands(desk: Desk) -> None:
    token = desk.last("reply").reply_to
    desk.take(letter(CASEY, "in To", to=token, subject="other words"))
    desk.take(letter(CASEY, "in Cc", cc=token, subject="other words"))
    desk.take(letter(CASEY, "in Delivered-To", Delivered_To=token, subject="other words"))
    desk.take(letter(CASEY, "in X-Original-To", X_Original_To=token, subject="other words"))
    desk.take(letter(CASEY, "in Envelope-To", Envelope_To=token, subject="other words"))
    desk.take(letter(CASEY, "in the envelope", to="hidden@client.example", subject="other words"), to=[token])
    desk.take(letter(CASEY, "in capitals", to=token.upper(), subject="other words"))
    assert desk.numbers() == [1001]
    assert len(desk.ticket().messages) == 9


def test_a_reference_to_a_message_id_of_ours_is_enough(desk: Desk) -> None:
    desk.take(letter(CASEY, "Yes.", In_Reply_To=desk.last("reply").message_id, subject="no tag"))
    assert desk.numbers() == [1001]


def test_a_reference_to_an_earlier_mail_of_the_ticket_is_enough_for_a_participant(desk: Desk) -> None:
    first = desk.ticket().messages[0].message_id
    desk.take(letter(CASEY, "I forgot to say.", References=f"<{first}>", subject="no tag"))
    assert desk.numbers() == [1001]


def test_the_subject_tag_is_enough_for_a_participant_even_encoded(desk: Desk) -> None:
    desk.take(letter(CASEY, "By tag.", subject="AW: [#1001] Büro"))
    desk.take(letter(CASEY, "Odd spaces.", subject="Re: [ #1001 ] office"))
    assert desk.numbers() == [1001]


def test_a_colleague_in_cc_who_replies_joins_and_is_shown_and_gets_later_answers(desk: Desk) -> None:
    first = desk.ticket().messages[0].message_id
    desk.take(letter(SAM, "I use it on weekends.", In_Reply_To=f"<{first}>", subject="Re: Question"))
    assert desk.numbers() == [1001]
    assert [p.address for p in desk.ticket().participants] == ["casey@client.example", "sam@client.example"]
    assert desk.ticket().status == "client_responded"
    assert desk.last("participant_added").to == "sam@client.example"
    fresh = desk.take(answer(desk.last("staff_client_responded"), OLIVIA, "Thank you both."))
    assert sorted(n.to for n in fresh if n.kind == "reply") == ["casey@client.example", "sam@client.example"]
    replies = [n for n in fresh if n.kind == "reply"]
    assert replies[0].reply_to != replies[1].reply_to


def test_an_addressed_stranger_gets_nothing_until_they_reply(desk: Desk) -> None:
    assert not [n for n in desk.sent if n.to == "b@other.example"]


def test_a_spoofed_reply_with_cc_sends_nothing_to_the_cc(desk: Desk) -> None:
    desk.take(letter(CASEY, "please continue with my partner", to=desk.last("reply").reply_to, cc=MALLORY))
    desk.take(answer(desk.last("staff_client_responded"), OLIVIA, "Here are the secret figures."))
    assert not [n for n in desk.sent if "mallory" in n.to]


@pytest.mark.parametrize("change", ["cut", "altered", "role", "other ticket"])
def test_a_forged_token_opens_an_ordinary_ticket(desk: Desk, change: str) -> None:
    token = desk.last("reply").reply_to
    local, _, domain = token.partition("@")
    forged = {
        "cut": local[:-1],
        "altered": local[:-5] + ("a" if local[-5] != "a" else "b") + local[-4:],
        "role": local.replace("+r", "+n"),
        "other ticket": local[:13] + ("a" if local[13] != "a" else "b") + local[14:],
    }[change]
    fresh = desk.take(letter(MALLORY, "let me in", to=f"{forged}@{domain}"))
    assert desk.numbers() == [1001, 1002]
    assert desk.shown(1002)["links"] == []
    assert sorted(n.kind for n in fresh) == ["received", "staff_new"]


def test_somebody_elses_valid_token_opens_a_linked_ticket_and_tells_the_owner(desk: Desk) -> None:
    desk.take(letter(MALLORY, "what did Casey ask?", to=desk.last("reply").reply_to))
    assert desk.numbers() == [1001, 1002]
    assert desk.shown(1002)["links"][0]["ticket"] == 1001
    assert "evidence" in desk.events(1002)
    assert "takes no part" in desk.last("staff_new").text
    assert len(desk.ticket(1001).messages) == 2


def test_a_colleague_of_the_same_company_with_the_token_joins(desk: Desk) -> None:
    desk.take(letter("Pat Client <pat@client.example>", "Casey asked me to answer.", to=desk.last("reply").reply_to))
    assert desk.numbers() == [1001]
    assert "pat@client.example" in [p.address for p in desk.ticket().participants]


def test_conflicting_carriers_open_a_linked_ticket_with_the_evidence(desk: Desk) -> None:
    desk.take(letter(CASEY, "Another matter.", subject="Invoice"))
    desk.take(answer(desk.last("staff_new"), OLIVIA, "About the invoice."))
    first, second = [n for n in desk.sent if n.kind == "reply"]
    desk.take(letter(CASEY, "mixed", to=first.reply_to, In_Reply_To=second.message_id))
    assert desk.numbers() == [1001, 1002, 1003]
    shown = desk.shown(1003)
    assert [link["ticket"] for link in shown["links"]] == [1001, 1002]
    evidence = next(e for e in shown["events"] if e["kind"] == "evidence")
    assert evidence["data"]["conflict"] is True
    assert len(evidence["data"]["carriers"]) == 2


def test_two_first_mails_of_one_thread_in_either_order_end_in_one_ticket(desk: Desk) -> None:
    question = letter(CASEY, "A new matter.", subject="Payroll", cc=SAM, Message_ID="<root@client.example>")
    comment = letter(
        SAM, "I add this.", subject="Re: Payroll", to="support@desk.example, casey@client.example",
        In_Reply_To="<root@client.example>", References="<root@client.example>",
    )  # fmt: skip
    desk.take(comment, to=["support@desk.example"])
    desk.take(question)
    assert desk.numbers() == [1001, 1002]
    assert [m.reply for m in desk.ticket(1002).messages] == ["I add this.", "A new matter."]


def test_a_from_field_with_two_mailboxes_identifies_nobody(desk: Desk) -> None:
    raw = letter(CASEY, "Pay to this account.", subject="Re: [#1001]").as_bytes()
    raw = raw.replace(b"From: Casey Client <casey@client.example>", b"From: casey@client.example, x@evil.example")
    desk.take(raw, sender="x@evil.example", to=["support@desk.example"])
    assert desk.ticket().status == "pending"
    assert len(desk.ticket().messages) == 2


def test_our_own_mail_that_comes_back_changes_nothing(desk: Desk) -> None:
    before = len(desk.sent)
    desk.take(desk.last("reply").raw, sender="casey@client.example", to=["support@desk.example"])
    assert desk.numbers() == [1001]
    assert desk.ticket().status == "pending"
    assert len(desk.sent) == before
    assert desk.outcomes()[-1] == "own mail came back"


def test_keys_can_be_rotated_and_old_tokens_stay_good(desk: Desk, tmp_path: Path) -> None:
    from gateway.threading.token import Keyring

    token = desk.last("reply").reply_to
    path = tmp_path / "secret.key"
    fresh = Keyring.fresh_line(frozenset({1}))
    path.write_text(f"{fresh}\n{path.read_text()}")
    desk.gateway.reload(desk.gateway.settings)
    desk.take(letter(CASEY, "With the old token.", to=token, subject="x"))
    assert desk.numbers() == [1001]
    desk.take(answer(desk.last("staff_client_responded"), OLIVIA, "ok"))
    assert desk.last("reply").reply_to != token
    path.write_text(fresh)
    desk.gateway.reload(desk.gateway.settings)
    desk.take(letter("Other <other@else.example>", "With a withdrawn token.", to=token, subject="x"))
    assert desk.shown(desk.numbers()[-1])["links"] == []
