"""CPU time of process trees, from /proc: what a machine's speed and its other load have little part in."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int) -> float:
    """User and system time of a process, its descendants, and those of them that have ended and been waited for."""
    parents: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(folder.name)
        parents.setdefault(int(fields[1]), []).append(pid)
        spent[pid] = sum(map(int, fields[11:15])) / _TICKS
    total, family = 0.0, [root]
    while family:
        pid = family.pop()
        total += spent.get(pid, 0.0)
        family += parents.get(pid, [])
    return total
