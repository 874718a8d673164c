"""The power fails at a promise: what the disk may then hold keeps it, and a daemon goes on from there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.evidence import delivered, gather
from harness.field import Field, field
from harness.figures import Figures
from harness.flushes import strace
from harness.nursery import Nursery
from harness.oracle import Verdict, judge
from harness.power import CALLS, Disk, chances, promises
from harness.scale import scaled
from harness.traffic import TOKEN, mail, submit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
MAILS = scaled(12, 300)
RESTARTS = scaled(3, 60)
FILES = ("gateway.db", "gateway.db-wal")


def recorded(folder: Path, mails: int, controls: str = "") -> tuple[Path, list[tuple[str, bytes]]]:
    """The trace of a daemon that takes mail and sends notices, and what reached the relay."""
    trace = folder / "trace"
    with field(folder, None, controls=controls, imap=(), gone=False) as desk:
        desk.daemon.command = [*strace(trace, CALLS, 1 << 18), sys.executable, "-m", "harness.launch"]
        desk.daemon.start()
        clients = [threading.Thread(target=send, args=(desk, range(n, mails, 3))) for n in range(3)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        desk.sink.wait_for(2 * mails, 300)
        daemon = int(trace.read_text(errors="replace").split(maxsplit=1)[0])
        os.kill(daemon, signal.SIGTERM)
        assert desk.daemon.process is not None
        assert desk.daemon.process.wait(60) == 0
        return trace, delivered(desk.sink)


def send(desk: Field, numbers: range) -> None:
    for number in numbers:
        token = f"token-smtp-{number}"
        while submit(desk.daemon.smtp_port, mail(token), f"{token}@client.example", "support@desk.example") != 250:
            pass
        desk.traffic.promises.note(token)


def put(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / "gateway.db"


def broken(database: Path, tokens: set[str], message_ids: set[str]) -> list[str]:
    """Promises that this database does not keep."""
    connection = sqlite3.connect(database)
    try:
        if (found := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            return [f"damaged: {found}"]
        raws = connection.execute("SELECT b.data FROM inbox i JOIN blob b ON b.sha256 = i.raw").fetchall()
        stored = {token for (raw,) in raws for token in TOKEN.findall(bytes(raw).decode())}
        marked = connection.execute("SELECT message_id FROM notice WHERE state IN ('dot_pending', 'sent', 'ambiguous')")
        return [*sorted(tokens - stored), *sorted(message_ids - {row[0] for row in marked})]
    except sqlite3.DatabaseError as error:
        return [f"unreadable: {error}"]
    finally:
        connection.close()


def cuts(trace: Path, scratch: Path) -> Iterator[tuple[dict[str, bytes], set[str], set[str], list[str]]]:
    """The power fails at each promise, in each way: the files, what had been promised, and what of it is broken."""
    disk = Disk(trace.parent / "desk", FILES)
    with trace.open(errors="replace") as lines:
        for number, wire in enumerate(promises(lines, disk)):
            for _, keep in chances(number):
                files = disk.after_cut(keep)
                wrong = broken(put(files, scratch), wire.tokens, wire.message_ids)
                yield files, set(wire.tokens), set(wire.message_ids), wrong


def test_every_promise_outlives_a_power_cut(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    trace, arrived = recorded(tmp_path / "before", MAILS)
    seen = 0
    picked = {}
    draw = random.Random(20261121)
    for files, tokens, message_ids, wrong in cuts(trace, tmp_path / "disk"):
        assert wrong == []
        seen += 1
        if draw.random() < RESTARTS / (9 * MAILS):
            picked[seen] = files, tokens, message_ids
    assert seen == 3 * (MAILS + 2 * MAILS)
    key = (tmp_path / "before" / "desk" / "secret.key").read_text()
    for number, (files, tokens, message_ids) in picked.items():
        before = [(name, raw) for name, raw in arrived if name in message_ids]
        assert goes_on(tmp_path / f"after-{number}", nursery, files, tokens, before, key) == Verdict()
    figures.measured(
        "G3",
        "power cut, rebuilt from the system calls, SQLite",
        f"{seen} disks after a cut at {seen // 3} promises: all whole, all promises kept; "
        f"{len(picked)} daemons went on from one: 0 lost, 0 doubled",
    )


def goes_on(
    folder: Path, nursery: Nursery, files: dict[str, bytes], tokens: set[str], before: list[tuple[str, bytes]], key: str
) -> Verdict:
    """A daemon starts on the disk after the cut; whoever has no 250 yet sends again."""
    everyone = {f"token-smtp-{number}" for number in range(MAILS)}
    with field(folder, nursery, controls="haste", imap=(), gone=False) as desk:
        put(files, folder / "desk")
        (folder / "desk" / "secret.key").write_text(key)
        desk.start()
        for token in sorted(everyone - tokens):
            assert submit(desk.daemon.smtp_port, mail(token), f"{token}@client.example", "support@desk.example") == 250
        desk.idle(90)
        assert desk.daemon.stop() == 0
        found = gather(desk.url, {})
        came = [*before, *delivered(desk.sink)]
        return judge(everyone, found.stored, found.notices, came, found.stuck, found.wrong)


def test_without_flushes_a_power_cut_is_seen_to_break_promises(tmp_path: Path, figures: Figures) -> None:
    trace, _ = recorded(tmp_path / "before", scaled(6, 50), "synchronous_normal")
    wrong = [len(wrong) for *_, wrong in cuts(trace, tmp_path / "disk")]
    assert sum(map(bool, wrong)) >= len(wrong) // 6
    figures.control(
        "G3",
        "power cut",
        "synchronous=NORMAL",
        f"{sum(map(bool, wrong))} of {len(wrong)} disks lack something that was promised, up to {max(wrong)} at once",
    )
