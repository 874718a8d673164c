"""A COMMIT that got no answer is taken for one that failed, and done again."""

from __future__ import annotations

from gateway.store.outcome import Outcome, Witness


def apply() -> None:
    Witness.outcome = lambda *_: Outcome.ABORTED  # type: ignore[method-assign]
