"""The demo's stage: mail goes in over real SMTP, notices are found in the Maildir, the ticket in the store."""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

from gateway.app import Gateway
from gateway.desk.model import Ticket
from gateway.store import tickets

_PATIENCE_SECONDS = 30
_LOOK_SECONDS = 0.05


class PlayFailed(Exception):
    """Something that should have happened did not."""


@dataclass(slots=True)
class Stage:
    desk: Gateway
    host: str
    port: int
    outgoing: Path
    seen: set[str] = field(default_factory=set)

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail to the listener as any mail program does."""
        with smtplib.SMTP(self.host, self.port, timeout=_PATIENCE_SECONDS) as smtp:
            smtp.sendmail(_address(mail["From"]), [_address(mail["To"])], mail.as_bytes(policy=SMTP))

    def notices(self, expected: frozenset[tuple[str, str]]) -> list[EmailMessage]:
        """Wait until each (kind, recipient) has come, and return these mails in the order given by name.

        Raises PlayFailed when they do not come in half a minute.
        """
        found: dict[tuple[str, str], EmailMessage] = {}
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end and found.keys() < expected:
            for mail in self._fresh():
                found[str(mail["X-Ticket-Gateway"]), _address(mail["To"])] = mail
            time.sleep(_LOOK_SECONDS)
        missing = expected - found.keys()
        if missing:
            raise PlayFailed("no mail came: " + ", ".join(f"{kind} to {to}" for kind, to in sorted(missing)))
        return [found[key] for key in sorted(found)]

    def _fresh(self) -> list[EmailMessage]:
        folder = self.outgoing / "new"
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        fresh = [name for name in names if name not in self.seen]
        self.seen.update(fresh)
        return [message_from_bytes((folder / name).read_bytes(), policy=default) for name in fresh]

    def ticket(self, number: int) -> Ticket:
        found = self.desk.store.read(lambda c: tickets.get(c, number, whole=True))
        if found is None:
            raise PlayFailed(f"there is no ticket {number}")
        return found


def _address(header: object) -> str:
    return str(header).rpartition("<")[2].rstrip(">").strip()
