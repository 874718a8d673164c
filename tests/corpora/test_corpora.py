"""The score over mail that other projects keep for their own tests holds its floor.

The corpora are no part of the project: they are looked for in ``$GATEWAY_CORPORA`` and beside the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "chatwoot": 97,
    "forwards_crisp": 97,
    "mailtop_bounce_email": 97,
    "mime_stalwart": 92,
    "mime_webklex": 93,
    "mime_zbateson": 97,
    "otobo": 97,
    "redmine": 94,
    "replies_github": 95,
    "replies_talon": 90,
    "roundup": 97,
    "rt": 97,
    "rawonly_mimekit_tnef": 100,
    "rawonly_spamscope": 100,
}
"""A quick sample of the sources: the percentage of checks that must hold."""
SHARES = 3
"""Several processes read at the same time."""


def corpora() -> Path:
    places = [Path(os.environ["GATEWAY_CORPORA"])] if "GATEWAY_CORPORA" in os.environ else []
    found = next((p for p in [*places, ROOT.parent / "shared" / "corpora"] if (p / "score.py").is_file()), None)
    if found is None:
        pytest.skip("no corpora: set GATEWAY_CORPORA to score reading against other projects' mail")
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", range(SHARES))
def test_the_score_holds_its_floor(start: int) -> None:
    place = corpora()
    sources = [name for name in list(FLOORS)[start::SHARES] if (place / name).is_dir()]
    if not sources:
        pytest.skip("no such sources here")
    command = f"{sys.executable} -m gateway"
    done = subprocess.run(
        [sys.executable, str(place / "score.py"), "--json", "--gateway", command, *sources],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    table = json.loads(done.stdout)["sources"]
    scores = {
        source: 100 * sum(passed for passed, _ in kinds.values()) / max(1, sum(of for _, of in kinds.values()))
        for source, kinds in table.items()
    }
    short = {source: round(score, 1) for source, score in scores.items() if score < FLOORS[source]}
    assert not short
