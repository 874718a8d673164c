"""Files that are too large for a mail to staff stay with the ticket, their owner is told, and they can be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness.desk import Desk, letter

from gateway import cli
from gateway.desk.drafts import GO_ALONG, MOST_ALONG, go_along
from gateway.desk.model import FileRef

CASEY = "Casey Client <casey@client.example>"
SCAN = b"%PDF" + bytes(GO_ALONG)
CONFIG = """\
[desk]
name = "Acme Support"
address = "support@desk.example"

[outbound.maildir]
path = "outgoing"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "gateway.toml").write_text(CONFIG)
    opened = Desk.open(tmp_path)
    opened.take(letter(CASEY, "Here they are.", files={"scan.pdf": SCAN, "w2.pdf": b"the form"}))
    yield opened
    opened.close()


def test_what_fits_goes_along_and_the_owner_is_told_of_the_rest(desk: Desk) -> None:
    notice = desk.last("staff_new")
    assert [part.get_filename() for part in notice.mail.iter_attachments()] == ["w2.pdf"]
    assert len(notice.raw) < 10_000_000
    assert "scan.pdf (7.0 MB) is too large to go along" in " ".join(notice.text.split())
    assert {f.filename for f in desk.ticket().messages[0].files} == {"scan.pdf", "w2.pdf"}


def test_of_very_many_files_some_go_along_and_the_others_are_counted(desk: Desk) -> None:
    desk.take(
        letter(CASEY, "All of them.", subject="Another matter", files={f"{n}.txt": b"x%d" % n for n in range(150)})
    )
    notice = desk.last("staff_new")
    text = " ".join(notice.text.split())
    assert len(list(notice.mail.iter_attachments())) == MOST_ALONG == 100
    assert text.count("is one too many to go along") == 10
    assert "40 more files stay with the ticket" in text
    assert text.count(".txt (") == 110 + 10


@pytest.mark.parametrize(("name", "content"), [("scan.pdf", SCAN), ("w2.pdf", b"the form")])
def test_a_file_of_a_ticket_can_be_had(desk: Desk, tmp_path: Path, name: str, content: bytes) -> None:
    done = CliRunner().invoke(cli.main, ["--config", str(tmp_path / "gateway.toml"), "ticket", "file", "1001", name])
    assert (done.exit_code, done.stdout_bytes) == (0, content)


def test_a_file_that_is_not_there_is_said_to_be_missing(desk: Desk, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["--config", str(tmp_path / "gateway.toml"), "ticket", "file", "1001", "x.pdf"])
    assert done.exit_code != 0
    assert "scan.pdf, w2.pdf" in done.output


def test_files_go_along_in_their_order_as_long_as_there_is_room() -> None:
    files = [FileRef(f"{n}", "application/pdf", size, "aa") for n, size in enumerate((3, GO_ALONG, GO_ALONG - 3, 1))]
    takes, leaves = go_along(files)
    assert [f.filename for f in takes] == ["0", "2"]
    assert [f.filename for f in leaves] == ["1", "3"]
