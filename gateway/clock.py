"""The service that notices what no mail tells: dead letters, mailboxes that cannot be read, deadlines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import log
from gateway.desk import ticks
from gateway.desk.arrival import ReturnedNotice
from gateway.errors import Temporary
from gateway.inbound import situation
from gateway.inbound.worker import DeskSetup
from gateway.store import Store, mailboxes, outbox, tickets, timeshift, utcnow
from gateway.store.apply import Applier

_TURN_SECONDS = 5.0


class Clock:
    """``alert_after``: mailbox name → seconds of failure before the admins are told."""

    name = "clock"

    def __init__(
        self,
        store: Store,
        setup: Callable[[], DeskSetup],
        alert_after: Mapping[str, int],
        *,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._store = store
        self._setup = setup
        self._alert_after = alert_after
        self._clock = clock
        self._beat: Callable[[], None] = lambda: None

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self._beat = beat
        while not stop.is_set():
            try:
                self.tick()
            except Temporary as error:
                log.service_failed(self.name, error)
            beat()
            stop.wait(_TURN_SECONDS)

    def tick(self) -> int:
        """Decide whatever came due; returns how many things did."""
        pending = self._store.read(self._pending)
        if not pending:
            return 0
        self._beat()
        done = self._store.transact(self._decide, serial=True, beat=self._beat)
        self._store.notices_wait.set()
        return done

    def _pending(self, connection: sa.Connection) -> bool:
        return bool(
            outbox.died_untold(connection, limit=1)
            or self._unreachable(connection)
            or timeshift.stranded(connection, self._clock())
        )

    def _decide(self, connection: sa.Connection) -> int:
        done = timeshift.rescue(connection, self._clock())
        for row in outbox.died_untold(connection):
            try:
                with connection.begin_nested():
                    self._report_letter(connection, row)
            except sa.exc.DBAPIError:
                raise
            except Exception as error:  # noqa: BLE001 - one that cannot be told must not hide the others
                log.service_failed(self.name, error)
            outbox.mark_told(connection, row.id)
            done += 1
        for box in self._unreachable(connection):
            self._report_mailbox(connection, box)
            done += 1
        return done

    def _report_letter(self, connection: sa.Connection, row: sa.Row[Any]) -> None:
        now, setup = self._clock(), self._setup()
        facts = situation.situation(connection, None, now)
        ticket = tickets.get(connection, row.ticket) if row.ticket is not None else None
        notice = ReturnedNotice(row.id, row.ticket, row.kind, row.recipient, row.subject)
        decision = ticks.dead_letter(ticks.DeadLetter(notice, row.reply), ticket, facts)
        Applier(connection, now, setup.mint).apply(decision)

    def _report_mailbox(self, connection: sa.Connection, box: sa.Row[Any]) -> None:
        now, setup = self._clock(), self._setup()
        facts = situation.situation(connection, None, now)
        decision = ticks.mailbox_unreachable(box.name, box.failed_since, box.error, facts)
        Applier(connection, now, setup.mint).apply(decision)
        mailboxes.mark_told(connection, box.name)

    def _unreachable(self, connection: sa.Connection) -> list[sa.Row[tuple[object, ...]]]:
        now = self._clock()
        return [
            box
            for box in mailboxes.health(connection)
            if box.name in self._alert_after
            and box.failed_since is not None
            and not box.told
            and box.failed_since + timedelta(seconds=self._alert_after[box.name]) <= now
        ]
