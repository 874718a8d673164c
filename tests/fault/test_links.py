"""Links that fall silent, are forgotten or cut, on all three roads; how soon that and new mail are noticed."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import field as fields
from harness.evidence import verdict as judged
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.outage import LATER, Knocks, worked_off
from harness.scale import scaled
from harness.traffic import mail
from servers.dovecot import Dovecot
from servers.ports import wait_until
from servers.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
ROUNDS = scaled(1, 20)
LINKS = "links to mailboxes, the relay and from clients: silent, forgotten, cut, BYE"
SILENT = "a client that falls silent"
RELAY = "half-open links to the relay"
TO_RELAY: dict[str, Any] = {"imap": ("move",), "gone": False, "proxied": True, "smtp": False}
HALF_OPEN = "half-open links to mailboxes"
QUICK = "connect_timeout = 2\ncommand_timeout = 2\ndata_timeout = 2"
NOTICED = 300
"""Seconds after which a link that is dead has to be known as such, at the latest."""


def reconfigured(desk: Field, old: str, new: str) -> None:
    path = Path(desk.daemon.config)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def troubled(desk: Field, roads: list[Proxy]) -> int:
    """Silence of some seconds, connections forgotten, cut, and said goodbye to; returns how many were forgotten."""
    for road in roads:
        road.pause()
    time.sleep(4)
    for road in roads:
        road.resume()
    time.sleep(1)
    forgotten = sum(road.forget() for road in roads)
    time.sleep(4)
    for _ in range(3):
        for road in roads:
            road.cut()
        time.sleep(0.7)
    for server in desk.mailboxes.values():
        server.stop()
        server.start()
    return forgotten


def test_links_that_fall_silent_or_break_lose_and_double_nothing(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    around = {"gone": False, "proxied": True, "outbound": QUICK, "pause": scaled(0.2, 0.5)}
    with field(tmp_path, nursery, controls="haste,impatient", **around) as desk:
        reconfigured(desk, "[[inbound.smtp]]", "[[inbound.smtp]]\ntimeout = 2")
        desk.start()
        way_in = Proxy(desk.daemon.smtp_port)
        desk.traffic.start()
        knocks = Knocks(desk, port=way_in.port)
        desk.sink.wait_for(6, 120)
        forgotten = sum(troubled(desk, [*desk.links, way_in]) for _ in range(ROUNDS))
        knocks.stop()
        way_in.close()
        worked_off(desk)
        verdict, found = desk.finish(300)
        told = knocks.between(0, float("inf"))
        mails = len(desk.traffic.promises.tokens())
    assert verdict == Verdict(), verdict
    assert forgotten >= 3
    assert told.keys() <= {0, 250} | LATER, told
    figures.measured(
        "G8",
        f"{LINKS}, SQLite",
        f"{ROUNDS} rounds, {forgotten} links half-open, {mails:,} mails: 0 lost, 0 twice; "
        f"{found.ambiguous} notices marked as undecidable",
    )


class CutAtTheAnswer(Proxy):
    """Every other connection ends just before the client hears that its mail is accepted."""

    cuts = 0
    _answers = 0

    def passing(self, source: socket.socket, data: bytes) -> None:
        if b" accepted as " in data:
            self._answers += 1
            if self._answers % 2:
                self.cuts += 1
                raise ConnectionResetError


@pytest.mark.soak
def test_clients_who_come_again_after_a_cut_and_are_not_recognised_are_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with field(tmp_path, nursery, controls="haste,no_unique_keys", imap=(), gone=False, pause=1) as desk:
        desk.start()
        way_in = CutAtTheAnswer(desk.daemon.smtp_port)
        desk.traffic.start()
        knocks = Knocks(desk, port=way_in.port)
        wait_until(lambda: way_in.cuts > 2, "links to be cut", 60)
        knocks.stop()
        way_in.close()
        verdict, _ = desk.finish(120)
    assert verdict.doubled
    figures.control("G8", LINKS, "no unique keys", f"{len(verdict.doubled)} doubled in {way_in.cuts} cuts")


# --- how soon ---------------------------------------------------------------------------------------


def lies_there(server: Dovecot, address: str) -> bool:
    """Is there mail in the inbox? Read from its Maildir, so that nobody else's IMAP wakes the server."""
    box = server.folder / "mail" / address
    return any(any((box / part).iterdir()) for part in ("new", "cur") if (box / part).exists())


def seconds_until_taken(server: Dovecot, address: str, token: str, desk: Field, at_most: float) -> float:
    """From delivery to the move that follows the commit."""
    began = time.monotonic()
    server.deliver(mail(token), address)
    desk.traffic.promises.note(token)
    wait_until(lambda: not lies_there(server, address), f"{token} to be taken", at_most)
    return time.monotonic() - began


def kept(desk: Field) -> None:
    """All of it is worked off, nothing lost and nothing twice. Nobody answers the notices of these tests."""
    desk.daemon.idle()
    assert desk.daemon.stop() == 0
    verdict, _ = judged(desk.url, desk.traffic)
    assert verdict == Verdict(), verdict


def spread(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds):.2f} s, max {max(seconds):.2f} s"


@pytest.mark.parametrize(
    ("road", "mails", "scan"), [("IDLE", scaled(5, 200), 60), ("polling", scaled(2, 10), scaled(2, 60))]
)
def test_new_mail_is_seen_at_once_by_idle_and_within_a_scan_without_it(
    tmp_path: Path,
    nursery: Nursery,
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
    road: str,
    mails: int,
    scan: int,
) -> None:
    monkeypatch.setitem(fields.CAPABILITIES, "polled", "IMAP4rev1 MOVE UIDPLUS")
    name = "move" if road == "IDLE" else "polled"
    with field(tmp_path, nursery, controls="haste", imap=(name,), gone=False, smtp=False) as desk:
        reconfigured(desk, "scan_interval = 1", f"scan_interval = {scan}")
        desk.start()
        wait_until(lambda: bool(desk.daemon.logged("imap_connected")), "the watcher's connection", 60)
        time.sleep(1)
        server, address = desk.mailboxes[name], f"{name}@desk.example"
        taken = []
        for number in range(1, mails + 1):
            taken.append(seconds_until_taken(server, address, f"token-{name}-{number}", desk, 60 + scan))
            time.sleep(number % 10 / 10)
        kept(desk)
    assert road == "polling" or statistics.median(taken) < scan / 3, "this is no better than scanning"
    how = f"{road}, scans every {scan} s"
    if road == "polling":
        figures.control(
            "G8", "new mail in a Dovecot mailbox: IDLE", "no IDLE", f"{spread(taken)}, scanning every {scan} s"
        )
    figures.measured("G8", f"new mail in a Dovecot mailbox: {how}", f"{mails} mails, stored and moved: {spread(taken)}")


def forgotten_and_written_to(desk: Field, turn: int, at_most: float) -> list[float]:
    """Every link to a mailbox goes dead and a mail arrives; the seconds until each mailbox is empty again."""
    boxes = desk.links[1:]  # the first leads to the relay
    wait_until(lambda: all(link.living() for link in boxes), "every watcher to be connected", 300)
    time.sleep(1 + turn % 3)
    assert all(link.forget() for link in boxes)
    began, took = time.monotonic(), dict[str, float]()
    for name, server in desk.mailboxes.items():
        token = f"token-{name}-{turn}"
        server.deliver(mail(token), f"{name}@desk.example")
        desk.traffic.promises.note(token)
    while len(took) < len(desk.mailboxes) and time.monotonic() - began < at_most:
        for name, server in desk.mailboxes.items():
            if name not in took and not lies_there(server, f"{name}@desk.example"):
                took[name] = time.monotonic() - began
        time.sleep(0.05)
    return list(took.values())


def half_open(tmp_path: Path, nursery: Nursery, controls: str, rounds: int, at_most: float) -> list[float]:
    around = {"imap": ("move", "copy"), "gone": False, "proxied": True, "smtp": False}
    with field(tmp_path, nursery, controls=controls, **around) as desk:
        scan = scaled(1, 60)
        reconfigured(desk, "scan_interval = 1", f"scan_interval = {scan}")
        desk.start()
        took = [s for turn in range(1, rounds + 1) for s in forgotten_and_written_to(desk, turn, at_most)]
        if len(took) == 2 * rounds:
            kept(desk)
    return took


def test_a_half_open_link_to_a_mailbox_is_noticed(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    rounds = scaled(1, 5)
    took = half_open(tmp_path, nursery, scaled("haste,impatient", "haste"), rounds, NOTICED)
    assert len(took) == 2 * rounds, f"after {NOTICED} s mail still lies behind a dead link"
    bounds = scaled("bounds shortened to 2 s", "bounds as in production")
    figures.measured(
        "G8", f"{HALF_OPEN}: until the mail behind them is taken", f"{len(took)} links, {bounds}: {spread(took)}"
    )


@pytest.mark.soak
def test_a_watcher_without_bounds_on_silence_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    """It would take the test above for ever; the mail that lies there after as long as that one takes is enough."""
    waited = scaled(15, 180)
    took = half_open(tmp_path, nursery, "haste,impatient,patient", 1, waited)
    assert not took
    figures.control("G8", HALF_OPEN, "no bounds on silence", f"the mail lies there after {waited} s")


def seconds_until_eof(link: socket.socket, at_most: float) -> tuple[float, bytes]:
    began, said = time.monotonic(), b""
    link.settimeout(at_most)
    while piece := link.recv(4096):
        said += piece
    return time.monotonic() - began, said


def in_the_middle_of_data(link: socket.socket) -> None:
    for line in (b"EHLO c.example", b"MAIL FROM:<c@client.example>", b"RCPT TO:<support@desk.example>", b"DATA"):
        link.recv(4096)
        link.sendall(line + b"\r\n")
    assert link.recv(4096).startswith(b"354")
    link.sendall(b"Subject: never ends\r\n")


@pytest.mark.parametrize("stage", ["after connecting", "in the middle of DATA"])
def test_a_client_that_falls_silent_is_let_go(tmp_path: Path, nursery: Nursery, figures: Figures, stage: str) -> None:
    begin: Callable[[socket.socket], None] = in_the_middle_of_data if "DATA" in stage else lambda _: None
    with field(tmp_path, nursery, imap=(), gone=False, smtp=False) as desk:
        bound = scaled(2, 300)
        reconfigured(desk, "[[inbound.smtp]]", f"[[inbound.smtp]]\ntimeout = {bound}")
        desk.start()
        with socket.create_connection(("127.0.0.1", desk.daemon.smtp_port)) as link:
            begin(link)
            took, said = seconds_until_eof(link, bound + 120)
        assert desk.daemon.stop() == 0
    assert b"421 4.4.2" in said
    figures.measured("G8", f"{SILENT} {stage}", f"answered 421 and cut off after {took:.1f} s")


@pytest.mark.soak
def test_a_listener_that_waits_for_ever_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    waited = 330
    with field(tmp_path, nursery, imap=(), gone=False, smtp=False) as desk:
        reconfigured(desk, "[[inbound.smtp]]", "[[inbound.smtp]]\ntimeout = 3600")
        desk.start()
        with socket.create_connection(("127.0.0.1", desk.daemon.smtp_port)) as link:
            in_the_middle_of_data(link)
            with pytest.raises(TimeoutError):
                seconds_until_eof(link, waited)
    figures.control("G8", SILENT, "no bound", f"still connected after {waited} s")


def forgotten_by_the_relay(desk: Field, number: int, at_most: float) -> float:
    """A mail is answered with two notices, and the links to the relay go dead under them: the seconds until both are
    there. Raises TimeoutError."""
    relay, token = desk.links[0], f"token-move-{number}"
    desk.sink.fail("RCPT", "delay", times=2, seconds=1.0)
    desk.mailboxes["move"].deliver(mail(token), "move@desk.example")
    desk.traffic.promises.note(token)
    wait_until(lambda: bool(relay.living()), "a connection to the relay", 60)
    time.sleep(0.3)
    relay.forget()
    began, before = time.monotonic(), len(desk.sink.messages)
    desk.sink.wait_for(before + 2, at_most)
    return time.monotonic() - began


def test_a_half_open_link_to_the_relay_is_noticed(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    """Its time-outs are those of RFC 5321 section 4.5.3.2, minutes long; the dot alone may take ten."""
    with field(tmp_path, nursery, outbound=scaled(QUICK, ""), **TO_RELAY) as desk:
        desk.start()
        took = []
        for number in range(1, scaled(1, 2) + 1):
            took.append(forgotten_by_the_relay(desk, number, scaled(60, 700)))
            desk.daemon.idle(60)
        kept(desk)
    bounds = scaled("time-outs of 2 s", "time-outs as in production")
    figures.measured("G8", f"{RELAY}: until the notices are sent", f"{len(took)} links, {bounds}: {spread(took)}")


@pytest.mark.soak
def test_a_sender_without_bounds_on_silence_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    waited = 400
    with field(tmp_path, nursery, outbound="command_timeout = 3600\ndata_timeout = 3600", **TO_RELAY) as desk:
        desk.start()
        with pytest.raises(TimeoutError):
            forgotten_by_the_relay(desk, 1, waited)
    figures.control("G8", RELAY, "an hour for each answer", f"not sent after {waited} s")
