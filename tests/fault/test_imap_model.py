"""A second client does as it likes in the watched folder, the server restarts and renumbers; the ledger decides."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

import pytest
from imapclient import IMAPClient
from servers.dovecot import Dovecot
from servers.ledger import Ledger, running
from servers.ports import wait_until

from gateway.config import InboundImap
from gateway.inbound.imap import ImapWatcher

USER = "support@desk.example"


@dataclass
class Model:
    """What the second client did. A mail it took away may be missing, one it put back may come twice."""

    server: Dovecot
    chance: random.Random
    sent: list[int] = field(default_factory=list)
    taken_away: set[int] = field(default_factory=set)
    may_repeat: set[int] = field(default_factory=set)

    def step(self) -> None:
        action = self.chance.choices(
            [self.append, self.flag, self.expunge, self.there_and_back, self.renumber, self.restart],
            [60, 12, 10, 10, 4, 3],
        )[0]
        action()
        time.sleep(self.chance.random() * 0.05)

    def append(self) -> None:
        for _ in range(self.chance.randrange(1, 6)):
            self.sent.append(len(self.sent))
            self.server.deliver(b"Subject: %d\r\n\r\n%d\r\n" % (self.sent[-1], self.sent[-1]), USER)

    def _pick(self, client: IMAPClient) -> tuple[int, int] | None:
        """(UID, number) of a mail that is still in the inbox."""
        client.select_folder("INBOX")
        uids = client.search()
        if not uids:
            return None
        uid = self.chance.choice(uids)
        header = client.fetch([uid], ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]"]).get(uid, {})
        text = next((value for key, value in header.items() if key.startswith(b"BODY[") and value), None)
        return (uid, int(text.partition(b":")[2])) if text else None

    def flag(self) -> None:
        with self.server.client(USER) as client:
            if picked := self._pick(client):
                client.add_flags([picked[0]], [b"\\Seen", b"\\Flagged"], silent=True)

    def expunge(self) -> None:
        with self.server.client(USER) as client:
            if picked := self._pick(client):
                self.taken_away.add(picked[1])
                client.delete_messages([picked[0]], silent=True)
                client.uid_expunge([picked[0]])

    def there_and_back(self) -> None:
        with self.server.client(USER) as client:
            picked = self._pick(client)
            if not picked:
                return
            self.may_repeat.add(picked[1])
            if not client.folder_exists("Other"):
                client.create_folder("Other")
            self._move(client, [picked[0]], "Other")
            client.select_folder("Other")
            self._move(client, client.search(), "INBOX")

    def _move(self, client: IMAPClient, uids: list[int], folder: str) -> None:
        if uids:
            client.copy(uids, folder)
            client.delete_messages(uids, silent=True)
            client.uid_expunge(uids)

    def renumber(self) -> None:
        self.may_repeat.update(self.sent)
        self.server.uidvalidity_bump(USER, by=self.chance.randrange(1, 1000))

    def restart(self) -> None:
        self.server.stop()
        self.may_repeat.update(self.sent)  # what was committed and not yet moved is asked for again, by the same key
        self.server.start()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("capability", ["", "IMAP4rev1 IDLE UIDPLUS"], ids=["move", "copy"])
def test_every_mail_comes_exactly_once_whatever_another_client_does(seed: int, capability: str) -> None:
    server = Dovecot(capability=capability)
    try:
        server.add_user(USER)
        model, ledger = Model(server, random.Random(seed)), Ledger()
        settings = InboundImap(
            name="support",
            host=server.host,
            port=server.port,
            tls="none",
            username=USER,
            password="pw",
            scan_interval=1,
        )
        watcher = ImapWatcher(settings, ledger, ledger, password=lambda: "pw", random=lambda: 0.0)
        with running(watcher):
            for _ in range(70):
                model.step()
            model.append()
            wait_until(lambda: server.raw_mails(USER) == [], "an empty inbox", 60)
    finally:
        server.close()
    assert len(ledger.keys) == len(set(ledger.keys))
    taken = [int(raw.partition(b"\r\n\r\n")[2]) for raw in ledger.raws]
    assert set(model.sent) - model.taken_away <= set(taken)
    once = [n for n in taken if n not in model.may_repeat]
    assert len(once) == len(set(once))
