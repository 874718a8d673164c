"""From a stored mail to a decided one: claim, read, match, decide, apply. The body is a table of contents."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateway import log
from gateway.desk import decide, ticks
from gateway.desk.arrival import Arrival
from gateway.desk.decision import Decision
from gateway.desk.policy import Policy
from gateway.errors import Poison, Temporary
from gateway.inbound import situation
from gateway.inbound.reader import START_SECONDS, Reader
from gateway.inbound.situation import Prepared
from gateway.mail import InboundMail, Kind, ReadingContext
from gateway.store import Store, fleet, inbox, utcnow
from gateway.store.apply import Applier
from gateway.store.inbox import Claimed
from gateway.threading.authenticity import Border
from gateway.threading.token import Minter, new_nonce

_POLL_SECONDS = 1.0
_BATCH = 4
LARGE = 4 << 20
"""Bytes of a mail of which one at a time is read and decided."""
_large = threading.Lock()
_FILES = 100
_FILE_BYTES = 1 << 20
"""Files of a mail, and bytes of them, that are stored together with what is decided."""
_PATIENCE_SECONDS = 60.0
_MARGIN_SECONDS = 15.0
"""Reading is the longest that happens between two beats; on a busy machine its own bounds come a little late."""
_STORE_SECONDS = 150.0
"""What claiming, deciding and settling one mail may take at the very most.

A lease outlasts a batch of the slowest mails: nobody else reads what is being read. It need not run out where a daemon
dies: its leases are free at its restart (SQLite), or when its beats are missed (``gateway.store.fleet``).
"""


@dataclass(frozen=True, slots=True)
class DeskSetup:
    """What the configuration makes of the desk: rules, keys and what reading may know."""

    policy: Policy
    minter: Minter
    reading: ReadingContext
    border: Border = field(default_factory=Border)

    def mint(self, ticket: int, person: int) -> str:
        return self.minter.message_id(ticket, person, new_nonce())


class Worker:
    """A service: decides mail until it is told to stop. Any number may run, on any number of hosts."""

    def __init__(
        self,
        store: Store,
        setup: Callable[[], DeskSetup],
        open_reader: Callable[[], Reader],
        *,
        name: str = "worker",
        reader_seconds: float = 15.0,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self.name = name
        self.patience_seconds = max(_PATIENCE_SECONDS, reader_seconds + START_SECONDS + _MARGIN_SECONDS)
        self._lease_seconds = math.ceil(_BATCH * (reader_seconds + START_SECONDS) + _STORE_SECONDS)
        self._store = store
        self._setup = setup
        self._open_reader = open_reader
        self._reader = open_reader()  # starts no child before its first mail
        self._clock = clock
        self._lease = fleet.new_lease()
        """The name of the next claim; a claim that failed keeps it."""
        self._owed: list[_Owed] = []
        self._beat: Callable[[], None] = lambda: None

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self._reader = self._open_reader()
        self._beat = beat
        try:
            while not stop.is_set():
                beat()
                if not self.work(stop):
                    self._store.mail_waits.wait(_POLL_SECONDS)
                    self._store.mail_waits.clear()
        finally:
            self.close()

    def close(self) -> None:
        """End the reading child."""
        self._reader.close()

    def work(self, stop: threading.Event | None = None) -> int:
        """Decide a batch; returns how many mails it had.

        One worker at a time takes large mail, which needs several times its size; the others go on with the rest.
        """
        may_be_large = _large.acquire(blocking=False)
        try:
            return self._batch(stop, None if may_be_large else LARGE)
        finally:
            if may_be_large:
                _large.release()

    def _batch(self, stop: threading.Event | None, largest: int | None) -> int:
        if not self._pay():
            return 0
        try:
            now = self._clock()
            holder, seconds, lease = self._store.holder, self._lease_seconds, self._lease
            batch = self._store.transact(
                lambda c: inbox.claim(
                    c, now, limit=_BATCH, lease_seconds=seconds, holder=holder, largest=largest, lease=lease
                ),
                beat=self._beat,
            )
        except Temporary as error:  # it may have taken mail all the same, which the next claim then gets
            log.service_failed(self.name, error)
            return 0
        self._lease = fleet.new_lease()
        for claimed in batch:
            if stop is not None and stop.is_set():
                self._return(claimed, "stopping", strike=False, delay=0)
                continue
            self._one(claimed)
            self._beat()
        return len(batch)

    def _one(self, claimed: Claimed) -> None:
        setup = self._setup()
        try:
            if claimed.claims > inbox.CLAIMS:
                raise Poison(f"claimed {claimed.claims} times and never decided")
            if claimed.spent:
                raise Poison("struck before, and not yet set aside")
            mail = self._reader.read(claimed.raw, setup.reading)
            self._beat()
            prepared = Prepared.of(mail)
            files = self._store_ahead([attachment.content for attachment in mail.attachments])
            decision = self._store.transact(
                lambda c: self._decide(c, claimed, prepared, files, setup), serial=True, beat=self._beat
            )
        except Poison as poison:
            self._strike(claimed, poison.cause)
        except Temporary as error:
            log.work_failed(claimed.id, error)
            self._return(claimed, error.cause, strike=False, delay=5)
        except Exception as error:  # noqa: BLE001 - a defect of ours costs this mail three tries, never the others
            log.work_failed(claimed.id, error)
            self._strike(claimed, f"{type(error).__name__} while deciding")
        else:
            log.mail_decided(claimed.id, decision.ticket, decision.outcome, mail.kind.value)
            self._store.notices_wait.set()

    def _store_ahead(self, files: list[bytes]) -> list[bytes]:
        """Store files in steps when they are many or large; returns those that are left for the decision to store.

        Everybody waits while something is decided. What no decision comes to name, because we died before it, lies
        there under its digest, and is what the next try finds.
        """
        if len(files) <= _FILES and sum(map(len, files)) <= _FILE_BYTES:
            return files
        for step in inbox.steps(files):
            self._store.transact(lambda c, step=step: inbox.put_blobs(c, step), beat=self._beat)  # type: ignore[misc]
        return []

    # --- T2: match, decide and apply in one transaction -------------------------------------------

    def _decide(
        self, connection: sa.Connection, claimed: Claimed, prepared: Prepared, files: list[bytes], setup: DeskSetup
    ) -> Decision:
        mail, now = prepared.mail, self._clock()
        if not inbox.holds(connection, claimed):
            return Decision("taken over by another worker")
        earlier = inbox.same_content(connection, claimed, content_key(mail, claimed))
        if earlier is not None:
            reason = f"the same mail as {earlier}"
            inbox.settle(connection, claimed, state="done", outcome="duplicate", reason=reason, ticket=None, now=now)
            return Decision("duplicate")
        facts = situation.situation(connection, mail, now)
        known = (setup.minter, setup.policy, setup.border, facts.agents)
        arrival = situation.arrival(connection, claimed, prepared, *known)
        inbox.put_blobs(connection, files)
        return self._apply(connection, claimed, arrival, decide.mail(arrival, setup.policy, facts), setup, now)

    def _apply(
        self,
        connection: sa.Connection,
        claimed: Claimed,
        arrival: Arrival,
        decision: Decision,
        setup: DeskSetup,
        now: datetime,
    ) -> Decision:
        applier = Applier(connection, now, setup.mint, inbox=claimed.id)
        ticket = applier.apply(decision)
        state = "quarantined" if decision.set_aside else "done"
        inbox.settle(
            connection,
            claimed,
            state=state,
            outcome=decision.outcome,
            reason=decision.set_aside,
            ticket=ticket,
            now=now,
        )
        if decision.set_aside and arrival.mail.kind is Kind.PERSON:
            self._report_quarantine(connection, claimed, decision.set_aside, arrival.mail, setup, now)
        return Decision(decision.outcome, ticket=ticket)

    # --- what cannot be read or decided -----------------------------------------------------------

    def _strike(self, claimed: Claimed, reason: str) -> None:
        """Three strikes and the mail is quarantined with its raw bytes and the reason."""
        strikes = inbox.STRIKES if claimed.spent else claimed.strikes + 1
        if not claimed.spent:
            log.reader_killed(claimed.id, reason, strikes)
        if strikes < inbox.STRIKES:
            self._return(claimed, reason, strike=True, delay=2**strikes)
            return
        setup, now = self._setup(), self._clock()
        text = f"given up after {strikes} tries: {reason}"

        def work(connection: sa.Connection) -> None:
            if inbox.holds(connection, claimed):
                inbox.settle(
                    connection, claimed, state="quarantined", outcome="poison", reason=text, ticket=None, now=now
                )
                self._report_quarantine(connection, claimed, text, None, setup, now)

        try:
            self._store.transact(work, serial=True, beat=self._beat)
            log.mail_quarantined(claimed.id, text)
            self._store.notices_wait.set()
        except Temporary as error:
            log.work_failed(claimed.id, error)
            self._return(claimed, reason, strike=not claimed.spent, delay=1)

    def _report_quarantine(
        self,
        connection: sa.Connection,
        claimed: Claimed,
        reason: str,
        mail: InboundMail | None,
        setup: DeskSetup,
        now: datetime,
    ) -> None:
        facts = situation.situation(connection, mail, now)
        if facts.generated_last_minute < setup.policy.generated_per_minute:
            sender = mail.sender.address if mail and mail.sender else claimed.envelope.sender or ""
            subject = mail.subject if mail else ""
            size = len(claimed.raw)
            told = ticks.quarantined(claimed.id, reason, sender, subject, size, facts)
            Applier(connection, now, setup.mint, inbox=claimed.id).apply(told)

    def _return(self, claimed: Claimed, reason: str, *, strike: bool, delay: float) -> None:
        self._owed.append(_Owed(claimed, reason, strike, self._clock() + timedelta(seconds=delay)))
        self._pay()

    def _pay(self) -> bool:
        """Give back what we owe; True when nothing is left. The lease would hold it for minutes longer."""
        while self._owed:
            try:
                self._give_back(self._owed[0])
            except Temporary as error:
                log.work_failed(self._owed[0].claimed.id, error)
                return False
            self._owed.pop(0)
        return True

    def _give_back(self, owed: _Owed) -> None:
        self._store.transact(
            lambda c: inbox.give_back(c, owed.claimed, owed.due, reason=owed.reason, strike=owed.strike),
            beat=self._beat,
        )


@dataclass(frozen=True, slots=True)
class _Owed:
    """A mail that we hold and could not give back yet, because the database was away."""

    claimed: Claimed
    reason: str
    strike: bool
    due: datetime


def content_key(mail: InboundMail, claimed: Claimed) -> str:
    """The same for one mail that came by two roads, different for two mails with one Message-ID (decision 5)."""
    digest = hashlib.sha256()
    released = f"released {claimed.id}" if claimed.forced else ""
    parts = [
        mail.message_id or "",
        mail.sender.key if mail.sender else "",
        str(mail.date),
        mail.subject,
        mail.text,
        released,
    ]
    parts += [a.sha256 for a in mail.attachments]
    if mail.quarantine is not None or mail.message_id is None:  # without an id, alike is not yet the same
        parts.append(hashlib.sha256(claimed.raw).hexdigest())
    for part in parts:
        data = part.encode("utf-8", "replace")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
