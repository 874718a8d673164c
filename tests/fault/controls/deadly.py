"""Not a control: mail with "poison-" in it kills the process that reads it, as a bug in a C library would."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

from gateway.inbound import reader


def apply() -> None:
    """In the daemon: its reading child is this module."""
    popen = subprocess.Popen

    def other(command: list[str], **options: Any) -> Any:
        return popen([part.replace(READER, __name__) for part in command], **options)

    class Planted:
        PIPE, DEVNULL, TimeoutExpired, Popen = subprocess.PIPE, subprocess.DEVNULL, subprocess.TimeoutExpired, other

    reader.subprocess = Planted  # type: ignore[attr-defined, assignment]


READER = "gateway.inbound.reader_child"


def main() -> None:
    """The child."""
    from gateway.inbound import reader_child
    from gateway.inbound.reading import assemble

    read = assemble.read

    def deadly(raw: bytes, *context: Any) -> Any:
        if b"poison-" in raw:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(raw, *context)

    assemble.read = deadly
    reader_child.main()


if __name__ == "__main__":
    main()
