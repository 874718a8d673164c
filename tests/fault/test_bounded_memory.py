"""Large mail, and much of it: memory stays within bounds, and what does not fit is asked to come again."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from harness.databases import BOTH, SQLITE
from harness.evidence import verdict
from harness.field import Field, field
from harness.figures import Figures
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import mail, submit
from servers.ports import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
LARGE = 25 << 20
"""Octets of a mail: as many as a listener takes by default."""
CLIENTS = scaled(4, 10)
BOUND = 512 << 20
NAME = "mails of 25 MB at once"
LINE = 57
"""Octets in a line of base64."""
FILE = base64.encodebytes(os.urandom(int(LARGE * 0.72) // LINE * LINE)).replace(b"\n", b"\r\n")


def resident(pid: int) -> int:
    """Bytes in memory of a process and its children; what they share is counted once, as a cgroup counts it."""
    pids, total = [pid], 0
    for one in pids:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                pids += [int(p) for p in (task / "children").read_text().split() if int(p) not in pids]
            found = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{one}/smaps_rollup").read_text())
            total += int(found[1]) * 1024 if found else 0
    return total


def with_attachment(token: str) -> bytes:
    """A mail of nearly ``LARGE`` octets, most of them a file in base64 that no other mail has."""
    kind = {"MIME_Version": "1.0", "Content_Type": "multipart/mixed; boundary=b"}
    head, _, body = mail(token, **kind).partition(b"\r\n\r\n")
    named = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=scan.pdf\r\n"
    file = named + b"Content-Transfer-Encoding: base64\r\n\r\n" + FILE + base64.b64encode(token.encode()) + b"\r\n"
    parts = [b"Content-Type: text/plain\r\n\r\n" + body, file]
    return head + b"\r\n\r\n--b\r\n" + b"\r\n--b\r\n".join(parts) + b"--b--\r\n"


class Clients:
    """Each sends one large mail, again and again until it is taken."""

    def __init__(self, desk: Field) -> None:
        self._desk = desk
        self.refused: Counter[int] = Counter()
        tokens = [f"token-large-{n}" for n in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._insist, args=(token,), daemon=True) for token in tokens]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _insist(self, token: str) -> None:
        raw = with_attachment(token)
        while (
            code := submit(self._desk.daemon.smtp_port, raw, f"{token}@client.example", "support@desk.example")
        ) != 250:
            self.refused[code] += 1
            time.sleep(0.5)
        self._desk.traffic.promises.note(token)


def peak_until_over(desk: Field, clients: Clients) -> int:
    """The most memory from now on until every mail has been answered and its owner told."""
    assert desk.daemon.process is not None
    peak, end = 0, time.monotonic() + 280
    while not clients.over() or len(desk.sink.messages) < 2 * CLIENTS:
        assert time.monotonic() < end, f"{len(desk.sink.messages)} mails at the sink, answers {clients.refused}"
        assert clients.refused.keys() <= {452}, clients.refused
        peak = max(peak, resident(desk.daemon.process.pid))
        time.sleep(scaled(0.1, 0.03))
    return peak


@pytest.mark.parametrize("database", scaled((SQLITE,), BOTH))
def test_mails_of_25_megabytes_at_once_stay_below_512_megabytes(
    tmp_path: Path, url: str, figures: Figures, database: str
) -> None:
    with field(tmp_path, None, url, controls="", imap=(), gone=False) as desk:
        desk.daemon.start()
        clients = Clients(desk)
        clients.start()
        peak = peak_until_over(desk, clients)
        desk.idle(60)
        assert desk.daemon.stop() == 0
        found, _ = verdict(desk.url, desk.traffic)
    assert found == Verdict(), str(found)
    assert clients.refused[452], "so many are more than is taken at once: somebody is asked to come again"
    assert peak < BOUND
    figures.measured(
        "G16",
        f"{NAME}, {database}",
        f"{CLIENTS} mails: {peak >> 20} MB at most (PSS of the daemon and its children), "
        f"{clients.refused[452]} times 452, all arrived",
    )


@pytest.mark.soak
def test_a_listener_without_a_budget_is_seen(tmp_path: Path, figures: Figures) -> None:
    """Clients that never end their mail: all of it stays in memory."""
    with field(tmp_path, None, controls="no_byte_budget", imap=(), gone=False) as desk, contextlib.ExitStack() as open_:
        desk.daemon.command = [sys.executable, "-m", "harness.launch"]
        desk.daemon.start()
        assert desk.daemon.process is not None
        pid = desk.daemon.process.pid
        for number in range(20):
            link = open_.enter_context(socket.create_connection(("127.0.0.1", desk.daemon.smtp_port), timeout=60))
            commands = [
                "EHLO c.example",
                f"MAIL FROM:<{number}@client.example>",
                "RCPT TO:<support@desk.example>",
                "DATA",
            ]
            link.recv(4096)
            for command in commands:
                link.sendall(f"{command}\r\n".encode())
                link.recv(4096)
            link.sendall(FILE)
        wait_until(lambda: resident(pid) > BOUND, "more memory than is allowed", 60)
        seen = resident(pid)
    figures.control("G16", NAME, "no byte budget, 20 clients", f"{seen >> 20} MB, allowed {BOUND >> 20}")
