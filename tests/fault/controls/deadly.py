"""Not a control: mail with "poison-" in it kills the process that reads it, as a bug in a C library would.

Each death is a line in the file FAULT_KILLS, if there is one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import Any

from gateway.inbound import reader


def apply() -> None:
    """In the daemon: its reading child is this module."""
    popen = subprocess.Popen

    def other(command: list[str], **options: Any) -> Any:
        options["env"] = {**options["env"], LEDGER: os.environ.get(LEDGER, "")}
        return popen([part.replace(READER, __name__) for part in command], **options)

    class Planted:
        PIPE, DEVNULL, TimeoutExpired, Popen = subprocess.PIPE, subprocess.DEVNULL, subprocess.TimeoutExpired, other

    reader.subprocess = Planted  # type: ignore[attr-defined, assignment]


READER = "gateway.inbound.reader_child"
LEDGER = "FAULT_KILLS"


def _note(raw: bytes) -> None:
    found = re.search(rb"poison-[a-z]+-\d+", raw)
    if found and os.environ[LEDGER]:
        ledger = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(ledger, found[0] + b"\n")


def main() -> None:
    """The child."""
    from gateway.inbound import reader_child
    from gateway.inbound.reading import assemble

    read = assemble.read

    def deadly(raw: bytes, *context: Any) -> Any:
        if b"poison-" in raw:
            _note(raw)
            os.kill(os.getpid(), signal.SIGKILL)
        return read(raw, *context)

    assemble.read = deadly
    reader_child.main()


if __name__ == "__main__":
    main()
