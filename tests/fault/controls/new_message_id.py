"""Each attempt to send a notice composes it anew, with a Message-ID of its own."""

from __future__ import annotations

import dataclasses
import itertools
import re
from datetime import datetime
from typing import Any

from gateway.desk.notices import Outgoing
from gateway.outbound.courier import Courier


def apply() -> None:
    attempt, numbers = Courier._attempt, itertools.count(1)

    def afresh(self: Courier, claim: Any, transport: Any) -> Any:
        outgoing = dataclasses.replace(claim.outgoing, composed=None)
        if not outgoing.attempts:
            return attempt(self, dataclasses.replace(claim, outgoing=outgoing), transport)

        def compose(outgoing: Outgoing, date: datetime) -> Any:
            composed = self.compose(outgoing, date)
            fresh = b"Message-ID: <fresh-%d@desk.example>" % next(numbers)
            return dataclasses.replace(composed, raw=re.sub(rb"Message-ID: <[^>]*>", fresh, composed.raw, count=1))

        other = dataclasses.replace(self, compose=compose)
        return attempt(other, dataclasses.replace(claim, outgoing=outgoing), transport)

    Courier._attempt = afresh  # type: ignore[method-assign]
