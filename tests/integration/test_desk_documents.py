"""Document requests: named items, ticked off by what comes, with one friendly prompt (R1-13, R1-17)."""

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
    opened.take(letter(CASEY, "What do you need from me?"))
    text = '#docs "W-2"; "Bank statement, October"; “Form 1099”\n\nHi Casey, please send these.'
    opened.take(answer(opened.last("staff_new"), OLIVIA, text))
    yield opened
    opened.close()


def states(desk: Desk) -> dict[str, str]:
    return {d["name"]: d["state"] for d in desk.shown()["documents"]}


def test_the_notice_lists_the_documents_as_a_checklist_and_the_ticket_waits(desk: Desk) -> None:
    notice = desk.last("document_requested")
    assert "[ ] Bank statement, October" in notice.text
    assert "Hi Casey, please send these." in notice.text
    assert states(desk) == {"W-2": "missing", "Bank statement, October": "missing", "Form 1099": "missing"}
    assert desk.ticket().status == "pending"


def test_files_tick_off_the_items_that_their_names_say(desk: Desk) -> None:
    files = {"bank-statement-october.pdf": b"b", "w2_2025.pdf": b"w"}
    desk.take(answer(desk.last("document_requested"), CASEY, "Two of them.", files=files))
    assert states(desk) == {"W-2": "received", "Bank statement, October": "received", "Form 1099": "missing"}
    assert desk.ticket().status == "client_responded"
    assert "2 of 3 received" in desk.last("staff_client_responded").text


def test_files_without_telling_names_tick_off_in_order(desk: Desk) -> None:
    desk.take(answer(desk.last("document_requested"), CASEY, "Here.", files={"scan0001.pdf": b"b"}))
    assert states(desk)["W-2"] == "received"


def test_a_signature_logo_is_no_document(desk: Desk) -> None:
    mail = answer(desk.last("document_requested"), CASEY, "I will look for them.")
    mail.add_alternative('<p>I will look for them.</p><img src="cid:logo@x">', subtype="html")
    mail.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo@x>")
    desk.take(mail)
    assert set(states(desk).values()) == {"missing"}


def test_a_reply_without_a_file_gets_one_friendly_prompt_and_no_more(desk: Desk) -> None:
    desk.take(answer(desk.last("document_requested"), CASEY, "I have them somewhere."))
    desk.take(answer(desk.last("document_requested"), CASEY, "Still looking."))
    prompts = [n for n in desk.sent if n.kind == "document_missing"]
    assert [n.to for n in prompts] == ["casey@client.example"]
    assert "[ ] W-2" in prompts[0].text
    assert prompts[0].mail["Auto-Submitted"] == "auto-replied"
    assert desk.ticket().status == "client_responded"


def test_an_agent_can_tick_off_by_number_or_name(desk: Desk) -> None:
    desk.take(answer(desk.last("staff_receipt"), OLIVIA, "#received 2\n#received form 1099"))
    assert states(desk) == {"W-2": "missing", "Bank statement, October": "received", "Form 1099": "received"}
    assert "2 of 3 received" in desk.last("staff_receipt").text


def test_asking_again_for_what_is_missing_does_not_double_it(desk: Desk) -> None:
    desk.take(answer(desk.last("staff_receipt"), OLIVIA, '#docs "W-2"; "Passport"\n\nPlease.'))
    assert list(states(desk)) == ["W-2", "Bank statement, October", "Form 1099", "Passport"]


def test_the_files_themselves_reach_the_owner(desk: Desk) -> None:
    desk.take(answer(desk.last("document_requested"), CASEY, "Here.", files={"w2.pdf": b"the form"}))
    notice = desk.last("staff_client_responded").mail
    assert [(p.get_filename(), p.get_content()) for p in notice.iter_attachments()] == [("w2.pdf", b"the form")]
