"""The composition root: from settings to a desk that runs. Nothing else knows all the rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway import config, log
from gateway.clock import Clock
from gateway.config import Settings
from gateway.desk import leak
from gateway.desk.model import Direction
from gateway.desk.notices import Claim, Outgoing
from gateway.errors import ConfigError, Permanent, Temporary
from gateway.from_settings import minter, own_addresses, person_specs, policy
from gateway.guarded import Fence, Guarded
from gateway.inbound.door import Door, FencedDoor
from gateway.inbound.imap import ImapWatcher
from gateway.inbound.reader import Reader
from gateway.inbound.smtp import SmtpListener, budget_for
from gateway.inbound.worker import DeskSetup, Worker
from gateway.mail import ReadingContext
from gateway.outbound import template_check
from gateway.outbound.compose import Composed, compose
from gateway.outbound.render import Renderer
from gateway.outbound.sender import Sender
from gateway.outbound.transport import open_transport
from gateway.service import Service
from gateway.store import MailboxState, Outbox, Store, inbox, open_current, open_store, people, tickets, utcnow
from gateway.threading.authenticity import Border

ROLES = ("inbound", "worker", "sender", "clock")


def desk_setup(settings: Settings) -> DeskSetup:
    """Rules, keys and what reading may know. Raises ConfigError when the signing keys cannot be read."""
    own = own_addresses(settings)
    return DeskSetup(
        policy=policy(settings),
        minter=minter(settings),
        reading=ReadingContext(own_addresses=own, own_lists=frozenset(name.casefold() for name in settings.desk.lists)),
        border=Border(
            frozenset(name.casefold() for name in settings.security.authserv_ids),
            frozenset(name.casefold() for name in settings.security.border_hosts),
        ),
    )


def check_templates(settings: Settings) -> None:
    """Raises ConfigError when the admin's own templates hold a mistake: it would make dead letters of notices."""
    found = template_check.problems(Renderer(settings)) if settings.notices.templates else []
    if found:
        raise ConfigError([(f"template {name}", text) for name, text in found])


@dataclass(slots=True)
class Live:
    """What a reload may change while services run; each part is replaced whole."""

    settings: Settings
    setup: DeskSetup
    renderer: Renderer


class Gateway:
    """An open desk: its store, its door and the services that ``gateway run`` supervises."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self.store = store
        self.clock = clock
        self.live = Live(settings, desk_setup(settings), Renderer(settings))
        self.door = Door(store, lambda address: self.live.setup.minter.takes(address), clock)
        store.transact(lambda c: people.sync(c, person_specs(settings), clock()), serial=True)

    @classmethod
    def open(cls, settings: Settings, clock: Callable[[], datetime] = utcnow, *, upgrade: bool = True) -> Gateway:
        """Open the store and make it know the people; ``upgrade`` an older schema, or refuse it.

        Raises ConfigError, Temporary or Permanent.
        """
        store = (open_store if upgrade else open_current)(settings.database_url())
        try:
            return cls(settings, store, clock)
        except BaseException:
            store.close()
            raise

    @property
    def settings(self) -> Settings:
        return self.live.settings

    @property
    def setup(self) -> DeskSetup:
        return self.live.setup

    def reload(self, settings: Settings) -> None:
        """Take new rules, people, keys and templates. Listeners, mailboxes and the database need a restart.

        Raises ConfigError when some of it is wrong; then all stays as it was.
        """
        check_templates(settings)
        fresh = Live(settings, desk_setup(settings), Renderer(settings))
        self.store.transact(lambda c: people.sync(c, person_specs(settings), self.clock()), serial=True)
        self.live = fresh
        log.configuration_reloaded()

    def close(self) -> None:
        self.store.close()

    # --- services ---------------------------------------------------------------------------------

    def services(self, only: frozenset[str] = frozenset(ROLES)) -> list[list[Service]]:
        """Groups in the order in which they stop: mail in, decisions, mail out."""
        groups: dict[str, list[Service]] = {
            "inbound": self.inbound(),
            "clock": [Clock(self.store, self.setup_now, self._alert_after(), clock=self.clock)],
            "worker": self.workers(),
            "sender": [self.sender()],
        }
        return [group for name, group in groups.items() if name in only and group]

    def setup_now(self) -> DeskSetup:
        return self.live.setup

    def _alert_after(self) -> dict[str, int]:
        return {box.name: box.alert_after for box in self.settings.inbound.imap}

    def inbound(self) -> list[Service]:
        settings = self.settings
        smtp = settings.inbound.smtp
        budget = budget_for(smtp)
        listeners: list[Service] = [SmtpListener(one, self.door, paths=settings.path, budget=budget) for one in smtp]
        watchers: list[Service] = [self.watcher(box) for box in settings.inbound.imap]
        return listeners + watchers

    def watcher(self, box: config.InboundImap) -> Guarded:
        """One daemon of a fleet watches a mailbox; the others stand by."""
        settings, state = self.settings, MailboxState(self.store, self.clock)

        def make(fence: Fence) -> ImapWatcher:
            door = FencedDoor(self.door, fence.lost)
            return ImapWatcher(box, door, state, password=_password(settings, box), resolve=settings.path)

        lock = self.store.lock(f"{box.username}@{box.host}:{box.port}/{box.folder}")
        return Guarded(f"imap:{box.name}", make, lock)

    def workers(self) -> list[Service]:
        return [self.worker(f"worker {n + 1}") for n in range(self.settings.limits.workers)]

    def worker(self, name: str = "worker") -> Worker:
        limits = self.settings.limits
        return Worker(
            self.store,
            self.setup_now,
            lambda: Reader(wall_seconds=float(limits.reader_seconds), memory_bytes=limits.reader_memory),
            name=name,
            reader_seconds=float(limits.reader_seconds),
            clock=self.clock,
        )

    def sender(self) -> Sender:
        settings = self.settings
        outbound = settings.outbound
        password = settings.secret(outbound.smtp) if outbound.smtp else None
        return Sender(
            Outbox(self.store),
            lambda: open_transport(settings, password, _token(settings)),
            self.compose,
            self.firewall,
            outbound,
            clock=self.clock,
        )

    # --- what the sender asks ---------------------------------------------------------------------

    def compose(self, outgoing: Outgoing, date: datetime) -> Composed:
        live = self.live
        return compose(
            outgoing,
            renderer=live.renderer,
            minter=live.setup.minter,
            settings=live.settings,
            load_blob=self.load_blob,
            date=outgoing.decided_at or date,
        )

    def load_blob(self, digest: str) -> bytes:
        data = self.store.read(lambda c: inbox.get_blob(c, digest))
        if data is None:
            raise Permanent(f"the stored file {digest} is gone")
        return data

    def firewall(self, claim: Claim, text: str) -> str | None:
        """The last look before a client's mail leaves: does it repeat a note of its ticket?"""
        number = claim.outgoing.ticket
        ticket = self.store.read(lambda c: tickets.get(c, number, whole=True)) if number else None
        if ticket is None or not ticket.notes:
            return None
        decided = claim.outgoing.decided_at  # what was said with this notice or after it excuses nothing
        earlier = [m for m in ticket.messages if decided is None or m.at < decided]
        known = [m.text for m in earlier if m.direction is Direction.IN]
        known += [m.reply for m in earlier if m.direction is Direction.OUT]
        notes = [n.reply for n in ticket.notes]
        words = self.setup.policy.shared_note_words
        return "it repeats an internal note" if leak.leaked(text, notes, known, words=words) else None


def _password(settings: Settings, box: config.InboundImap) -> Callable[[], str | None]:
    return lambda: settings.secret(box)


def _token(settings: Settings) -> Callable[[], str] | None:
    smtp = settings.outbound.smtp
    if smtp is None or smtp.oauth2 is None:
        return None
    from gateway.oauth import Tokens

    return Tokens(smtp.oauth2, settings.path)


def wait_for_database(settings: Settings) -> Gateway:
    """Open the desk, being patient with a database that is still starting.

    Raises what ``Gateway.open`` raises after a minute of trying.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

    for attempt in Retrying(
        retry=retry_if_exception_type(Temporary),
        stop=stop_after_delay(60),
        wait=wait_exponential_jitter(initial=0.2, max=5),
        reraise=True,
    ):
        with attempt:
            return Gateway.open(settings)
    raise AssertionError("unreachable")
