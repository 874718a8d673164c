"""Stories told in real mail programs' bytes: NN-name/{gateway.toml, mail/*.eml, expect.toml}.

The daemon runs as a process; mail goes in over SMTP, notices come out into a Maildir. A mail file may
speak of notices that came before it, in double braces:

    {{reply_to KIND ADDRESS}}   the Reply-To address of the newest notice of that kind to that address
    {{message_id KIND ADDRESS}} its Message-ID with angle brackets; {{references …}} its References and Message-ID
    {{subject KIND ADDRESS}}    its Subject
    {{html KIND ADDRESS}}       its HTML body as a mail program quotes it; {{text …}} its text; {{quote …}} with "> "

In a part that is quoted-printable or base64 the runner encodes what was filled in, with everything around it.
"""

from __future__ import annotations

import email
import re
import smtplib
import tomllib
from collections.abc import Callable, Iterator
from email.message import EmailMessage, Message
from email.policy import compat32, default
from pathlib import Path
from typing import Any

import pytest
from harness.daemon import Daemon
from harness.nursery import Nursery
from servers.ports import free_port, wait_until

HERE = Path(__file__).parent
STORIES = sorted(p.parent for p in HERE.glob("*/expect.toml"))
_HOLE = re.compile(r"\{\{(\w+) (\w+) ([^\s}]+)\}\}")

pytestmark = pytest.mark.timeout(600)


class Story:
    def __init__(self, folder: Path, home: Path, nursery: Nursery) -> None:
        self.folder = folder
        port = free_port()
        text = (folder / "gateway.toml").read_text().replace("PORT", str(port))
        self.outgoing = home / "outgoing" / "new"
        self.daemon = Daemon(home, text, smtp_port=port, nursery=nursery)
        self.seen: set[str] = set()
        self.notices: list[tuple[str, str, EmailMessage]] = []

    # --- mail out -------------------------------------------------------------------------------

    def fresh(self) -> list[tuple[str, str]]:
        """(kind, recipient) of the notices that came since the last look."""
        names = sorted(p.name for p in self.outgoing.iterdir()) if self.outgoing.is_dir() else []
        found = []
        for name in names:
            if name not in self.seen:
                self.seen.add(name)
                mail = email.message_from_bytes((self.outgoing / name).read_bytes(), policy=default)
                assert isinstance(mail, EmailMessage)
                found.append((str(mail["X-Ticket-Gateway"]), str(mail["X-Envelope-To"])))
                self.notices.append((*found[-1], mail))
        return found

    def notice(self, kind: str, to: str) -> EmailMessage:
        return next(m for k, t, m in reversed(self.notices) if k == kind and t == to)

    # --- mail in --------------------------------------------------------------------------------

    def send(self, step: dict[str, Any]) -> None:
        raw = self.filled((self.folder / "mail" / step["mail"]).read_bytes())
        parsed = email.message_from_bytes(raw, policy=default)
        to = step.get("to") or re.findall(r"[^\s<>,]+@[^\s<>,]+", str(parsed["To"]))[0]
        to = self.fill(to)
        with smtplib.SMTP("127.0.0.1", self.daemon.smtp_port, timeout=60) as smtp:
            smtp.sendmail(step["from"], [to], raw)

    def filled(self, template: bytes) -> bytes:
        """The mail with its holes filled; parts that are encoded are encoded again."""
        if not _HOLE.search(template.decode("utf-8")):
            return crlf(template)
        message = email.message_from_bytes(self.fill_head(template), policy=compat32)
        for part in message.walk():
            if not part.is_multipart():
                self.fill_part(part)
        return crlf(message.as_bytes())

    def fill_head(self, template: bytes) -> bytes:
        head, gap, body = template.partition(b"\n\n")
        return self.fill(head.decode()).encode() + gap + body

    def fill_part(self, part: Message[str, str]) -> None:
        raw = str(part.get_payload(decode=False))
        data = raw.encode("utf-8", "surrogateescape").decode("utf-8")
        if _HOLE.search(data):
            way = str(part["Content-Transfer-Encoding"] or "8bit").lower()
            del part["Content-Transfer-Encoding"]
            part.set_payload(self.fill(data).encode("utf-8"))
            encode(part, way)

    def fill(self, text: str) -> str:
        return _HOLE.sub(lambda m: self.value(m[1], m[2], m[3]), text)

    def value(self, what: str, kind: str, to: str) -> str:
        mail = self.notice(kind, to)
        text = str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n")  # type: ignore[union-attr]
        values: dict[str, Callable[[], str]] = {
            "reply_to": lambda: str(mail["Reply-To"]).rpartition("<")[2].rstrip(">"),
            "message_id": lambda: str(mail["Message-ID"]),
            "references": lambda: f"{mail['References'] or ''} {mail['Message-ID']}".strip(),
            "subject": lambda: str(mail["Subject"]).removeprefix("Re: "),
            "text": lambda: text,
            "quote": lambda: "\n".join(f"> {line}".rstrip() for line in text.splitlines()),
            "html": lambda: inner(str(mail.get_body(("html",)).get_content())),  # type: ignore[union-attr]
        }
        return values[what]()

    # --- looking --------------------------------------------------------------------------------

    def play(self, step: dict[str, Any]) -> None:
        name = step["mail"]
        self.send(step)
        expected = sorted(tuple(entry.split()) for entry in step.get("notices", []))
        got: list[tuple[str, str]] = []
        decided = len(self.daemon.logged("mail_decided"))

        def done() -> bool:
            got.extend(self.fresh())
            return len(got) >= len(expected) and len(self.daemon.logged("mail_decided")) > self.decided

        wait_until(done, f"{name}: {expected} (got {got}, {decided} decided)\n{self.daemon.log()[-1500:]}", 120)
        self.decided += 1
        self.daemon.idle()
        got.extend(self.fresh())
        assert sorted(got) == expected, name
        self.look(step, name)

    decided = 0

    def look(self, step: dict[str, Any], name: str) -> None:
        for number, wanted in step.get("tickets", {}).items():
            shown = self.daemon.ticket(int(number))
            for key, value in wanted.items():
                assert find(shown, key) == value, (name, number, key)
        for entry in step.get("says", []):
            mail = self.notice(entry["notice"], entry["to"])
            parts = {kind: str(mail.get_body((kind,)).get_content()) for kind in ("plain", "html")}  # type: ignore[union-attr]
            for words in entry.get("has", []):
                assert words in " ".join(parts["plain"].split()), (name, words, parts["plain"])
                assert words in " ".join(re.sub(r"<[^>]+>", " ", parts["html"]).split()) or "&" in words, (name, words)
            for words in entry.get("lacks", []):
                assert words not in parts["plain"] + parts["html"], (name, words)


def find(shown: dict[str, Any], key: str) -> Any:
    """``status``, or a path such as ``messages.-1.reply`` or ``documents.*.state``."""
    value: Any = shown
    for at, part in enumerate(parts := key.split(".")):
        if part == "*":
            return [find(item, ".".join(parts[at + 1 :])) for item in value]
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def inner(html: str) -> str:
    """What a mail program puts into its quote: the body's content."""
    return re.sub(r"(?s).*?<body[^>]*>|</body>.*", "", html)


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def encode(part: Message[str, str], way: str) -> None:
    from email import encoders

    if way == "quoted-printable":
        encoders.encode_quopri(part)
    elif way == "base64":
        encoders.encode_base64(part)
    else:
        part["Content-Transfer-Encoding"] = "8bit"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.mark.parametrize("folder", STORIES, ids=lambda p: p.name)
def test_story(folder: Path, tmp_path: Path, nursery: Nursery) -> None:
    expect = tomllib.loads((folder / "expect.toml").read_text())
    story = Story(folder, tmp_path / "desk", nursery)
    story.daemon.start()
    try:
        for number, step in enumerate(expect["steps"], 1):
            if number == expect.get("restart_before", 0):
                assert story.daemon.stop() == 0
                story.daemon.start()
                story.decided = len(story.daemon.logged("mail_decided"))
            story.play(step)
        assert story.daemon.stop() == 0
    finally:
        story.daemon.close()
