"""The listener says 250 first, and stores a moment later."""

from __future__ import annotations

import asyncio

from gateway.inbound import smtp_replies
from gateway.inbound.smtp_intake import Intake
from gateway.inbound.smtp_limits import Lease
from gateway.mail import Envelope


def apply() -> None:
    stored = Intake._stored

    async def promised(self: Intake, raw: bytes, envelope: Envelope, lease: Lease) -> str:
        async def later() -> None:
            await asyncio.sleep(0.4)
            await stored(self, raw, envelope, lease)

        task = asyncio.get_running_loop().create_task(later())
        task.add_done_callback(lambda _: None)  # holds it
        return smtp_replies.accepted(0)

    Intake._stored = promised  # type: ignore[method-assign]
