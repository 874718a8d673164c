"""What cannot be stored now is refused for good."""

from __future__ import annotations

from gateway.inbound import smtp_replies


def apply() -> None:
    smtp_replies.failed = lambda _: "554 5.0.0 cannot be stored"  # type: ignore[assignment]
