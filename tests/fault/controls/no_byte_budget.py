"""The listener takes as many bytes at once as anybody sends."""

from __future__ import annotations

from gateway.inbound.smtp_limits import Lease


def apply() -> None:
    Lease.cover = lambda *_: True  # type: ignore[method-assign]
