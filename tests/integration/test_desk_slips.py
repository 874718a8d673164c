"""Slips of agents' hands and machines: nothing of them reaches a client."""

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
    opened.take(letter(CASEY, "Can I deduct my home office?"))
    yield opened
    opened.close()


@pytest.mark.parametrize("text", ["Hi Joe,\n\n#note\nhe is late with paying", "Hello\n#close", "Hi\n＃assign joe"])
def test_a_command_below_the_text_is_refused_with_advice(desk: Desk, text: str) -> None:
    fresh = desk.take(answer(desk.last("staff_new"), OLIVIA, text))
    assert [n.kind for n in fresh] == ["staff_rejected"]
    assert "stands below your text" in " ".join(fresh[0].text.split())
    assert desk.ticket().status == "new"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Hi,\nwrite ##close in the subject.", "write ##close in the subject."),
        ("Hi,\n##close is the word.", "#close is the word."),
        ("Hi,\n#1 reason is rent\n# and so on\n#hashtag", "#1 reason is rent"),
    ],
)
def test_words_that_only_look_like_commands_go_on(desk: Desk, text: str, sent: str) -> None:
    desk.take(answer(desk.last("staff_new"), OLIVIA, text))
    assert sent in desk.last("reply").text


def test_a_responder_of_an_agent_that_answers_receipts_writes_to_the_client_once_at_most(desk: Desk) -> None:
    text = "I will read your mail when I am in again."
    notice = desk.last("staff_new")
    for _ in range(70):
        fresh = desk.take(answer(notice, OLIVIA, text))
        mine = [n for n in fresh if n.to == "olivia@desk.example"]
        if not mine:
            break
        notice = mine[-1]
    assert len([n for n in desk.sent if n.kind == "reply"]) == 1
    assert len([n for n in desk.sent if n.kind == "staff_rejected"]) <= 51
