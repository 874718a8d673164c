"""What the commands about a desk share: opening it, and orders carried out in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from gateway import cli
from gateway.errors import Permanent
from gateway.store import Store, open_current, tickets

if TYPE_CHECKING:  # the whole desk is loaded for those that act, not for those that only look
    from gateway.app import Gateway
    from gateway.desk.decision import Decision
    from gateway.desk.model import Ticket
    from gateway.desk.policy import Policy, Situation


@contextmanager
def opened(ctx: click.Context) -> Iterator[Gateway]:
    """The desk of the configuration, closed afterwards."""
    from gateway.app import Gateway

    desk = Gateway.open(cli.settings(ctx), upgrade=False)
    try:
        yield desk
    finally:
        desk.close()


@contextmanager
def opened_store(ctx: click.Context) -> Iterator[Store]:
    """The store alone: nothing of the configuration is written into it."""
    store = open_current(cli.settings(ctx).database_url())
    try:
        yield store
    finally:
        store.close()


def ticket_or_fail(connection: sa.Connection, number: int, *, whole: bool = False) -> Ticket:
    """Raises Permanent when there is no such ticket."""
    found = tickets.get(connection, number, whole=whole)
    if found is None:
        raise Permanent(f"there is no ticket {number}")
    return found


def order(desk: Gateway, number: int, decide: Callable[[Ticket, Policy, Situation], Decision]) -> tuple[str, ...]:
    """Decide and apply in one transaction; returns what was done. Raises Refused when it cannot be."""
    from gateway.inbound import situation
    from gateway.store.apply import Applier

    def work(connection: sa.Connection) -> Decision:
        now = desk.clock()
        ticket = ticket_or_fail(connection, number)
        decision = decide(ticket, desk.setup.policy, situation.situation(connection, None, now))
        Applier(connection, now, desk.setup.mint).apply(decision)
        return decision

    return desk.store.transact(work, serial=True).lines
