"""Reads every file under a folder as a message and counts what became of it.

    python tests/tools/corpora.py FOLDER [--out FILE]

Ends with status 1 when one of them showed a defect (``"error"``) or got no line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

BATCH = 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/corpora.jsonl"), help="where the lines go")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*") if path.is_file())
    if not files:
        print(f"no files under {arguments.folder}: make corpora CORPORA=FOLDER", file=sys.stderr)
        return 1
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    counts: Counter[str] = Counter()
    with arguments.out.open("w", encoding="utf-8") as out:
        for start in range(0, len(files), BATCH):
            counts += explain(files[start : start + BATCH], out)
    report(len(files), counts, time.monotonic() - began)
    return 1 if counts["error"] or counts["no line"] else 0


def explain(files: list[Path], out) -> Counter[str]:
    command = [sys.executable, "-m", "gateway", "explain", "--json", *map(str, files)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    out.writelines(f"{line}\n" for line in lines)
    counts = Counter(outcome(json.loads(line)) for line in lines)
    counts["no line"] += len(files) - len(lines)
    return counts


def outcome(told: dict) -> str:
    if "error" in told:
        print(f"{told['file']}: {told['error']}", file=sys.stderr)
        return "error"
    return "quarantine" if told.get("quarantine") else told["kind"]


def report(total: int, counts: Counter[str], seconds: float) -> None:
    for name, number in counts.most_common():
        if number:
            print(f"{number:8} {name}")
    print(f"{total:8} files, {1000 * seconds / total:.1f} ms each")


if __name__ == "__main__":
    sys.exit(main())
