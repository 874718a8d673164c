"""How long an experiment is: short in ``make test``, full in ``make soak``."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

SOAK = bool(os.environ.get("GATEWAY_SOAK"))
"""Is this a soak?"""


def scaled(short: T, full: T) -> T:
    """The size, length or number of an experiment; ``timeout(scaled(300, 0))`` ends the short one alone."""
    return full if SOAK else short
