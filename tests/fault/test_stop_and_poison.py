"""SIGTERM in the middle of a large mail lets it end; mail that kills its reader does so three times at most."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections import Counter
from pathlib import Path

import pytest
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import scaled
from harness.traffic import mail
from servers.ports import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
LARGE = 25 << 20
STOPS = scaled(1, 10)
STOPPED = "SIGTERM in the middle of 25 MB"
POISONED = "mail that kills its reader, across restarts"
STRIKES = 3


# --- stopping ---------------------------------------------------------------------------------------


def begun(port: int, token: str) -> socket.socket:
    """A client in the middle of DATA."""
    link = socket.create_connection(("127.0.0.1", port), timeout=60)
    for command in (b"", b"EHLO c.example\r\n", f"MAIL FROM:<{token}@client.example> SIZE={LARGE}\r\n".encode()):
        link.sendall(command)
        link.recv(4096)
    for command in (b"RCPT TO:<support@desk.example>\r\n", b"DATA\r\n"):
        link.sendall(command)
        assert link.recv(4096)[:1] in b"23"
    return link


def stopped_in(desk: Field, token: str) -> tuple[bytes, float]:
    """What a client hears whose mail is half through when SIGTERM comes; seconds from its last octet to the exit."""
    raw = mail(token, size=LARGE - 2_000_000)
    process = desk.daemon.process
    assert process is not None
    with begun(desk.daemon.smtp_port, token) as link:
        link.sendall(raw[: len(raw) // 2])
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        try:
            link.sendall(raw[len(raw) // 2 :] + b".\r\n")
            ended, heard = time.monotonic(), link.recv(4096)
        except ConnectionError:
            ended, heard = time.monotonic(), b""
    assert process.wait(40) == 0
    return heard, time.monotonic() - ended


def test_sigterm_in_the_middle_of_25_megabytes_lets_them_end(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    with field(tmp_path, nursery, controls="", imap=(), gone=False, smtp=False) as desk:
        desk.traffic.start()
        took = []
        for number in range(1, STOPS + 1):
            token = f"token-large-{number * 3 + 1}"  # multiples of three are answered
            desk.start()
            heard, seconds = stopped_in(desk, token)
            assert heard.startswith(b"250"), heard
            desk.traffic.promises.note(token)
            took.append(seconds)
        desk.start()
        verdict, _ = desk.finish(120)
    assert verdict == Verdict(), verdict
    assert max(took) < 30
    figures.measured(
        "G12", f"{STOPPED}, SQLite", f"{STOPS} stops: 0 lost, 0 twice; exit {max(took):.1f} s after the dot"
    )


def test_cutting_off_whoever_is_in_mid_message_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, controls="hasty_stop", imap=(), gone=False, smtp=False) as desk:
        desk.start()
        heard, _ = stopped_in(desk, "token-large-1")
    assert not heard.startswith(b"250"), heard
    figures.control("G12", STOPPED, "no drain", f"the client heard {heard.decode().strip() or 'nothing'}")


# --- poison -----------------------------------------------------------------------------------------


def deaths(ledger: Path) -> Counter[str]:
    """How often each mail has killed a reader, as the readers wrote down with their last breath."""
    return Counter(ledger.read_text().split()) if ledger.exists() else Counter()


def test_a_poison_mail_kills_three_readers_at_most_across_restarts_while_good_mail_goes_on(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    draw, ledger = random.Random(20261121), tmp_path / "deaths"
    poisons, restarts = scaled(2, 20), scaled(2, 40)
    with field(tmp_path, nursery, controls="haste,deadly", imap=(), gone=False, troubles=("poison",), ahead=12) as desk:
        desk.daemon.environment["FAULT_KILLS"] = str(ledger)
        desk.start()
        desk.traffic.start()
        for turn in range(restarts):
            seen = deaths(ledger).total()
            wait_until(lambda n=seen: deaths(ledger).total() > n, "a reader's death", 60)  # type: ignore[misc]
            time.sleep(draw.uniform(0.0, 0.6))
            if turn % 2:
                desk.daemon.kill()
            else:
                assert desk.daemon.stop() == 0
            desk.start()
        wait_until(lambda: len(deaths(ledger)) >= poisons, "enough poison", 300)
        verdict, _ = desk.finish(120)
        good = sum(token.startswith("token") for token in desk.traffic.promises.tokens())
    assert verdict == Verdict(), verdict
    killed = deaths(ledger)
    assert max(killed.values()) <= STRIKES, killed
    figures.measured(
        "G17",
        f"{POISONED}, SQLite",
        f"{len(killed)} mails, {restarts} restarts (every second by kill -9, close to a death): at most "
        f"{max(killed.values())} readers each; {good} good mails: 0 lost, 0 twice",
    )


@pytest.mark.soak
def test_not_writing_down_who_killed_a_reader_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    controls, ledger = "haste,deadly,strikes_forgotten", tmp_path / "deaths"
    with field(tmp_path, nursery, controls=controls, imap=(), gone=False, troubles=("poison",), ahead=3) as desk:
        desk.daemon.environment["FAULT_KILLS"] = str(ledger)
        desk.start()
        desk.traffic.start()
        wait_until(lambda: max(deaths(ledger).values(), default=0) > STRIKES + 1, "more deaths than allowed", 120)
        desk.traffic.hold()
        desk.traffic.stop(lambda: None)
        desk.daemon.close()
    figures.control("G17", POISONED, "strikes not stored", f"{max(deaths(ledger).values())} readers killed by one mail")
