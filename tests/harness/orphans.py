"""Reading children: of a daemon that lives, and of one that was killed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

_MARK = b"\0gateway.inbound.reader_child\0"


def readers(daemon: int) -> list[int]:
    """Process ids of the readers that a daemon started; also when it is dead, for each carries its parent's id."""
    return [int(f.name) for f in Path("/proc").glob("[0-9]*") if _parent(int(f.name)) == daemon]


def _parent(pid: int) -> int:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return 0
    return int(command.partition(_MARK)[2].partition(b"\0")[0] or 0)


def _adopted(pid: int) -> bool:
    """Is it another's child by now than of the daemon that started it?"""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return int(status.rpartition(")")[2].split()[1]) != _parent(pid)


def kill_one(daemon: int) -> bool:
    """SIGKILL to a reader of a daemon, if there is one."""
    for pid in readers(daemon)[:1]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
    return False


@dataclass
class Orphans:
    """How long readers outlived their daemons; ``longest`` is in seconds, as often as ``look`` is called."""

    longest: float = 0.0
    seen: int = 0
    _dead: dict[int, float] = field(default_factory=dict)
    _left: dict[int, int] = field(default_factory=dict)

    def of(self, daemon: int) -> None:
        """This one was killed just now."""
        self._dead[daemon] = time.monotonic()
        found = readers(daemon)
        self.seen += len(found)
        self._left.update(dict.fromkeys(found, daemon))

    def look(self) -> None:
        for pid, daemon in list(self._left.items()):
            if _parent(pid) == daemon:
                self.longest = max(self.longest, time.monotonic() - self._dead[daemon])
            else:
                del self._left[pid]

    def alive(self) -> list[int]:
        """All that still run, of every daemon that was killed; ids of processes come round again."""
        found = [int(f.name) for f in Path("/proc").glob("[0-9]*") if _parent(int(f.name)) in self._dead]
        return [pid for pid in found if _adopted(pid)]
