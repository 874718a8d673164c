"""Odd input to the commands: one line that says why, the right exit status, and no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from harness.desk import Desk, letter

from gateway import cli, config
from gateway.errors import ConfigError
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


def call(
    folder: Path, *arguments: str, shell: str = "", stdin: str = "", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "--config", str(folder / "gateway.toml"), *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, capture_output=True, encoding=encoding, input=stdin, timeout=120, env=environment)


def inside(folder: Path, *arguments: str) -> Result:
    """The same in this process, for what does not depend on how a process starts and ends."""
    done = CliRunner().invoke(cli.main, ["--config", str(folder / "gateway.toml"), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


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
    assert inside(folder, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "why"), [(("ticket", "note", "1", " "), "empty"), (("ticket", "show", "7"), "no ticket 7")]
)
def test_what_cannot_be_done_is_a_line_and_status_1(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    done = inside(folder, *arguments)
    assert done.exit_code == 1
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
    assert "closed" in inside(folder, "ticket", "close", "1001").stdout
    assert inside(folder, "ticket", "close", "1001").stdout == "Nothing to change.\n"


HOSTILE = (
    "From: Casey \u7530 <casey@client.example>\nTo: support@desk.example\nSubject: \u7530\n"
    "List-Id: <news.client.example>\nContent-Type: text/plain; charset=utf-8\n\n"
    "hello \x1b[2J\x1b]0;gone\x07 \u202e end\n"
)


def test_no_control_character_of_a_mail_reaches_the_terminal(folder: Path) -> None:
    desk = Desk.open(folder, agents=[{"handle": "olivia", "name": "Olivia", "address": "olivia@desk.example"}])
    try:
        desk.take(HOSTILE.encode(), sender="news@client.example", to=["support@desk.example"])
        desk.take(HOSTILE.replace("List-Id", "X-Nothing").encode(), sender="c@d.example", to=["support@desk.example"])
        waiting = desk.quarantined()[0].id
    finally:
        desk.close()
    for arguments in (("ticket", "show", "1001"), ("ticket", "list"), ("quarantine", "show", str(waiting))):
        shown_here = inside(folder, *arguments)
        assert shown_here.exit_code == 0, shown_here.stderr
        assert not {"\x1b", "\x07", "\u202e"} & set(shown_here.stdout)
    on_latin = call(folder, "ticket", "show", "1001", encoding="latin-1")
    assert on_latin.returncode == 0, on_latin.stderr
    assert not {"\x1b", "\x07"} & set(on_latin.stdout)
    shown = json.loads(call(folder, "ticket", "show", "1001", "--json", encoding="latin-1").stdout)
    assert shown["subject"] == "\u7530"
    raw = call(folder, "quarantine", "show", str(waiting), "--raw").stdout
    assert raw == HOSTILE


def test_the_daemon_does_not_start_with_a_template_that_is_wrong(folder: Path) -> None:
    (folder / "own" / "en").mkdir(parents=True)
    (folder / "own" / "en" / "received.txt.j2").write_text("{{ nobody }}")
    (folder / "gateway.toml").write_text(CONFIG + '[notices]\ntemplates = "own"\n')
    done = call(folder, "run")
    assert done.returncode == 2
    assert "received.txt.j2" in done.stderr
    assert not (folder / "gateway.db").exists()


def test_a_reload_with_a_template_that_is_wrong_changes_nothing(folder: Path) -> None:
    (folder / "own" / "en").mkdir(parents=True)
    desk = Desk.open(folder)
    try:
        before = desk.gateway.settings
        (folder / "own" / "en" / "received.txt.j2").write_text("{% if %}")
        changed = config.parse(
            {**tomllib.loads(CONFIG), "notices": {"templates": "own"}, "routing": {"default_owner": "olivia"}}, folder
        )
        with pytest.raises(ConfigError, match="received"):
            desk.gateway.reload(changed)
        assert desk.gateway.settings is before
        (folder / "own" / "en" / "received.txt.j2").write_text("Number {{ ticket.number }}")
        desk.gateway.reload(changed)
        desk.take(letter("casey@client.example", "hello"))
        assert desk.last("received").text.strip() == "Number 1001"
    finally:
        desk.close()


def test_a_database_is_not_for_everybody_on_the_machine(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        assert call(folder, "ingest", stdin=MAIL).returncode == 0
    finally:
        os.umask(before)
    assert (folder / "gateway.db").stat().st_mode & 0o027 == 0
