"""Clients that vanish in the middle of what they say, many of them just after the dot, and come with the same again."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness.databases import BOTH
from harness.evidence import verdict as judged
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import mail, submit
from servers.listening import Client, dotted
from servers.ports import HOST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
CLIENTS = scaled(45, 1000)
EXPERIMENT = "clients that drop the connection at a random byte and send again"
DESK = "support@desk.example"
AT_ONCE = 8
_DATA = 4
"""Which piece of the dialogue is the mail itself."""


@dataclass(frozen=True)
class Plan:
    """How one client breaks off: it says ``pieces`` up to an octet of one of them, and then it goes, somehow."""

    token: str
    raw: bytes
    piece: int
    octets: int
    leave: Callable[[Client], None]

    @property
    def sender(self) -> str:
        return f"{self.token}@client.example"

    @property
    def pieces(self) -> list[bytes]:
        """Each is said when the one before is answered."""
        commands = ["EHLO client.example", f"MAIL FROM:<{self.sender}>", f"RCPT TO:<{DESK}>", "DATA"]
        return [*(f"{command}\r\n".encode() for command in commands), dotted(self.raw), b"QUIT\r\n"]


def close(client: Client) -> None:
    client.socket.close()


def reset(client: Client) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def half_close(client: Client) -> None:
    """Says no more, and listens to the end."""
    client.half_close()
    while client.line():
        pass


def planned(chance: random.Random, number: int) -> Plan:
    """Every third breaks off just after the dot, the others anywhere, as likely in a short command as in the mail."""
    token = f"token-cut-{number}"
    raw = mail(token, size=chance.choice([0, 500, 20_000]))
    leave = chance.choice([close, reset, half_close])
    plan = Plan(token, raw, chance.randrange(_DATA + 2) if number % 3 else _DATA, 0, leave)
    said = len(plan.pieces[plan.piece])
    return Plan(token, raw, plan.piece, chance.randrange(said) if number % 3 else said, leave)


def break_off(port: int, plan: Plan) -> None:
    with contextlib.suppress(OSError), Client((HOST, port), greet="") as client:
        for piece in plan.pieces[: plan.piece]:
            client.send(piece)
            client.reply()
        client.send(plan.pieces[plan.piece][: plan.octets])
        plan.leave(client)


def come_again(desk: Field, plan: Plan) -> None:
    break_off(desk.daemon.smtp_port, plan)
    while submit(desk.daemon.smtp_port, plan.raw, plan.sender, DESK) != 250:
        time.sleep(0.05)
    desk.traffic.promises.note(plan.token)


def cut(desk: Field, clients: int) -> tuple[Verdict, int]:
    """The verdict, and how many mails the daemon had when they came again."""
    chance = random.Random(20261121)
    plans = [planned(chance, number) for number in range(clients)]
    desk.start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda plan: come_again(desk, plan), plans))
    desk.sink.wait_for(2 * clients, scaled(90, 3600))
    desk.idle(60)
    assert desk.daemon.stop() == 0, desk.daemon.log()[-3000:]
    again = sum(entry["duplicate"] for entry in desk.daemon.logged("mail_accepted"))
    return judged(desk.url, desk.traffic)[0], again


@pytest.mark.parametrize("database", BOTH)
def test_a_mail_whose_client_vanished_and_came_again_is_there_once(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    with field(tmp_path, nursery, url, imap=(), gone=False) as desk:
        verdict, again = cut(desk, CLIENTS)
    assert verdict == Verdict(), str(verdict)
    assert again > CLIENTS / 10, "hardly anybody came again with what was there already: the windows were not hit"
    figures.measured(
        "G6", f"{EXPERIMENT}, {database}", f"{CLIENTS:,} clients, {again:,} came with what we had: 0 lost, 0 twice"
    )


def test_without_unique_keys_they_are_seen_twice(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, controls="haste,no_unique_keys", imap=(), gone=False) as desk:
        verdict, _ = cut(desk, 9)
    assert verdict.doubled, verdict
    figures.control("G6", EXPERIMENT, "no unique keys", f"{len(verdict.doubled)} of 9 doubled")
