"""A COMMIT that got no answer is taken for one that was done."""

from __future__ import annotations

from gateway.store import transact
from gateway.store.outcome import Outcome


def apply() -> None:
    transact.outcome_of = lambda *_: Outcome.COMMITTED  # type: ignore[attr-defined]
