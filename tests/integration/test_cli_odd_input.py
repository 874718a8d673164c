"""Odd input to the commands: one line that says why, the right exit status, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from harness.desk import Desk, letter

from gateway.threading.token import Keyring

CONFIG = """\
[desk]
name = "Acme Support"
address = "support@desk.example"

[outbound.maildir]
path = "outgoing"

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
"""
MAIL = "From: casey@client.example\nTo: support@desk.example\nSubject: hi\n\nhello\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text(CONFIG)
    (tmp_path / "secret.key").write_text(Keyring.fresh_line())
    return tmp_path


def call(folder: Path, *arguments: str, shell: str = "", stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "--config", str(folder / "gateway.toml"), *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=60)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ticket", "show", "9" * 30),
        ("ticket", "close", "9" * 30),
        ("queue", "retry", "9" * 30),
        ("quarantine", "show", "9" * 30),
    ],
)
def test_a_number_that_no_database_holds_is_wrong_usage(folder: Path, arguments: tuple[str, ...]) -> None:
    done = call(folder, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"), [(("ticket", "note", "1", " "), "empty"), (("ticket", "show", "7"), "no ticket 7")]
)
def test_what_cannot_be_done_is_a_line_and_status_1(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    done = call(folder, *arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_full_disk_behind_stdout_is_a_line(folder: Path) -> None:
    done = call(folder, "status", shell=">/dev/full")
    assert (done.returncode, done.stderr) == (1, "No space left on device\n")


@pytest.mark.parametrize(
    ("arguments", "shell"),
    [
        ((), "<&-"),
        (("--no-such-option",), ""),
        (("/no/such/file",), ""),
        (("/tmp",), ""),
    ],
)
def test_ingest_never_makes_the_mta_send_a_mail_back_for_a_slip_of_ours(
    folder: Path, arguments: tuple[str, ...], shell: str
) -> None:
    done = call(folder, "ingest", *arguments, shell=shell, stdin=MAIL)
    assert done.returncode == 75
    assert "Traceback" not in done.stderr


def test_closing_twice_says_that_nothing_changed(folder: Path) -> None:
    assert call(folder, "ingest", stdin=MAIL).returncode == 0
    desk = Desk.open(folder, agents=[{"handle": "olivia", "name": "Olivia", "address": "olivia@desk.example"}])
    try:
        desk.take(letter("casey@client.example", "hello"))
    finally:
        desk.close()
    assert "closed" in call(folder, "ticket", "close", "1001").stdout
    assert call(folder, "ticket", "close", "1001").stdout == "Nothing to change.\n"
