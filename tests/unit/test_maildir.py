from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.outbound.maildir import MaildirTransport, file_name
from gateway.outbound.reply import Outcome

RAW = b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@desk.example>\r\nSubject: Hi\r\n\r\nHello\r\n.dot\r\n"


def nothing() -> None:
    pass


def files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file())


def test_a_mail_shows_its_envelope_and_can_be_opened_by_any_reader(tmp_path: Path) -> None:
    box = MaildirTransport(tmp_path / "out")
    reply = box.send(RAW, "support+b1@desk.example", "casey@client.example", before_dot=nothing)
    assert reply.outcome is Outcome.DELIVERED
    (mail,) = mailbox.Maildir(tmp_path / "out", create=False)
    assert mail["Return-Path"] == "<support+b1@desk.example>"
    assert mail["X-Envelope-To"] == "casey@client.example"
    assert mail["Subject"] == "Hi"
    assert mail.get_payload() == "Hello\n.dot\n"


def test_the_same_mail_sent_again_is_one_file(tmp_path: Path) -> None:
    box = MaildirTransport(tmp_path)
    for _ in range(3):
        box.send(RAW, "", "casey@client.example", before_dot=nothing)
    assert len(files(tmp_path)) == 1


def test_the_same_mail_sent_again_after_it_was_read_is_still_one_file(tmp_path: Path) -> None:
    box = MaildirTransport(tmp_path)
    box.send(RAW, "", "casey@client.example", before_dot=nothing)
    (file,) = files(tmp_path)
    file.rename(tmp_path / "cur" / f"{file.name}:2,S")
    assert box.send(RAW, "", "casey@client.example", before_dot=nothing).outcome is Outcome.DELIVERED
    assert [f.parent.name for f in files(tmp_path)] == ["cur"]


def test_the_same_mail_to_two_recipients_is_two_files(tmp_path: Path) -> None:
    box = MaildirTransport(tmp_path)
    for recipient in ("casey@client.example", "sam@client.example"):
        box.send(RAW, "", recipient, before_dot=nothing)
    assert len(files(tmp_path)) == 2


def test_names_sort_by_the_date_of_the_mail() -> None:
    later = RAW.replace(b"10:00", b"11:00")
    assert file_name(RAW, "a@b.example") < file_name(later, "a@b.example")
    assert file_name(b"Date: nonsense\r\n\r\n", "a@b.example").startswith("0.")


def test_nothing_is_delivered_when_the_lease_is_lost_before_the_end(tmp_path: Path) -> None:
    def lost() -> None:
        assert [f.parent.name for f in files(tmp_path)] == ["tmp"]
        raise LookupError

    with pytest.raises(LookupError):
        MaildirTransport(tmp_path).send(RAW, "", "casey@client.example", before_dot=lost)
    assert files(tmp_path) == []


def break_by_file(path: Path) -> None:
    path.write_text("")


def break_new(path: Path) -> None:
    path.mkdir()
    (path / "tmp").write_text("")


@pytest.mark.parametrize("broken", [break_by_file, break_new])
def test_a_folder_that_cannot_be_made_is_reported_and_tried_again(
    tmp_path: Path, broken: Callable[[Path], None]
) -> None:
    broken(tmp_path / "out")
    box = MaildirTransport(tmp_path / "out")
    assert box.send(RAW, "", "casey@client.example", before_dot=nothing).outcome is Outcome.MISCONFIGURED


def test_a_failure_while_it_is_published_is_ambiguous(tmp_path: Path) -> None:
    box = MaildirTransport(tmp_path)

    def take_new_away() -> None:
        (tmp_path / "new").rmdir()

    reply = box.send(RAW, "", "casey@client.example", before_dot=take_new_away)
    assert reply.outcome is Outcome.AMBIGUOUS
    again = box.send(RAW, "", "casey@client.example", before_dot=nothing)
    assert again.outcome is Outcome.DELIVERED
    assert len([f for f in files(tmp_path) if f.parent.name == "new"]) == 1


@pytest.mark.parametrize("recipient", ["casey@client.example\nX-Evil: 1", "nobody"])
def test_an_address_cannot_add_a_header(tmp_path: Path, recipient: str) -> None:
    assert MaildirTransport(tmp_path).send(RAW, "", recipient, before_dot=nothing).outcome is Outcome.PERMANENT
    assert files(tmp_path) == []
