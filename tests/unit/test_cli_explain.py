"""``gateway explain``: a line a file, whatever is in it, and a screen for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.explain import explain

RAW = (
    b"From: Casey Client <casey@client.example>\r\nTo: support@desk.example\r\nSubject: Printer \x1b[31mburns\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <a@client.example>\r\n\r\n"
    b"It burns.\r\n\r\n-- \r\nCasey\r\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.eml").write_bytes(RAW)
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 10)
    return tmp_path


def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(explain, [str(a) for a in arguments], input=stdin)


def test_a_json_line_a_file_in_order(folder: Path) -> None:
    names = [folder / "noise.bin", folder / "good.eml", folder / "empty.eml"]
    done = run("--json", *names)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == [str(n) for n in names]
    assert [row["quarantine"] is None for row in rows] == [False, True, False]
    assert rows[1]["from"] == {"name": "Casey Client", "address": "casey@client.example"}
    assert rows[1]["reply"] == "It burns."
    assert done.exit_code == 0


def test_a_file_that_is_not_there_is_an_error_and_the_others_are_read(folder: Path) -> None:
    done = run("--json", folder / "absent.eml", folder / "good.eml")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "error" in rows[0]
    assert rows[1]["message_id"] == "a@client.example"
    assert done.exit_code == 1


def test_standard_input(folder: Path) -> None:
    assert json.loads(run("--json", "-", stdin=RAW).stdout)["message_id"] == "a@client.example"


def test_the_screen_shows_the_evidence_and_no_control_characters(folder: Path) -> None:
    shown = run(folder / "good.eml").stdout
    for expected in ("Casey Client <casey@client.example>", "kind  person", "new text:", "| It burns.", "signature:"):
        assert expected in shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) < 40
