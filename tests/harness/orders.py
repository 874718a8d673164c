"""Commands beside a running daemon, each of which dies at a point and is given again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from harness.failpoints import STATUS
from harness.field import Field

DEAD = "SELECT id FROM notice WHERE state = 'dead' ORDER BY id"
POISON = "SELECT id FROM inbox WHERE state = 'quarantined' ORDER BY id"
TICKETS = "SELECT number FROM ticket WHERE status = 'new' ORDER BY number"


@dataclass(frozen=True)
class Order:
    """A command for the things that ``query`` finds; ``carried_out`` counts where it has had its effect, once."""

    words: tuple[str, ...]
    query: str
    carried_out: str


ORDERS = {
    "queue retry": Order(("queue", "retry"), DEAD, "SELECT count(*) FROM notice WHERE id = :id AND attempts > 1"),
    "queue drop": Order(("queue", "drop"), DEAD, "SELECT count(*) FROM notice WHERE id = :id AND state = 'dropped'"),
    "quarantine release": Order(
        ("quarantine", "release"), POISON, "SELECT count(*) FROM inbox WHERE id = :id AND forced"
    ),
    "quarantine drop": Order(
        ("quarantine", "drop"), POISON, "SELECT count(*) FROM inbox WHERE id = :id AND state = 'dropped'"
    ),
    "order": Order(("ticket", "close"), TICKETS, "SELECT count(*) FROM notice WHERE ticket = :id AND kind = 'closed'"),
}


def asked(url: str, query: str, **values: Any) -> list[Any]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return list(connection.execute(sa.text(query), values).scalars())
    finally:
        engine.dispose()


def given(desk: Field, *words: str, point: str = "") -> int:
    """The exit status of a command, in a process that is made as a daemon is."""
    assert desk.daemon.nursery is not None
    environment = {**desk.daemon.environment, "FAULT_POINT": point, "FAULT_AT": "1", "FAULT_SIGNAL": ""}
    environment["FAULT_LEDGER"] = str(desk.ledger)
    log = desk.daemon.folder / "orders.log"
    return desk.daemon.nursery.start(["--config", desk.daemon.config, *words], environment, log).wait(120)


def insist(desk: Field, point: str, *words: str, over: Callable[[int], bool] = lambda status: True) -> None:
    """Die at the point; then as whoever gave the order would: once more, until it is ``over``."""
    assert given(desk, *words, point=point) == STATUS
    while not over(given(desk, *words)):
        pass
