"""What became of a transaction whose COMMIT got no answer: PostgreSQL remembers, and is asked."""

from __future__ import annotations

import time
from enum import Enum

import sqlalchemy as sa

from gateway.errors import Temporary

_TRIES = 8
_FIRST_PAUSE = 0.05


class Outcome(Enum):
    COMMITTED = "committed"
    ABORTED = "aborted"


def transaction_id(connection: sa.Connection) -> str | None:
    """The id of this transaction, or None while it has changed nothing."""
    number = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
    return None if number is None else str(number)


def outcome_of(engine: sa.Engine, number: str) -> Outcome:
    """How the transaction ended (PostgreSQL's pg_xact_status).

    Raises Temporary when that cannot be found out within some seconds: it may have been committed or not.
    """
    for attempt in range(_TRIES):
        time.sleep(_FIRST_PAUSE * 2**attempt)
        try:
            with engine.connect() as connection:
                status = connection.execute(
                    sa.text("SELECT pg_xact_status(CAST(:number AS xid8))"), {"number": number}
                ).scalar()
        except (sa.exc.DBAPIError, sa.exc.TimeoutError):
            continue
        if status in {"committed", "aborted"}:
            return Outcome(status)
    raise Temporary("the database was lost during COMMIT; whether the work was stored is not known")
