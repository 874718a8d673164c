"""Where log lines go, and what never stands in them."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from gateway import log


@pytest.fixture(autouse=True)
def _quiet_afterwards():
    yield
    log.configure("error")


def _fail(secret: str) -> None:
    hidden = secret + " of Casey"
    raise ValueError(f"{len(hidden)} characters")


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_holds_no_values_of_variables(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", style)
    try:
        _fail("the tax return")
    except ValueError as error:
        log.service_failed("worker", error)
    shown = capsys.readouterr()
    assert "_fail" in shown.err
    assert "of Casey" not in shown.err.replace('secret + " of Casey"', "")
    assert "the tax return" not in shown.err.replace('_fail("the tax return")', "")
    assert shown.out == ""


def test_a_line_before_the_configuration_is_read_stays_off_stdout() -> None:
    script = "from gateway import log; log.mail_refused('test', 'early'); log.daemon_ready('1')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "mail_refused" in done.stderr
    assert "daemon_ready" not in done.stderr


def test_nobody_reading_the_log_stops_nothing() -> None:
    script = "import os\nfrom gateway import log\nos.close(2)\nlog.configure()\nlog.daemon_ready('1')\nprint('on')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "on\n"


class Pieces(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


def test_a_line_is_written_in_one_piece_so_that_a_kill_tears_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Pieces()
    monkeypatch.setattr(sys, "stderr", stderr)
    log.configure("info", "json")
    log.mail_decided(1, 2, "new ticket", "person")
    assert [piece.count("\n") for piece in stderr.pieces] == [1]
    assert stderr.pieces[0].endswith("}\n")
