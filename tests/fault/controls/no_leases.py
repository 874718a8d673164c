"""Claims without a lease and without SKIP LOCKED: who sees a mail or a notice works on it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fault.controls import no_lease_fence

from gateway.store import fleet, inbox


def apply() -> None:
    fleet.free = lambda *_: sa.true()
    inbox.holds = lambda *_: True
    no_lease_fence.apply()
    select_for_update = sa.Select.with_for_update

    def unlocked(self: Any, **options: Any) -> Any:
        return self if options.get("skip_locked") else select_for_update(self, **options)

    sa.Select.with_for_update = unlocked  # type: ignore[method-assign, assignment]
