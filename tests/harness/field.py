"""A whole desk under test: the daemon, three kinds of mailboxes, a relay that keeps what it is sent, and traffic."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import failpoints, points
from harness.asker import Asker
from harness.daemon import Daemon
from harness.evidence import Evidence, untold, verdict
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import Promises, Traffic
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.proxy import Proxy
from servers.sink import SmtpSink

CONFIG = """
[desk]
name = "Acme Support"
address = "support@desk.example"

[database]
url = "{database}"

[[inbound.smtp]]
listen = "127.0.0.1:{smtp}"

[outbound.smtp]
host = "127.0.0.1"
port = {out}
tls = "none"
{outbound}

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
role = "lead"

[routing]
default_owner = "olivia"

[notices]
acks_per_sender_per_day = 1000
generated_per_minute = 100000

[limits]
workers = {workers}
""".replace("{workers}", str(scaled(1, 2)))  # each keeps a reading process, which costs half a second in every life

MAILBOX = """
[[inbound.imap]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = "none"
username = "{user}"
password = "pw"
scan_interval = 1
alert_after = 1
"""

CAPABILITIES = {"move": "", "copy": "IMAP4rev1 IDLE UIDPLUS", "keyword": "IMAP4rev1 IDLE"}
"""Ways to put mail away that a server leaves us."""


@dataclass
class Field:
    """``crash_at`` and others kill the daemon; ``finish`` lets it end its work and judges."""

    daemon: Daemon
    sink: SmtpSink
    traffic: Traffic
    url: str
    mailboxes: dict[str, Dovecot]
    ledger: Path
    links: list[Proxy]
    asker: Asker

    def crash_at(self, point: str, at: int = 1, seconds: float = scaled(60, 300)) -> bool:
        """Start the daemon, armed; False when it did not die at the point in time (it is then killed).

        What brings it there is asked of it.
        """
        trigger = points.SIGNALS.get(points.topic(point))
        signalled = f"{trigger[1].name} {trigger[0]}" if trigger else ""
        self.daemon.environment.update(
            FAULT_POINT=point, FAULT_AT=str(at), FAULT_LEDGER=str(self.ledger), FAULT_SIGNAL=signalled
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if point.startswith("release"):
                self.sink.fail(".", "delay", times=4, seconds=0.5)
            self.asker.ask(points.ASKED.get(points.topic(point), "token"), at)
            if (status := self._life(end)) != 0:
                return status == failpoints.STATUS
        return False

    def _life(self, end: float) -> int:
        """One start; how it ended."""
        self.daemon.start(wait=False)
        process = self.daemon.process
        assert process is not None
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        self.daemon.close()
        return process.wait(10)

    def start(self) -> None:
        self.daemon.environment.update(FAULT_POINT="", FAULT_SIGNAL="", FAULT_LEDGER=str(self.ledger))
        self.daemon.start()

    def finish(self, seconds: float = 90) -> tuple[Verdict, Evidence]:
        """No more questions; the running daemon ends its work, is stopped, and the ledgers are compared."""
        self.asker.wait(seconds)
        self.traffic.stop(lambda: self.idle(seconds))
        for name, server in self.mailboxes.items():
            wait_until(lambda n=name, s=server: _is_empty(n, s), f"mailbox {name} to be put away", 30)  # type: ignore[misc]
        wait_until(lambda: not untold(self.url), "every dead letter to be told of", seconds)
        self.idle(seconds)
        assert self.daemon.stop() == 0, self.daemon.log()[-3000:]
        return verdict(self.url, self.traffic)

    def idle(self, seconds: float) -> None:
        self.daemon.idle(seconds)

    def noted(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []


def _is_empty(name: str, server: Dovecot) -> bool:
    with server.client(f"{name}@desk.example") as client:
        client.select_folder("INBOX", readonly=True)
        return not client.search("UNKEYWORD $Processed" if name == "keyword" else "ALL")


@contextlib.contextmanager
def field(
    folder: Path,
    nursery: Nursery | None,
    database: str = "",
    *,
    controls: str = "haste,planted",
    imap: tuple[str, ...] = tuple(CAPABILITIES),
    gone: bool = True,
    proxied: bool = False,
    outbound: str = "",
    **traffic: Any,
) -> Iterator[Field]:
    """``database`` is a URL, or "" for a new SQLite file; ``imap`` names mailboxes by how mail can be put away.

    ``proxied`` puts a proxy (``links``) before each mailbox and the relay; ``gone`` adds a mailbox that nobody
    serves; ``outbound`` are more lines of [outbound.smtp]; the rest is for ``Traffic``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        sink = SmtpSink(folder / "sink")
        stack.callback(sink.close)
        sink.fail("RCPT", "5xx", match="dead.example")
        links: list[Proxy] = []

        def reached(port: int) -> int:
            if proxied:
                links.append(Proxy(port))
                stack.callback(links[-1].close)
            return links[-1].port if proxied else port

        servers: dict[str, Dovecot] = {}
        text = CONFIG.format(
            database=database or "sqlite:///gateway.db",
            smtp=(port := free_port()),
            out=reached(sink.port),
            outbound=outbound,
        )
        for name in imap:
            servers[name] = Dovecot(capability=CAPABILITIES[name])
            stack.callback(servers[name].close)
            servers[name].add_user(f"{name}@desk.example")
            text += MAILBOX.format(name=name, port=reached(servers[name].port), user=f"{name}@desk.example")
        if gone:
            text += MAILBOX.format(name="gone", port=free_port(), user="gone@desk.example")
        daemon = Daemon(folder / "desk", text, smtp_port=port, nursery=nursery)
        stack.callback(daemon.close)
        daemon.environment["FAULT_CONTROLS"] = controls
        promises = Promises(folder / "promises")
        stack.callback(promises.close)
        mailboxes = [(server, f"{name}@desk.example") for name, server in servers.items()]
        going = Traffic(port, sink, promises, mailboxes, **traffic)
        asker = Asker(going, servers)
        url = database or f"sqlite:///{folder}/desk/gateway.db"
        yield Field(daemon, sink, going, url, servers, folder / "points", links, asker)
