"""What a soak measured: a line of JSON for each figure and each control, and the table that is made of them.

A file may be written by several soaks, each of a part of the experiments; the last figure of an experiment counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = ("goal", "experiment", "figure", "control, and what it showed")


@dataclass(frozen=True)
class Figures:
    """The ledger of one file; a ``Figures(None)`` only prints."""

    path: Path | None

    def measured(self, goal: str, experiment: str, figure: str) -> None:
        """``experiment`` names it as the table shall, database included; ``figure`` is what came out."""
        self._note({"goal": goal, "experiment": experiment, "figure": figure})

    def control(self, goal: str, experiment: str, broken: str, seen: str) -> None:
        """What was ``broken`` on purpose in an experiment, and what the experiment's check said of it.

        ``experiment`` is one of ``measured``, or what several of them have in common at the start of their names.
        """
        self._note({"goal": goal, "experiment": experiment, "control": broken, "seen": seen})

    def _note(self, entry: dict[str, str]) -> None:
        line = json.dumps(entry)
        print(line)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(f"{line}\n")


@dataclass
class Row:
    goal: str
    experiment: str
    figure: str = "-"
    controls: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        controls = "; ".join(f"{broken}: {seen}" for broken, seen in self.controls.items())
        return self.goal, self.experiment, self.figure, controls or "-"


def rows(lines: Iterable[str]) -> list[Row]:
    """The table, by goal. A control joins every experiment whose name begins with its own."""
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    found: dict[tuple[str, str], Row] = {}
    for entry in (e for e in entries if "figure" in e):
        key = entry["goal"], entry["experiment"]
        found.setdefault(key, Row(*key)).figure = entry["figure"]
    for entry in (e for e in entries if "control" in e):
        goal, name = entry["goal"], entry["experiment"]
        fitting = [r for (g, e), r in found.items() if g == goal and e.startswith(name)]
        for row in fitting or [found.setdefault((goal, name), Row(goal, name))]:
            row.controls[entry["control"]] = entry["seen"]
    return sorted(found.values(), key=lambda row: (_number(row.goal), row.experiment))


def _number(goal: str) -> int:
    digits = re.search(r"\d+", goal)
    return int(digits[0]) if digits else 0


def table(lines: Iterable[str]) -> str:
    """Markdown, a row each."""
    body = [tuple(cell.replace("|", "\\|") for cell in row.cells) for row in rows(lines)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (HEAD, ("---",) * len(HEAD), *body))
