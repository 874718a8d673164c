"""Not a control: the daemon's wall clock is off by the seconds that a file says (its path in FAULT_CLOCK)."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from gateway.app import Gateway
from gateway.store import utcnow


def apply() -> None:
    path = Path(os.environ["FAULT_CLOCK"])

    def skewed() -> datetime:
        return utcnow() + timedelta(seconds=float(path.read_text()))

    Gateway.open.__func__.__defaults__ = (skewed,)  # type: ignore[attr-defined]
