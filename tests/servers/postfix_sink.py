"""Postfix's own smtp-sink: takes mail and keeps a copy, or fails as its options say."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

from servers.ports import HOST, as_user, end, free_port, launch, owner, remove, require, scratch, wait_until

_PATIENCE = 1000
"""Seconds that it waits for a client; its own default of 100 is less than the experiments take."""
_ADDED = re.compile(rb"\AX-Client-Addr: .*?\nReceived: [^\n]*\n(?:\t[^\n]*\n)+", re.DOTALL)
"""What it writes above the mail in its copy."""


class PostfixSink:
    """Started on creation, gone after ``close()``; ``options`` are those of smtp-sink(1), e.g. "-q", "RCPT"."""

    def __init__(self, *options: str, port: int = 0) -> None:
        binary = require("smtp-sink", "postfix")
        user = owner()
        self.port = port or free_port()
        self.folder = scratch("smtp-sink", user)
        kept = ["-d", f"{self.folder}/mail."]
        command = [str(binary), "-t", str(_PATIENCE), *options, *kept, f"{HOST}:{self.port}", "64"]
        self._process: subprocess.Popen[bytes] | None = launch(as_user(user, command), Path("/dev/null"))
        wait_until(self._listens, "smtp-sink's readiness")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "smtp-sink has ended"
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def mails(self) -> list[bytes]:
        """Everything whose end it has heard, whatever it answered; lines end in LF, as smtp-sink writes them."""
        copies = sorted(self.folder.glob("mail.*"), key=lambda path: path.stat().st_mtime_ns)
        return [_ADDED.sub(b"", text) for text in (path.read_bytes() for path in copies) if text]

    def close(self) -> None:
        end(self._process)
        self._process = None
        remove(self.folder)
