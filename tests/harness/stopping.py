"""A daemon that is stopped by SIGTERM again and again in the middle of traffic."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass, field

from harness.field import Field
from harness.slow_client import SlowClient
from harness.waiting import Waiting

_EVERY = 4


@dataclass
class Stopping:
    """``run`` stops and starts; at every fourth stop a client is in the middle of ``size`` bytes.

    At each of them the relay holds a notice for ``hold`` seconds.
    """

    desk: Field
    size: int
    draw: random.Random
    hold: float = 0.5
    seconds: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    sending: int = 0
    large: int = 0
    cut: int = 0

    def run(self, stops: int, seconds: float) -> None:
        """So many stops, fewer when the time is up. The daemon runs in the end."""
        end = time.monotonic() + seconds
        self.desk.daemon.start()
        self.desk.traffic.start()
        while len(self.seconds) < stops and time.monotonic() < end:
            time.sleep(self.draw.uniform(0.3, 2.5))
            client = self._large() if len(self.seconds) % _EVERY == 0 else None
            self.sending += self._await_a_send()
            self._stop(client)
            self.desk.daemon.start()
            if client is not None:
                self._ended(client)

    def _large(self) -> SlowClient:
        """Nobody answers a question whose number is not a multiple of three."""
        self.large += 1
        return SlowClient(self.desk.daemon.smtp_port, f"token-large-{9_000_001 + 3 * self.large}", self.size)

    def _await_a_send(self, seconds: float = 60) -> bool:
        """Until the relay, which takes its time, has been sent a notice that it has not answered yet."""
        self.desk.sink.fail(".", "delay", times=4, seconds=self.hold)
        end = time.monotonic() + seconds
        with Waiting(self.desk.url) as there:
            while not (sending := there.on_the_wire()) and time.monotonic() < end:
                time.sleep(0.01)
        return bool(sending)

    def _stop(self, client: SlowClient | None) -> None:
        process = self.desk.daemon.process
        assert process is not None
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        if client is not None:
            client.finish(2.0)
        self.statuses.add(process.wait(60))
        self.seconds.append(time.monotonic() - began)

    def _ended(self, client: SlowClient) -> None:
        """A client that was cut comes again."""
        traffic = self.desk.traffic
        if client.end():
            traffic.promises.note(client.token)
        else:
            self.cut += 1
            traffic.insist(client.raw, client.sender, "support@desk.example", client.token)

    def told(self) -> str:
        """The figure."""
        took, mails = sorted(self.seconds), len(self.desk.traffic.promises.tokens())
        return (
            f"{len(took)} stops, {self.large} in the middle of {self.size / (1 << 20):.0f} MB and {self.sending} "
            f"with a notice on the wire, {mails:,} mails: status 0, half within {took[len(took) // 2]:.1f} s, "
            f"99 % within {took[(len(took) * 99 - 1) // 100]:.1f} s, the longest {took[-1]:.1f} s; "
            f"0 clients cut, 0 mails lost, 0 mails or notices twice"
        )
