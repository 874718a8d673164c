"""A daemon that is killed again and again in the middle of traffic, and how it comes back."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from harness.evidence import Evidence, delivered
from harness.field import Field
from harness.orphans import Orphans, kill_one
from harness.waiting import Waiting

LMTP = """
[[inbound.smtp]]
listen = "127.0.0.1:{port}"
protocol = "lmtp"
"""


def listen_lmtp(desk: Field) -> None:
    """A second listener, on the port that the traffic was told."""
    with (desk.daemon.folder / "gateway.toml").open("a") as file:
        file.write(LMTP.format(port=desk.traffic.lmtp_port))


def quota(mails: int) -> dict[str, int]:
    """Questions by road, so that half of about ``mails`` come to three mailboxes, and half by SMTP and LMTP.

    Every second question is answered or followed by a mail more, which comes by SMTP.
    """
    return {"imap": -(-mails // 6), "smtp": -(-mails // 12), "lmtp": -(-mails // 12)}


@dataclass
class Killing:
    """``run`` kills at random moments of lives that last between ``life`` seconds; every 8th time a reader too.

    Where questions lag behind the kills, because the machine has other things to do, a life counts from the first
    notice that the daemon sends, and is as much longer as that notice took seconds: else the daemon would die in each
    start, and nothing of what is to be tested would happen. ``at_work`` counts every life from its first 250 or its
    first notice, in turn, unstretched.
    """

    desk: Field
    kills: int
    life: tuple[float, float]
    draw: random.Random
    at_work: bool = False
    orphans: Orphans = field(default_factory=Orphans)
    readers: int = 0
    late: int = 0
    starts: list[float] = field(default_factory=list)
    deaths: list[float] = field(default_factory=list)
    settled: float = 0.0
    released: int = 0

    def run(self, seconds: float, least: int = 2) -> None:
        """Until there were enough kills and questions, or the time is up and ``least`` kills done.

        The daemon runs in the end.
        """
        end = time.monotonic() + seconds
        self.desk.traffic.progress = lambda: (len(self.deaths) + 1) / self.kills
        self._start()
        self.desk.traffic.start()
        while self._wanted() and (time.monotonic() < end or len(self.deaths) < least):
            stretch = self._first_work() if self.at_work or self._behind() else 1.0
            self._live(self.draw.uniform(*self.life) * (1.0 if self.at_work else stretch))
            self._kill()
            self._start()
        self.desk.traffic.hold()
        self.settled = self._settle()
        self.released = self._release()

    def _wanted(self) -> bool:
        traffic = self.desk.traffic
        return len(self.deaths) < self.kills or bool(traffic.quota and not traffic.asked())

    def _behind(self, patience: float = 0.02) -> bool:
        traffic = self.desk.traffic
        roads = [*(n for n in ("smtp", "lmtp") if n in traffic.quota), *("imap" for _ in self.desk.mailboxes)]
        asked = len(traffic.expected) / sum(traffic.quota[road] for road in roads)
        return asked < min(1.0, (len(self.deaths) - 1) / self.kills) - patience

    def _first_work(self, seconds: float = 60) -> float:
        """Wait for it; the seconds that it took, and 1 at least."""
        self.late += 1
        before, end = self._work(), time.monotonic() + seconds
        while self._work() == before and time.monotonic() < end:
            time.sleep(0.02)
        return max(1.0, time.monotonic() - self.starts[-1])

    def _work(self) -> int:
        if self.at_work and len(self.deaths) % 2 == 0:
            return self.desk.traffic.replies[250]
        return len(self.desk.sink.messages)

    def _start(self) -> None:
        self.starts.append(time.monotonic())
        self.desk.daemon.start(wait=False)

    def _live(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        assert self.desk.daemon.process is not None
        if len(self.deaths) % 8 == 5:
            time.sleep(seconds * self.draw.random())
            self.readers += kill_one(self.desk.daemon.process.pid)
        while (left := end - time.monotonic()) > 0:
            self.orphans.look()
            time.sleep(min(left, 0.05))

    def _kill(self) -> None:
        process = self.desk.daemon.process
        assert process is not None
        assert process.poll() is None, self.desk.daemon.log()[-3000:]
        self.desk.daemon.kill()
        self.deaths.append(time.monotonic())
        self.orphans.of(process.pid)

    def _settle(self, seconds: float = 240) -> float:
        """Seconds from the last start to the moment at which nothing is overdue; the goal is a minute."""
        with Waiting(self.desk.url) as there:
            while (left := there.overdue()) and time.monotonic() < self.starts[-1] + seconds:
                time.sleep(0.1)
            assert not left, f"{left} overdue"
        return time.monotonic() - self.starts[-1]

    def _release(self) -> int:
        """A mail that has lost its reader to us once, and its daemon twice, is taken for one that kills.

        It is in quarantine then, and we do as an admin does.
        """
        found = [mail for mail in self.desk.daemon.json("quarantine", "list") if "struck before" in mail["reason"]]
        assert len(found) <= self.readers, found
        for mail in found:
            self.desk.daemon.cli("quarantine", "release", str(mail["id"]))
        return len(found)

    def told(self, found: Evidence) -> str:
        """The figure."""
        tokens = self.desk.traffic.promises.tokens()
        boxed = sum(any(f"-{name}-" in token for name in self.desk.mailboxes) for token in tokens)
        came = Counter(message_id for message_id, _ in delivered(self.desk.sink))
        twice = sum(n > 1 for n in came.values())
        set_aside = f"; {self.released} of them by way of quarantine, for what we did to their readers"
        late = f" ({self.late:,} in lives that were longer on a busy machine)" if self.late else ""
        said = (
            f"{len(self.deaths):,} kills{late} and {self.readers:,} of a reader alone",
            f"{len(tokens):,} mails, {boxed:,} of them into mailboxes, the others by SMTP and LMTP: 0 lost, 0 twice"
            f"{set_aside if self.released else ''}",
            f"{len(came):,} notices, {found.ambiguous} in the window after the dot at a kill, "
            f"{twice} of them sent twice, the same to the byte",
            f"nothing overdue {self.settled:.0f} s after the last start",
            f"readers outlived their daemon by {self.orphans.longest:.1f} s",
        )
        return "; ".join(said)
