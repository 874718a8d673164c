"""What one mail costs the process that reads it: CPU time, and memory at its most."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.cpu import cpu_seconds

from gateway.inbound.reader_child import ADDRESS_SPACE, receive, send
from gateway.inbound.reading import codec
from gateway.mail import InboundMail, ReadingContext

READER = "from gateway.inbound import reader_child; reader_child.main()"


@dataclass(frozen=True)
class Cost:
    """``mail`` is None where the reader died."""

    cpu_seconds: float
    peak_bytes: int
    mail: InboundMail | None


class WatchedReader:
    """A reader's child of our own; it stays for the next mail where the daemon's would be replaced. ``close`` it.

    ``before`` is code that it runs first.
    """

    def __init__(self, before: str = "") -> None:
        paths = os.pathsep.join(p for p in sys.path if p)
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{READER}", str(os.getpid()), str(ADDRESS_SPACE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        receive(self._answers)  # type: ignore[arg-type]  # it is ready

    def read(self, raw: bytes) -> Cost:
        pid = self._process.pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # what has been the most so far is forgotten
        before = cpu_seconds(pid)
        for frame in (codec.dump_context(ReadingContext()), raw):
            send(self._requests, frame)  # type: ignore[arg-type]
        answer = receive(self._answers)  # type: ignore[arg-type]
        spent, peak = cpu_seconds(pid) - before, self._peak()
        return Cost(spent, peak, codec.load(answer) if answer is not None else None)

    def _peak(self) -> int:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0  # it has died, and has no memory any more

    def close(self) -> None:
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        self._process.kill()
        self._process.wait(10)
