"""A desk's outbox in this process: the real gateway, store and sender, and a clock that is set by hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness import stored
from harness.daemon import Daemon
from harness.field import CONFIG
from servers.ports import wait_until

from gateway import config
from gateway.app import Gateway
from gateway.clock import Clock
from gateway.desk.notices import NoticeState
from gateway.mail import Address
from gateway.store import schema as s

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_END = (NoticeState.SENT, NoticeState.DEAD)


@dataclass
class Post:
    """``port`` is the relay's, ``outbound`` more lines of [outbound.smtp]. ``close`` it.

    ``daemon`` is never started: it holds the configuration, and is asked by the command line.
    """

    folder: Path
    port: int
    database: str = ""
    outbound: str = ""
    now: datetime = START
    daemon: Daemon = field(init=False)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        database = self.database or "sqlite:///gateway.db"
        text = CONFIG.format(database=database, smtp=1, out=self.port, outbound=self.outbound)
        self.daemon = Daemon(self.folder, text)
        self.url = self.database or f"sqlite:///{self.folder}/gateway.db"
        self.gateway = Gateway.open(config.load(Path(self.daemon.config)), lambda: self.now)

    def close(self) -> None:
        self.gateway.close()

    # --- notices ------------------------------------------------------------------------------------

    def add(self, address: str, **values: Any) -> int:
        """A notice that is due now."""
        notice = stored.notice(self.gateway.store, Address("", address))
        change = {"created_at": self.now, "due_at": self.now} | values
        self._execute(sa.update(s.notice).where(s.notice.c.id == notice).values(change))
        return notice

    def _execute(self, statement: sa.Update) -> None:
        self.gateway.store.transact(lambda c: c.execute(statement) and None)

    def row(self, notice: int) -> sa.Row[Any]:
        return stored.notice_row(self.gateway.store, notice)

    def quiet(self) -> bool:
        """Nothing is under way or due at the present time."""
        busy = s.notice.c.lease.is_not(None) | (s.notice.c.due_at <= self.now)
        query = sa.select(sa.func.count()).where(s.notice.c.state.not_in(_END), busy)
        return not self.gateway.store.read(lambda c: c.execute(query).scalar())

    def next_due(self) -> datetime | None:
        """When the next attempt of any notice is due."""
        query = sa.select(sa.func.min(s.notice.c.due_at)).where(s.notice.c.state.not_in(_END))
        return self.gateway.store.read(lambda c: c.execute(query).scalar())

    # --- services -----------------------------------------------------------------------------------

    @contextmanager
    def sending(self, senders: int = 1) -> Iterator[None]:
        """With so many senders at work on the outbox."""
        stop = threading.Event()
        threads = [threading.Thread(target=self.gateway.sender().run, args=(stop, _nothing)) for _ in range(senders)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            self.wake()
            for thread in threads:
                thread.join(40)
            assert not any(thread.is_alive() for thread in threads)

    def wake(self) -> None:
        self.gateway.store.notices_wait.set()

    def settle(self, seconds: float = 60, senders: int = 1) -> None:
        """Send whatever is due."""
        with self.sending(senders):
            wait_until(self.quiet, "the outbox to be quiet", seconds)

    def tick(self) -> None:
        """The clock's turn: dead letters are told."""
        Clock(self.gateway.store, self.gateway.setup_now, {}, clock=lambda: self.now).tick()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _nothing() -> None:
    pass
