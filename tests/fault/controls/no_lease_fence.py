"""What was claimed once is marked, sent and settled, whoever holds it now."""

from __future__ import annotations

import sqlalchemy as sa

from gateway.desk.notices import Claim
from gateway.store import outbox
from gateway.store import schema as s


def apply() -> None:
    def claimed_once(claim: Claim) -> sa.ColumnElement[bool]:
        return s.notice.c.id == claim.outgoing.id

    outbox._held = claimed_once
