"""Mail that is sent for what it does to the daemon, beside the traffic that goes on by itself."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.traffic import Traffic, mail, submit, with_files
from servers.dovecot import Dovecot

_FILES = 110
_NUMBERS = 10**9 + 1
"""Far from those of the traffic; in steps of 6 from here nobody answers: see ``Traffic``."""


@dataclass
class Asker:
    """``ask`` returns at once; what was sent is promised, expected and counted as the traffic's own mail is."""

    traffic: Traffic
    mailboxes: Mapping[str, Dovecot]
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(_NUMBERS, 6))
    _threads: list[threading.Thread] = field(default_factory=list)

    def ask(self, kind: str, count: int = 1) -> None:
        """``kind`` is one of the mailboxes, "dead" (a client whose server refuses us), "poison", "hiccup", "files"
        (very many of them) or "token". Where there is no such mailbox, nothing is sent.
        """
        if kind in ("move", "copy", "keyword") and kind not in self.mailboxes:
            return
        for _ in range(count):
            thread = threading.Thread(target=self._send, args=(kind, next(self._numbers)), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait(self, seconds: float = 60) -> None:
        """Until everything was taken."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), "a mail is not taken"
        self._threads.clear()

    def _send(self, kind: str, number: int) -> None:
        if kind in self.mailboxes:
            self._deliver(kind, f"token-ask-{number}")
            return
        token = f"{kind if kind in ('poison', 'hiccup') else 'token'}-ask-{number}"
        sender = f"{token}@{'dead' if kind == 'dead' else 'client'}.example"
        raw = mail(token, sender=sender)
        if kind == "files":
            raw = with_files(raw, _FILES)
        while submit(self.traffic.port, raw, sender, "support@desk.example") != 250:
            time.sleep(0.05)
        self._promised(token, read=kind != "poison", acknowledged=kind in ("token", "hiccup", "files"))

    def _deliver(self, name: str, token: str) -> None:
        self.mailboxes[name].deliver(mail(token), f"{name}@desk.example")
        self._promised(token)

    def _promised(self, token: str, *, read: bool = True, acknowledged: bool = True) -> None:
        self.traffic.promises.note(token)
        if read:
            self.traffic.expected[token] = "new"
        if acknowledged:
            self.traffic.ahead -= 1  # its acknowledgement will be taken for one of the traffic's own
