"""Several daemons on one PostgreSQL, each on a machine of its own; their mailbox, their relay, and their traffic."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness.daemon import Daemon
from harness.evidence import Evidence, verdict
from harness.field import CAPABILITIES, CONFIG, MAILBOX
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import SOAK
from harness.traffic import Promises, Traffic, mail, submit
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.proxy import Proxy
from servers.sink import SmtpSink

BOX = "help@desk.example"
KILLED, FROZEN, CUT = FAULTS = ("killed", "frozen", "cut off from the database")
PACE = "" if SOAK else ",quick_fleet"
"""The short forms wait for an eighth of the real bounds, and with ``hasty`` for no retry."""
HASTE = "" if SOAK else ",haste"


_LOOK_SECONDS = 0.1
READ = "SELECT count(*) FROM inbox WHERE source LIKE 'imap:%'"
WAITING = (
    "SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting')"
    " + (SELECT count(*) FROM notice WHERE state IN ('due', 'dot_pending', 'ambiguous'))"
)


class Rows:
    """Questions to the database from outside the product."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

    def __call__(self, query: str) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(sa.text(query)))

    def one(self, query: str) -> Any:
        found = self(query)
        return found[0][0] if found else None

    def until(self, query: str, holds: Callable[[Any], bool], what: str, seconds: float) -> None:
        """Wait for an answer; raises TimeoutError. Asked rarely: the machine has other things to do."""
        end = time.monotonic() + seconds
        while not holds(self.one(query)):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not happen within {seconds} s")
            time.sleep(_LOOK_SECONDS)

    def idle(self, seconds: float) -> None:
        """Wait until no mail and no notice waits."""
        self.until(WAITING, lambda n: n == 0, "the end of all work", seconds)

    def close(self) -> None:
        self._engine.dispose()


@dataclass
class Spread(Traffic):
    """Traffic to the listeners of all daemons in turn: who gets no 250 from one goes to the next."""

    ports: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._turns = itertools.count()

    def insist(self, raw: bytes, sender: str, recipient: str, token: str, *, port: int = 0, lmtp: bool = False) -> None:
        while (code := submit(self._next(), raw, sender, recipient)) != 250:
            self.replies[code] += 1
            time.sleep(0.05)
        self.replies[250] += 1
        self.promises.note(token)

    def _next(self) -> int:
        return self.ports[next(self._turns) % len(self.ports)]


def hosts(
    folder: Path, urls: Sequence[str], relay: int, *, nursery: Nursery | None = None, controls: str = "", more: str = ""
) -> list[Daemon]:
    """A daemon for each of ``urls``, all of one desk; ``more`` is added to every configuration."""
    made = []
    for number, url in enumerate(urls, 1):
        port = free_port()
        text = CONFIG.format(database=url, smtp=port, out=relay, outbound="") + more
        made.append(Daemon(folder / f"host{number}", text, smtp_port=port, nursery=nursery))
        made[-1].environment.update(FAULT_CONTROLS=f"another_host{controls}", FAULT_NODE=f"host{number}")
        (made[-1].folder / "log.jsonl").touch()
        (made[-1].folder / "secret.key").write_bytes((made[0].folder / "secret.key").read_bytes())
    return made


@dataclass
class Fleet:
    """``strike`` takes the mailbox's watcher out; ``finish`` lets the fleet end its work and judges."""

    daemons: list[Daemon]
    sink: SmtpSink
    traffic: Spread
    rows: Rows
    url: str
    mailbox: Dovecot | None
    links: list[Proxy]
    _extra: Iterator[int] = field(
        default_factory=lambda: itertools.count(1_000_000, 3)
    )  # numbers that no agent answers
    away: dict[str, list[float]] = field(default_factory=dict)
    """How many seconds each fault kept the mailbox from being read."""

    def start(self) -> None:
        for daemon in self.daemons:
            daemon.start(wait=False)
        self.all_here()

    def all_here(self, seconds: float = 180) -> None:
        """Wait until every daemon is in the register, and alive."""
        pids = {daemon.process.pid for daemon in self.daemons if daemon.process is not None and not daemon.dead()}
        self.rows.until("SELECT to_regclass('watch')", bool, "the first of them to make the tables", seconds)
        fresh = "SELECT array_agg(pid) FROM daemon WHERE beat_at > now() - interval '4 seconds'"
        self.rows.until(fresh, lambda found: pids <= set(found or ()), "every daemon to beat", seconds)

    # --- the mailbox

    def watcher(self, *, but: Daemon | None = None, seconds: float = 90) -> Daemon:
        """Wait until somebody (else) watches; who it is."""
        others = {d.process.pid: d for d in self.daemons if d is not but and d.process is not None}
        who = "SELECT pid FROM daemon JOIN watch ON watch.daemon = daemon.id"
        self.rows.until(who, others.__contains__, "somebody to watch the mailbox", seconds)
        return others[self.rows.one(who)]

    def post(self) -> None:
        """A mail into the mailbox, beside the traffic."""
        assert self.mailbox is not None
        token = f"token-extra-{next(self._extra)}"
        self.mailbox.deliver(mail(token), BOX)
        self.traffic.promises.note(token)

    def read(self, count: int, seconds: float = 90) -> None:
        """Wait until so many mails more have been read from the mailbox."""
        before = self.rows.one(READ)
        self.rows.until(READ, lambda n: n >= before + count, f"{count} mails to be read", seconds)

    def strike(self, fault: str) -> None:
        """The watcher fails; once another has read mail, it is as it was before."""
        holder = self.watcher()
        assert holder.process is not None
        link = self.links[self.daemons.index(holder)] if self.links else None
        began = time.monotonic()
        if fault == KILLED:
            holder.kill()
        elif fault == FROZEN:
            os.kill(holder.process.pid, signal.SIGSTOP)
        elif link is not None:
            link.pause()
        before = self.rows.one(READ)
        self.post()
        self.watcher(but=holder)
        self.rows.until(READ, lambda n: n > before, "mail to be read again", 90)
        self.away.setdefault(fault, []).append(time.monotonic() - began)
        if fault == KILLED:
            holder.start(wait=False)
        elif fault == FROZEN:
            os.kill(holder.process.pid, signal.SIGCONT)
        elif link is not None:
            link.resume()
        self.all_here()

    # --- the end

    def finish(self, seconds: float = 120) -> tuple[Verdict, Evidence]:
        """No more questions; the fleet ends its work, is stopped, and the ledgers are compared."""
        self.traffic.stop(lambda: self.rows.idle(seconds))
        if (box := self.mailbox) is not None:
            wait_until(lambda: not box.raw_mails(BOX), "the mailbox to be empty", 60)
        self.rows.idle(seconds)
        self.stop()
        return verdict(self.url, self.traffic)

    def stop(self) -> None:
        alive = [daemon for daemon in self.daemons if not daemon.dead()]
        for daemon in alive:
            assert daemon.process is not None
            daemon.process.send_signal(signal.SIGTERM)
        for daemon in alive:
            assert daemon.process is not None
            assert daemon.process.wait(40) == 0, daemon.log()[-3000:]

    def close(self) -> None:
        for daemon in self.daemons:
            if not daemon.dead() and daemon.process is not None:
                os.kill(daemon.process.pid, signal.SIGCONT)
            daemon.close()


def strays(daemons: Sequence[Daemon]) -> int:
    """Mails that a daemon took out of the mailbox after another one had begun to watch it."""
    began = sorted((entry["at"], n) for n, daemon in enumerate(daemons) for entry in daemon.logged("watch_began"))
    found = 0
    for number, daemon in enumerate(daemons):
        for entry in daemon.logged("mail_accepted"):
            before = [who for at, who in began if at <= entry["at"]]
            found += entry["source"].startswith("imap:") and before[-1:] != [number]
    return found


@contextlib.contextmanager
def fleet(
    folder: Path,
    nursery: Nursery,
    url: str,
    *,
    count: int = 3,
    controls: str = "",
    imap: str = "move",
    linked: bool = False,
    hasty: bool = True,
    **traffic: Any,
) -> Iterator[Fleet]:
    """``count`` daemons that are not started. ``imap`` is how mail can be put away, "" for no mailbox at all.

    ``linked`` leads each daemon to the database over a link of its own; the rest is for ``Traffic``.
    """
    with contextlib.ExitStack() as stack:
        sink = SmtpSink(folder / "sink")
        stack.callback(sink.close)
        sink.fail("RCPT", "5xx", match="dead.example")
        rows, promises, box, more = Rows(url), Promises(folder / "promises"), None, ""
        stack.callback(rows.close)
        stack.callback(promises.close)
        if imap:
            box = Dovecot(capability=CAPABILITIES[imap])
            stack.callback(box.close)
            box.add_user(BOX)
            more = MAILBOX.format(name="help", port=box.port, user=BOX)
        place = sa.engine.make_url(url)
        links = [Proxy(int(place.port or 0)) for _ in range(count if linked else 0)]
        for link in links:
            stack.callback(link.close)
        through = [url.replace(f":{place.port}/", f":{link.port}/") for link in links] or [url] * count
        speed = PACE + (HASTE if hasty else "")
        daemons = hosts(folder, through, sink.port, nursery=nursery, controls=speed + controls, more=more)
        ports = [daemon.smtp_port for daemon in daemons]
        going = Spread(ports[0], sink, promises, [(box, BOX)] if box else [], ports=ports, **traffic)
        made = Fleet(daemons, sink, going, rows, url, box, links)
        stack.callback(made.close)
        yield made
