"""Mail that nobody should have to read, the ways it comes in, and what has become of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from harness.bombs import BOMBS
from harness.desk import letter
from harness.oracle import Verdict, judge
from harness.traffic import Promises, mail
from tools.fuzz import damaged

from gateway.errors import Temporary
from gateway.inbound.door import Door
from gateway.inbound.wire import has_bare_line_ends
from gateway.mail import Envelope
from gateway.store import open_current

ROOT = Path(__file__).resolve().parents[2]
_LARGEST_SEED = 200_000
_SMALL_BOMB = 4_000
_TRIES = 100


def corpora() -> list[bytes]:
    """Mail that other projects keep for their tests, from ``$GATEWAY_CORPORA`` or beside the checkout."""
    places = [os.environ.get("GATEWAY_CORPORA", ""), str(ROOT.parent / "shared" / "corpora")]
    folder = next((Path(place) for place in places if place and Path(place).is_dir()), None)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.parent != folder) if folder else []
    return [path.read_bytes() for path in files]


def own() -> list[bytes]:
    """Letters, and every bomb in small."""
    sender = "Casey Client <casey@client.example>"
    letters = [
        letter(sender, "Grüße\n\n> old\n", subject="Büro"),
        letter(sender, "Hello", html="<p>Hello <b>you</b></p><blockquote>old</blockquote>"),
        letter(sender, "See the scan", files={"scan.pdf": b"%PDF" + bytes(900), "büro.txt": b"x"}),
    ]
    return [made.as_bytes() for made in letters] + [make(_SMALL_BOMB) for make in BOMBS.values()]


def hostile(count: int, seeds: list[bytes], draw: random.Random) -> Iterator[bytes]:
    """The seeds, then damaged ones of them, each once."""
    seen: set[str] = set()
    small = [seed for seed in seeds if len(seed) <= _LARGEST_SEED]
    waiting = list(reversed(seeds))
    while len(seen) < count:
        raw = waiting.pop() if waiting else damaged(draw.choice(small), draw)
        digest = hashlib.sha256(raw).hexdigest()
        if raw.strip() and digest not in seen:
            seen.add(digest)
            yield raw


def poison(number: int) -> bytes:
    """See ``fault.controls.deadly``."""
    return mail(f"poison-mail-{number}")


def clean_for_smtp(raw: bytes) -> bool:
    """May it be sent as it is? A bare CR or LF is refused (RFC 5321 section 2.3.8), and whoever sent it knows."""
    return raw.endswith(b"\r\n") and not has_bare_line_ends(raw)


@dataclass
class Bringer:
    """Brings mail in: by SMTP where that takes it byte by byte, else through a door of its own, like ``ingest``."""

    port: int
    url: str
    promises: Promises
    roads: Counter[str] = field(default_factory=Counter)
    put_off: int = 0

    def bring(self, mails: Iterable[bytes]) -> None:
        store = open_current(self.url)
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as smtp:
                door = Door(store, lambda _: True)
                for number, raw in enumerate(mails):
                    self._one(smtp, door, raw, f"s{number}@client.example")
                    self.promises.note(hashlib.sha256(raw).hexdigest())
        finally:
            store.close()

    def _one(self, smtp: smtplib.SMTP, door: Door, raw: bytes, sender: str) -> None:
        recipients = ["support@desk.example"]
        if clean_for_smtp(raw):
            smtp.sendmail(sender, recipients, raw)
            self.roads["smtp"] += 1
        else:
            self._insist(door, raw, Envelope(sender, tuple(recipients)))
            self.roads["door"] += 1

    def _insist(self, door: Door, raw: bytes, envelope: Envelope) -> None:
        """As whoever pipes into ``ingest`` does: a file of SQLite that a busy daemon holds is a temporary failure."""
        for _ in range(_TRIES):
            with contextlib.suppress(Temporary):
                door.accept(raw, envelope, source="ingest")
                return
            self.put_off += 1
        raise TimeoutError("the door would not take a mail")


@dataclass(frozen=True)
class Outcome:
    """``ends`` counts what became of mails; ``struck`` the strikes of each mail that had any, by id."""

    verdict: Verdict
    ends: Counter[str]
    struck: Mapping[int, int]
    ids: tuple[int, ...]


READS_ALONE = ("--only", "inbound,worker")
"""What a daemon is started with where nobody has to hear of the mail."""

Rows = Callable[[str], list[Any]]


@contextlib.contextmanager
def _asking(url: str) -> Iterator[Rows]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            yield lambda query: list(connection.execute(sa.text(query)))
    finally:
        engine.dispose()


def waiting(url: str, larger: int = 0) -> int:
    """How many mails of more bytes nobody has decided yet."""
    time.sleep(0.3)  # whoever asks shall not take the daemon's time
    with _asking(url) as rows:
        return int(rows(f"SELECT count(*) FROM inbox WHERE state = 'waiting' AND size > {larger}")[0][0])


def outcome(url: str, promises: Promises) -> Outcome:
    """Promised digests against the bytes that are there, and against what they became. SQL of our own."""
    with _asking(url) as rows:
        return _outcome(rows, promises)


def _outcome(rows: Rows, promises: Promises) -> Outcome:
    query = """
        SELECT i.id, i.state, i.outcome, i.reason, i.strikes, i.ticket, b.data,
               (SELECT count(*) FROM message m WHERE m.inbox = i.id) AS messages
        FROM inbox i JOIN blob b ON b.sha256 = i.raw ORDER BY i.id
    """
    stored: dict[str, list[int]] = {}
    ends, struck, ids, stuck = Counter[str](), dict[int, int](), list[int](), list[str]()
    found = rows(query)
    ended = {row.id for row in found if _end(row)}
    for row in found:
        end = _end(row) or _same_as(row, ended)
        if end:
            stored.setdefault(hashlib.sha256(row.data).hexdigest(), []).append(row.ticket or 0)
        else:
            stuck.append(f"mail {row.id} is {row.state}: {row.outcome} {row.reason}")
        ends[end] += 1
        ids.append(row.id)
        if row.strikes:
            struck[row.id] = row.strikes
    wrong = [f"mail {number} had {strikes} strikes" for number, strikes in struck.items() if strikes > 3]
    return Outcome(judge(promises.tokens(), stored, {}, [], stuck, wrong), ends, struck, tuple(ids))


def _end(row: Any) -> str:
    """What a mail has become by itself; "" when that is nothing which anybody will see."""
    if row.state == "done" and row.messages:
        return "ticket message"
    if row.state == "quarantined":
        return "quarantine"
    return ""


def _same_as(row: Any, ended: set[int]) -> str:
    """Its content came in another mail as well, which is there."""
    other = row.reason.rpartition(" ")[2]
    same = row.state == "done" and row.outcome == "duplicate" and other.isdigit() and int(other) in ended
    return "same as another" if same else ""
