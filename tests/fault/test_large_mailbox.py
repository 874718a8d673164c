"""A mailbox with hundreds of thousands of messages: taken in by windows, in bounded memory, however often it ends."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from harness.daemon import Daemon
from harness.databases import BOTH, SQLITE
from harness.field import CONFIG, MAILBOX
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict, judge
from harness.scale import scaled
from harness.traffic import TOKEN, mail
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
MAILS, KILLS = int(os.environ.get("GATEWAY_LARGE_MAILS", scaled("3000", "250000"))), scaled(3, 20)
RESIDENT = 250 << 20
LINE = 1_000_000 * MAILS // 250_000
"""Octets of a line: in a smaller mailbox in proportion, or a line that tells of all of it would pass."""
USER = "help@desk.example"
NAME = "a first scan of a large mailbox, killed on its way"


class Metered(Proxy):
    """Knows the longest line that went through, in either direction."""

    def __post_init__(self) -> None:
        self.longest = 0
        self._begun: dict[socket.socket, int] = {}
        super().__post_init__()

    def passing(self, source: socket.socket, data: bytes) -> None:
        first, *rest = data.split(b"\n")
        whole = self._begun.get(source, 0) + len(first)
        self.longest = max(self.longest, whole, *map(len, rest), 0)
        self._begun[source] = len(rest[-1]) if rest else whole


@dataclass
class Scan:
    daemon: Daemon
    link: Metered
    url: str
    resident: int = 0
    """The most bytes that any of the daemons had in memory."""

    def start(self) -> None:
        self.daemon.start("--only", "inbound")

    def taken(self) -> list[str]:
        """The token of every mail that is stored, once for each time."""
        return list(self._rows("SELECT b.data FROM inbox i JOIN blob b ON b.sha256 = i.raw"))

    def _rows(self, query: str) -> Iterator[str]:
        engine = sa.create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.connect() as connection:
            for (data,) in connection.execution_options(yield_per=1000).execute(sa.text(query)):
                found = TOKEN.search(bytes(data).decode())
                assert found is not None
                yield found[0]
        engine.dispose()

    def wait_for(self, count: int, seconds: float) -> None:
        engine = sa.create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))

        def reached() -> bool:
            with engine.connect() as connection:
                found = int(connection.execute(sa.text("SELECT count(*) FROM inbox")).scalar_one())
            self.resident = max(self.resident, self._peak())
            return found >= count

        wait_until(reached, f"mail number {count}", seconds)
        engine.dispose()

    def _peak(self) -> int:
        """What the daemon has had at most (VmHWM), with all that it shares with others."""
        assert self.daemon.process is not None
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.daemon.process.pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Dovecot]:
    """It keeps many messages in a file, and offers neither MOVE nor UIDPLUS: what is taken in stays there, marked."""
    location = "protocol imap {\n  mail_location = mdbox:%h/mdbox\n}"
    server = Dovecot(capability="IMAP4rev1 IDLE MULTIAPPEND", extra=location)
    server.add_user(USER)
    for start in range(0, MAILS, 1000):
        numbers = range(start, min(start + 1000, MAILS))
        with server.client(USER) as client:
            client.multiappend("INBOX", [mail(f"token-box-{n}", to=USER) for n in numbers])
    yield server
    server.close()


@contextlib.contextmanager
def scan(folder: Path, nursery: Nursery, mailbox: Dovecot, url: str, controls: str = "") -> Iterator[Scan]:
    with contextlib.closing(Metered(mailbox.port)) as link:
        text = CONFIG.format(database=url, smtp=(port := free_port()), out=free_port(), outbound="")
        text += MAILBOX.format(name="large", port=link.port, user=USER)
        daemon = Daemon(folder / "desk", text, smtp_port=port, nursery=nursery)
        daemon.environment["FAULT_CONTROLS"] = controls
        with contextlib.closing(daemon):
            yield Scan(daemon, link, url)


def unmarked(mailbox: Dovecot) -> None:
    """What another test has marked is new again."""
    with mailbox.client(USER) as client:
        client.select_folder("INBOX")
        client.remove_flags("1:*", ["$Processed"], silent=True)


@pytest.mark.parametrize("database", scaled((SQLITE,), BOTH))
def test_a_large_mailbox_is_scanned_in_bounded_memory_and_each_message_taken_once(
    tmp_path: Path, nursery: Nursery, mailbox: Dovecot, figures: Figures, url: str, database: str
) -> None:
    unmarked(mailbox)
    with scan(tmp_path, nursery, mailbox, url or f"sqlite:///{tmp_path}/gateway.db") as desk:
        for kill in range(1, KILLS + 1):
            desk.start()
            desk.wait_for(MAILS * kill // (KILLS + 1), 60 + MAILS / 10)
            desk.daemon.kill()
        desk.start()
        desk.wait_for(MAILS, 60 + MAILS / 10)
        with mailbox.client(USER) as client:
            client.select_folder("INBOX", readonly=True)
            wait_until(lambda: not client.noop() or not client.search("UNKEYWORD $Processed"), "the last mark", 60)
        assert desk.daemon.stop() == 0
        tokens = desk.taken()
        again = sum(entry["duplicate"] for entry in desk.daemon.logged("mail_accepted"))
    stored: dict[str, list[int]] = {}
    for number, token in enumerate(tokens):
        stored.setdefault(token, []).append(number)
    assert judge([f"token-box-{n}" for n in range(MAILS)], stored, {}, []) == Verdict()
    assert desk.resident <= RESIDENT
    assert 0 < desk.link.longest <= LINE
    figures.measured(
        "G9",
        f"{NAME}, {database}",
        f"{MAILS:,} messages, {KILLS} kills: 0 lost, 0 twice, {again} fetched again; "
        f"{desk.resident >> 20} MB at most; longest line {desk.link.longest:,} octets",
    )


def test_a_scan_without_windows_is_seen(tmp_path: Path, nursery: Nursery, mailbox: Dovecot, figures: Figures) -> None:
    unmarked(mailbox)
    with scan(tmp_path, nursery, mailbox, f"sqlite:///{tmp_path}/gateway.db", "no_windows") as desk:
        desk.start()
        wait_until(lambda: desk.link.longest > LINE, "a line that is too long", 120)
    figures.control(
        "G9", NAME, "one SEARCH for the whole mailbox", f"a line of {desk.link.longest:,} octets, allowed {LINE:,}"
    )
