"""Somebody else in the watched folder: a client who does as they like, and a server that restarts and renumbers."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.traffic import mail
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from servers.dovecot import Dovecot

_TOKEN = re.compile(rb"token-[a-z]+-(\d+)")
_MARKS = (b"\\Seen", b"\\Flagged", b"\\Answered")


@dataclass
class SecondClient:
    """``name`` is part of the tokens; what is delivered is said to ``promise`` first.

    The desk may miss a mail that was ``taken_away``. A watcher alone, with no store that knows contents, may be
    shown those of ``may_repeat`` again.
    """

    server: Dovecot
    address: str
    name: str
    chance: random.Random
    promise: Callable[[str], None] = lambda token: None
    sent: list[int] = field(default_factory=list)
    taken_away: set[int] = field(default_factory=set)
    may_repeat: set[int] = field(default_factory=set)
    did: Counter[str] = field(default_factory=Counter)

    def run(self, steps: int) -> None:
        """At random; the numbers change at least once."""
        actions = {
            self.append: 40,
            self.flag: 14,
            self.expunge: 14,
            self.there_and_back: 14,
            self.put_back: 10,
            self.renumber: 5,
            self.restart: 3,
        }
        for step in range(steps):
            chosen = self.chance.choices(list(actions), list(actions.values()))[0]
            action = self.renumber if step == steps // 2 else chosen
            self.did[action.__name__] += 1
            action()
            time.sleep(self.chance.random() * 0.03)
        self.append()

    def token(self, number: int) -> str:
        return f"token-{self.name}-{number}"

    # --- what the client does -----------------------------------------------------------------------

    def append(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            self.sent.append(len(self.sent))
            token = self.token(self.sent[-1])
            self.promise(token)
            self.server.deliver(mail(token), self.address)

    def flag(self) -> None:
        with self.server.client(self.address) as client:
            if picked := self._pick(client):
                client.add_flags([picked[0]], [self.chance.choice(_MARKS)], silent=True)

    def expunge(self) -> None:
        with self.server.client(self.address) as client:
            if picked := self._pick(client):
                self.taken_away.add(picked[1])
                _remove(client, [picked[0]])

    def there_and_back(self) -> None:
        with self.server.client(self.address) as client:
            if picked := self._pick(client):
                self.may_repeat.add(picked[1])
                if not client.folder_exists("Other"):
                    client.create_folder("Other")
                _move(client, [picked[0]], "Other")
                client.select_folder("Other")
                _move(client, client.search(), "INBOX")

    def put_back(self) -> None:
        """A mail that the desk has put away lies in the inbox again, as if it were new."""
        with self.server.client(self.address) as client:
            folder = "Processed" if client.folder_exists("Processed") else "INBOX"
            if picked := self._pick(client, folder):
                self.may_repeat.add(picked[1])
                client.remove_flags([picked[0]], [b"$Processed"], silent=True)
                _move(client, [picked[0]], "INBOX")

    def _pick(self, client: IMAPClient, folder: str = "INBOX") -> tuple[int, int] | None:
        """(UID, number) of a mail that is still there, one of the newest: those the watcher is at, too."""
        client.select_folder(folder)
        uids = client.search()[-10:]
        if not uids:
            return None
        uid = self.chance.choice(uids)
        header = client.fetch([uid], ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"]).get(uid, {})
        found = _TOKEN.search(b"".join(value for key, value in header.items() if key.startswith(b"BODY[") and value))
        return (uid, int(found[1])) if found else None

    # --- what the server does -----------------------------------------------------------------------

    def renumber(self) -> None:
        self.may_repeat.update(self.sent)
        self.server.uidvalidity_bump(self.address, by=self.chance.randrange(1, 1000))

    def restart(self) -> None:
        self.server.stop()
        self.may_repeat.update(self.sent)  # what was committed and not yet moved is asked for again, by the same key
        self.server.start()


def _move(client: IMAPClient, uids: list[int], folder: str) -> None:
    """RFC 3501 6.4.7: a COPY that fails copies nothing. So it is when the watcher was here in between (RFC 5530)."""
    if not uids:
        return
    try:
        client.copy(uids, folder)
    except IMAPClientError as error:
        if "[EXPUNGEISSUED]" not in str(error):
            raise
        return
    _remove(client, uids)


def _remove(client: IMAPClient, uids: list[int]) -> None:
    client.delete_messages(uids, silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)
    else:
        client.expunge()
