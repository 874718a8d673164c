"""Mail that never stops: clients by SMTP and IMAP, an agent who answers, clients who answer back. All written down.

What was promised to somebody (a 250, a place in a mailbox) is a line in an fsynced ledger before anything else happens.
"""

from __future__ import annotations

import email
import hashlib
import itertools
import os
import re
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from imapclient.exceptions import IMAPClientError
from servers.dovecot import Dovecot
from servers.sink import Received, SmtpSink

TOKEN = re.compile(r"(?:token|poison|hiccup)-[a-z]+-\d+")
OLIVIA = "olivia@desk.example"


class Promises:
    """Tokens that somebody was promised, in the order of the promises; a line of the file each, fsynced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def note(self, token: str) -> None:
        with self._lock:
            os.write(self._file, f"{token}\n".encode())
            os.fsync(self._file)

    def tokens(self) -> list[str]:
        return self.path.read_text().split()

    def close(self) -> None:
        os.close(self._file)


def mail(token: str, *, to: str = "support@desk.example", sender: str = "", size: int = 0, **fields: str) -> bytes:
    """A mail that says its token once, with an attachment-like rest of about ``size`` bytes."""
    sender = sender or f"{token}@client.example"
    head = {
        "From": f"{sender.partition('@')[0]} <{sender}>",
        "To": to,
        "Subject": "A question",
        "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
        "Message-ID": f"<{token}@{sender.partition('@')[2]}>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    rest = os.urandom(size // 2).hex()
    body = "".join(f"{rest[at : at + 76]}\r\n" for at in range(0, len(rest), 76))
    return f"{lines}\r\nWhat I have to say is {token}.\r\n{body}".encode()


def with_files(raw: bytes, count: int) -> bytes:
    """The mail with so many small files, unlike those of other mails."""
    head, _, body = raw.partition(b"\r\n\r\n")
    name = hashlib.sha256(raw).hexdigest()
    parts = [b"\r\n" + body]
    for number in range(count):
        disposition = f'attachment; filename="{number}.txt"'
        parts.append(f"Content-Disposition: {disposition}\r\n\r\nFile {number} of {name}\r\n".encode())
    fields = f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{name}"'.encode()
    mark = b"\r\n--" + name.encode()
    return head + b"\r\n" + fields + b"\r\n" + b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"


def submit(port: int, raw: bytes, sender: str, recipient: str, *, lmtp: bool = False) -> int:
    """One attempt as a retrying MTA makes it: the reply that ended it, 0 when there was none."""
    try:
        with (smtplib.LMTP if lmtp else smtplib.SMTP)("127.0.0.1", port, timeout=20) as smtp:
            smtp.sendmail(sender, [recipient], raw)
    except smtplib.SMTPServerDisconnected as error:
        return 250 if "after 250" in str(error) else 0
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except (OSError, smtplib.SMTPException):
        return 0
    return 250


@dataclass
class Traffic:
    """Runs from ``start`` to ``stop``; pauses while more than ``ahead`` mails have not been acknowledged yet.

    ``mailboxes`` are (server, address); every second mail gets there by APPEND, the others are delivered. By SMTP and
    LMTP every 7th client writes from a domain whose mail server refuses us, and every 5th mail is one of ``troubles``
    ("poison", "hiccup"); ``size`` is that of a first mail, in bytes. ``quota`` ends each road ("smtp", "lmtp", "imap"
    for each mailbox) after so many questions, asked as ``progress`` goes from 0 to 1. ``expected`` is the status that
    each first mail's ticket must end in; ``replies`` counts what we were answered.
    """

    port: int
    sink: SmtpSink
    promises: Promises
    mailboxes: Sequence[tuple[Dovecot, str]] = ()
    ahead: int = 40
    pause: float = 0.1
    troubles: tuple[str, ...] = ()
    smtp: bool = True
    expected: dict[str, str] = field(default_factory=dict)
    replies: Counter[int] = field(default_factory=Counter)
    size: int = 0
    errors: list[BaseException] = field(default_factory=list)
    lmtp_port: int = 0
    quota: Mapping[str, int] = field(default_factory=dict)
    progress: Callable[[], float] = lambda: 1.0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._seen = 0
        self._handled: set[str] = set()
        self._sent = itertools.count(1)
        self._written = 0
        self._acknowledged: set[str] = set()
        self._questions: dict[str, str] = {}
        roads = [("smtp", self.port)] if self.smtp else []
        roads += [("lmtp", self.lmtp_port)] if self.lmtp_port else []
        self._threads = [threading.Thread(target=self._submit, args=road, daemon=True) for road in roads]
        self._threads += [threading.Thread(target=self._imap, args=place, daemon=True) for place in self.mailboxes]
        self._people = threading.Thread(target=self._answer_all, daemon=True)

    def start(self) -> None:
        for thread in (*self._threads, self._people):
            thread.start()

    def stop(self, drained: Callable[[], None]) -> None:
        """No new questions; ``drained`` waits until the desk is idle, and is asked until the last answer is through."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
        while True:
            drained()
            before = self._seen
            time.sleep(0.5)
            if self._seen == before == len(self.sink.messages):
                break
        self._people_stop = True
        self._people.join(30)
        alive = [thread for thread in (*self._threads, self._people) if thread.is_alive()]
        assert not alive, alive
        assert not self.errors, self.errors

    def hold(self) -> None:
        """No new questions from now on."""
        self._stop.set()

    # --- questions ----------------------------------------------------------------------------------

    def asked(self) -> bool:
        """Has every road with a quota met it?"""
        return not any(thread.is_alive() for thread in self._threads)

    def _paced(self, road: str, turn: int) -> bool:
        """Wait for our turn; False when we are to stop."""
        quota = self.quota.get(road)
        while turn != quota and not self._stop.wait(self.pause):
            due = quota is None or turn < quota * self.progress()
            if due and self._written - len(self._acknowledged) < self.ahead:
                self._written += 1
                return True
        return False

    def _token(self, kind: str, road: str) -> str:
        """Numbers are given once: they tell whose conversation a mail belongs to."""
        number = next(self._sent)
        self._questions[str(number)] = f"{kind}-{road}-{number}"
        return self._questions[str(number)]

    def _submit(self, road: str, port: int) -> None:
        for turn in itertools.count():
            if not self._paced(road, turn):
                return
            kind = self.troubles[turn // 5 % len(self.troubles)] if self.troubles and turn % 5 == 2 else "token"
            token = self._token(kind, road)
            refused = kind == "token" and turn % 7 == 3
            sender = f"{token}@{'dead' if refused else 'client'}.example"
            raw = mail(token, sender=sender, size=self.size)
            self.insist(raw, sender, "support@desk.example", token, port=port, lmtp=road == "lmtp")
            if kind != "poison":
                self.expected.setdefault(token, "new")
            if refused or kind == "poison":
                self._acknowledged.add(sender)  # nobody will

    def _imap(self, server: Dovecot, address: str) -> None:
        where = "".join(c for c in address.partition("@")[0] if c.isalpha())
        for turn in itertools.count():
            if not self._paced("imap", turn):
                return
            token = self._token("token", where)
            raw = mail(token)
            while not _put(server, address, raw, by_imap=bool(turn % 2)):
                time.sleep(0.05)
            self.promises.note(token)
            self.expected.setdefault(token, "new")

    def insist(self, raw: bytes, sender: str, recipient: str, token: str, *, port: int = 0, lmtp: bool = False) -> None:
        """Send until somebody says 250, and note the promise."""
        while (code := submit(port or self.port, raw, sender, recipient, lmtp=lmtp)) != 250:
            self.replies[code] += 1
            time.sleep(0.05)
        self.replies[250] += 1
        self.promises.note(token)

    # --- answers ------------------------------------------------------------------------------------

    _people_stop = False

    def _answer_all(self) -> None:
        try:
            while not self._people_stop:
                for received in self.sink.messages[self._seen :]:
                    self._answer(received)
                    self._seen += 1
                time.sleep(0.02)
        except BaseException as error:
            self.errors.append(error)

    def _answer(self, received: Received) -> None:
        notice = email.message_from_bytes(received.raw, policy=default)
        assert isinstance(notice, EmailMessage)
        if notice["Message-ID"] in self._handled:
            return
        self._handled.add(str(notice["Message-ID"]))
        text = str(notice.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        kind, found = str(notice["X-Ticket-Gateway"]), TOKEN.search(text)
        self._acknowledged.update(r for r in received.recipients if r != OLIVIA)
        if kind == "staff_new" and found and int(found[0].rpartition("-")[2]) % 3 == 0:
            self._reply(notice, OLIVIA, "agent", found[0], "pending")
        if kind == "reply" and found and int(found[0].rpartition("-")[2]) % 2 == 0:
            self._reply(notice, received.recipients[0], "again", found[0], "client_responded")

    def _reply(self, notice: EmailMessage, sender: str, who: str, token: str, status: str) -> None:
        """Answer a notice once; the number of the question stays the same through the conversation."""
        number = token.rpartition("-")[2]
        ours = f"token-{who}-{number}"
        to = str(notice["Reply-To"]).rpartition("<")[2].rstrip(">")
        raw = mail(
            ours, to=to, sender=sender, In_Reply_To=str(notice["Message-ID"]), Subject=f"Re: {notice['Subject']}"
        )
        self.insist(raw, sender, to, ours)
        self.expected[self._questions[number]] = status


def _put(server: Dovecot, address: str, raw: bytes, *, by_imap: bool) -> bool:
    """False when the server hung up; the same bytes twice are one mail."""
    try:
        if not by_imap:
            server.deliver(raw, address)
        else:
            with server.client(address) as client:
                client.append("INBOX", raw)
    except (OSError, IMAPClientError):
        return False
    return True
