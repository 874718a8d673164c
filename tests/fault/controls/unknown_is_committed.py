"""A COMMIT that got no answer is taken for one that was done."""

from __future__ import annotations

from gateway.store.outcome import Outcome, Witness


def apply() -> None:
    Witness.outcome = lambda *_: Outcome.COMMITTED  # type: ignore[method-assign]
