"""The daemon begins four seconds late."""

from __future__ import annotations

import time


def apply() -> None:
    time.sleep(4)
