"""Large mail, and much of it: memory stays within bounds, and what does not fit is asked to come again."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import threading
import time
from pathlib import Path

import pytest
from harness.field import field
from harness.oracle import Verdict
from harness.traffic import mail, submit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LARGE = 25 << 20


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


def with_attachment(token: str, size: int) -> bytes:
    """A mail of about ``size`` bytes, most of them a file in base64."""
    kind = {"MIME_Version": "1.0", "Content_Type": "multipart/mixed; boundary=b"}
    head, _, body = mail(token, **kind).partition(b"\r\n\r\n")
    file = base64.encodebytes(os.urandom(int(size / 1.38))).replace(b"\n", b"\r\n")
    named = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=scan.pdf\r\n"
    parts = [
        b"Content-Type: text/plain\r\n\r\n" + body,
        named + b"Content-Transfer-Encoding: base64\r\n\r\n" + file,
    ]
    return head + b"\r\n\r\n--b\r\n" + b"\r\n--b\r\n".join(parts) + b"--b--\r\n"


def test_ten_mails_of_25_megabytes_at_once_stay_below_512_megabytes(tmp_path: Path) -> None:
    with field(tmp_path, None, controls="", imap=(), gone=False) as desk:
        desk.daemon.start()
        assert desk.daemon.process is not None
        pid, peak, replies = desk.daemon.process.pid, 0, list[int]()

        def client(number: int) -> None:
            token = f"token-large-{number}"
            raw = with_attachment(token, LARGE)
            while (
                code := submit(desk.daemon.smtp_port, raw, f"{token}@client.example", "support@desk.example")
            ) != 250:
                replies.append(code)
                time.sleep(0.5)
            desk.traffic.promises.note(token)

        clients = [threading.Thread(target=client, args=(n,)) for n in range(10)]
        for one in clients:
            one.start()
        while any(one.is_alive() for one in clients) or len(desk.sink.messages) < 20:
            peak = max(peak, resident(pid))
            time.sleep(0.02)
        print(f"peak {peak >> 20} MB; put off: {replies}")
        assert set(replies) <= {452}
        assert replies, "ten at once are more than the budget: somebody is asked to come again"
        assert peak < 512 << 20
        verdict, _ = desk.finish()
        assert verdict == Verdict(), str(verdict)
