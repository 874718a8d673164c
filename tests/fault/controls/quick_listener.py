"""Not a control: the listener's bounds on time, short enough for a test."""

from __future__ import annotations

from functools import partial

from gateway.inbound import smtp
from gateway.inbound.smtp_limits import Limits


def apply() -> None:
    smtp.Limits = partial(Limits, transaction=6.0)  # type: ignore[misc, assignment]
