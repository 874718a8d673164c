"""Not a control: a fleet's bounds on silence, an eighth of the real ones and in the same order."""

from __future__ import annotations

from gateway.store import engine, fleet
from gateway.store.member import Member, Pace

PACE = Pace(beat=0.4, trust=1.6, grace=1.2, silence=3.2)
DEAD_SECONDS = 4
IDLE = "idle_in_transaction_session_timeout"


def apply() -> None:
    Member.__init__.__defaults__ = (PACE,)  # type: ignore[misc]
    fleet.DEAD_SECONDS = DEAD_SECONDS
    others = tuple(setting for setting in engine._SESSION if not setting.startswith(IDLE))
    engine._SESSION = (*others, f"{IDLE} = '{DEAD_SECONDS}s'")  # type: ignore[assignment]
