"""A reader whose daemon was killed in the middle of a mail that never ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from gateway.inbound.reader_child import LENGTH
from gateway.inbound.reading import codec
from gateway.mail import ReadingContext

_ENDLESS = """
from gateway.inbound import reader_child
from gateway.inbound.reading import assemble

def endless(*_):
    while True:
        pass

reader_child.CPU_SECONDS = 0  # and one, for the beginning
assemble.read = endless
reader_child.main()
"""


def test_an_orphan_in_the_middle_of_a_mail_ends_by_its_limit_of_cpu_time() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        assert child.stdout.read(LENGTH.size) == LENGTH.pack(0), "it says that it is ready"
        for frame in (codec.dump_context(ReadingContext()), b"From: a@client.example\r\n\r\nhi\r\n"):
            child.stdin.write(LENGTH.pack(len(frame)) + frame)
        child.stdin.close()
        assert child.wait(100) == -signal.SIGXCPU
