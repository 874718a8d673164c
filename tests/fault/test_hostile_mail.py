"""Mail by the thousand that is broken, malicious or deadly: each byte of it is kept, and each becomes something."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness.databases import BOTH, POSTGRESQL, SQLITE
from harness.field import Field, field
from harness.figures import Figures
from harness.hostile import READS_ALONE, Bringer, Outcome, corpora, hostile, outcome, own, poison, waiting
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.scale import SOAK, scaled
from servers.ports import wait_until

from gateway.cli import main

pytestmark = pytest.mark.timeout(scaled(600, 0))

EXPERIMENT = "hostile mail through the real door"
MAILS = {SQLITE: scaled(80, 10_000), POSTGRESQL: scaled(40, 10_000)}
ROLES: dict[str, tuple[str, ...]] = {SQLITE: (), POSTGRESQL: scaled(READS_ALONE, ())}
POISONS = scaled(1, 20)
SHOWN = scaled(5, 1000)
"""So many mails are asked for as a user would; the others in the database."""


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def mails(count: int) -> Iterator[bytes]:
    seeds = corpora() if SOAK else []
    if SOAK and not seeds:
        pytest.skip("no corpora: set GATEWAY_CORPORA")
    yield from (poison(number) for number in range(POISONS))
    yield from hostile(count - POISONS, own() + seeds, random.Random(17))


def given(desk: Field, count: int, roles: tuple[str, ...]) -> Bringer:
    """Every mail is in; the daemon has lived all the while."""
    desk.daemon.start(*roles)
    bringer = Bringer(desk.daemon.smtp_port, desk.url, desk.traffic.promises)
    bringer.bring(mails(count))
    assert not desk.daemon.dead()
    return bringer


def deaths(desk: Field) -> Counter[int]:
    return Counter(entry["inbox_id"] for entry in desk.daemon.logged("reader_killed"))


def raw_of(desk: Field, number: int) -> bytes:
    """As a user gets the bytes of a mail, whatever became of it."""
    shown = CliRunner().invoke(main, ["--config", desk.daemon.config, "quarantine", "show", str(number), "--raw"])
    assert shown.exit_code == 0, shown.output[-500:]
    return shown.stdout_bytes


def shown(desk: Field, found: Outcome) -> int:
    """How many of a sample of mails the command shows byte by byte as they were sent."""
    sent = set(desk.traffic.promises.tokens())
    sample = random.Random(18).sample(found.ids, min(SHOWN, len(found.ids)))
    return sum(hashlib.sha256(raw_of(desk, number)).hexdigest() in sent for number in sample)


def test_hostile_mail_is_kept_byte_by_byte_and_becomes_a_ticket_or_goes_to_quarantine(
    tmp_path: Path, nursery: Nursery, database: str, url: str, figures: Figures
) -> None:
    count = MAILS[database]
    with field(tmp_path, nursery, url, controls="haste,deadly", imap=(), gone=False) as desk:
        bringer = given(desk, count, ROLES[database])
        wait_until(lambda: not waiting(desk.url), "every mail to be decided", scaled(120, 5400))
        if not ROLES[database]:
            desk.daemon.idle(scaled(120, 1200))
        assert desk.daemon.starts == 1
        assert desk.daemon.stop() == 0
        found = outcome(desk.url, desk.traffic.promises)
        assert found.verdict == Verdict(), str(found.verdict)[:3000]
        assert len(found.ids) == count
        readers = deaths(desk)
        assert max(readers.values()) <= 3, readers
        assert sum(1 for strikes in readers.values() if strikes == 3) >= POISONS
        asked = min(SHOWN, count)
        assert shown(desk, found) == asked
    ends = ", ".join(f"{number:,} {end}" for end, number in sorted(found.ends.items()))
    roads = f"{bringer.roads['smtp']:,} by SMTP, {bringer.roads['door']:,} with bare line ends by the door"
    roads += f", {bringer.put_off} times put off" if bringer.put_off else ""
    figures.measured(
        "G17",
        f"{EXPERIMENT}, {database}",
        f"{count:,} mails ({roads}): {count:,} kept byte by byte, {asked:,} of them shown so by the command; {ends}; "
        f"{len(readers)} killed readers, {max(readers.values())} times at most; the daemon lived",
    )


def test_a_door_that_tidies_up_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, controls="haste,cleaning_door", imap=(), gone=False) as desk:
        desk.daemon.start(*READS_ALONE)
        bringer = Bringer(desk.daemon.smtp_port, desk.url, desk.traffic.promises)
        bringer.bring(hostile(15, own(), random.Random(17)))
        wait_until(lambda: not waiting(desk.url), "every mail to be decided", 120)
        assert desk.daemon.stop() == 0
        found = outcome(desk.url, desk.traffic.promises)
    assert len(found.verdict.lost) == bringer.roads["smtp"] > 0
    seen = f"{len(found.verdict.lost)} of {bringer.roads['smtp']} not byte by byte"
    figures.control("G17", EXPERIMENT, "a door that normalises line ends and charsets", seen)


def test_a_mail_that_may_kill_for_ever_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, controls="haste,deadly,no_strikes", imap=(), gone=False) as desk:
        desk.daemon.start(*READS_ALONE)
        Bringer(desk.daemon.smtp_port, desk.url, desk.traffic.promises).bring([poison(1)])
        wait_until(lambda: max(deaths(desk).values(), default=0) > 3, "the fourth death", 90)
        assert desk.daemon.stop() == 0
        found = outcome(desk.url, desk.traffic.promises)
    assert any("strikes" in finding for finding in found.verdict.wrong)
    figures.control("G17", EXPERIMENT, "no limit of strikes", f"{max(found.struck.values())} killed readers")
