"""Put the measured table into a page: ``figures.py build/figures.jsonl docs/reliability.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.figures import table

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def main(ledger: Path, page: Path) -> None:
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{page} has no lines {BEGIN.strip()} and {END.strip()}")
    page.write_text(before + BEGIN + table(ledger.read_text().splitlines()) + END + after)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
