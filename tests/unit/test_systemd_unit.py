"""The shipped systemd unit stays as tight as we say it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "config" / "ticket-gateway.service"
MOST_EXPOSURE = 1.5


def text() -> str:
    return UNIT.read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_exposure():
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except subprocess.CalledProcessError as error:
        pytest.skip(f"systemd-analyze cannot look at a file here: {error.stderr.strip()}")
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert level, said
    assert float(level[1]) <= MOST_EXPOSURE, said


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "WatchdogSec=60",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "LoadCredential=secret.key:/etc/ticket-gateway/secret.key",
        "Restart=always",
        "OOMPolicy=continue",
    ],
)
def test_what_the_daemon_relies_on(line):
    assert line in text().splitlines()


def test_the_drain_ends_before_systemd_loses_patience():
    seconds = re.search(r"^TimeoutStopSec=(\d+)$", text(), re.MULTILINE)
    assert seconds
    assert int(seconds[1]) > 30
