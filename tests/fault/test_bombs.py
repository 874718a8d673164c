"""Mail bombs: what each costs its reader, and what good mail feels of them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bombs import BOMBS, MEGA, attributes
from harness.databases import BOTH, SQLITE
from harness.field import Field, field
from harness.figures import Figures
from harness.good_mail import GoodMail, Waits, ms, percentile
from harness.hostile import READS_ALONE, clean_for_smtp, outcome, waiting
from harness.nursery import Nursery
from harness.oracle import Verdict
from harness.reading_cost import Cost, WatchedReader
from harness.scale import scaled
from servers.listening import Client
from servers.ports import wait_until

pytestmark = pytest.mark.timeout(scaled(600, 0))

# --- alone ------------------------------------------------------------------------------------------

ALONE = "named bombs, each alone in the reader"
SIZE = scaled(MEGA // 2, 24 * MEGA)
CPU_SECONDS = 2.0
BYTES = 300 * MEGA


@pytest.fixture
def reader() -> Iterator[WatchedReader]:
    made = WatchedReader()
    yield made
    made.close()


def costly(cost: Cost) -> bool:
    return cost.mail is None or cost.cpu_seconds > CPU_SECONDS or cost.peak_bytes > BYTES


def cost_of(reader: WatchedReader, raw: bytes) -> Cost:
    """The least of up to three: what else a machine does makes even CPU time longer, never shorter."""
    costs = [reader.read(raw)]
    while costly(costs[-1]) and costs[-1].mail is not None and len(costs) < 3:
        costs.append(reader.read(raw))
    return min(costs, key=lambda cost: cost.cpu_seconds) if costs[-1].mail is not None else costs[-1]


def test_no_bomb_costs_its_reader_much(reader: WatchedReader, figures: Figures) -> None:
    costs = {name: cost_of(reader, make(SIZE)) for name, make in BOMBS.items()}
    assert {name: cost for name, cost in costs.items() if costly(cost)} == {}
    slowest = max(costs, key=lambda name: costs[name].cpu_seconds)
    largest = max(costs, key=lambda name: costs[name].peak_bytes)
    figures.measured(
        "G19",
        ALONE,
        f"{len(costs)} bombs of about {SIZE // MEGA} MB: at most {costs[slowest].cpu_seconds:.1f} s of CPU time "
        f"({slowest}) and {costs[largest].peak_bytes // MEGA} MB in all ({largest})",
    )


@pytest.mark.soak
def test_a_bomb_without_its_limit_is_seen(figures: Figures) -> None:
    careless = WatchedReader("from gateway.inbound.reading import html_limits; html_limits._is_crowded = lambda _: 0")
    try:
        cost = careless.read(attributes(scaled(200_000, MEGA)))
    finally:
        careless.close()
    assert costly(cost)
    seen = "the reader died of it" if cost.mail is None else f"{cost.cpu_seconds:.1f} s for a single page"
    figures.control("G19", ALONE, "no limit on the attributes of a tag", seen)


# --- beside good mail -------------------------------------------------------------------------------

BESIDE = "named bombs beside good mail"
SMALL = scaled(MEGA // 16, MEGA)
COPIES = scaled(1, 10)
"""So many clients send every bomb once, all at the same time."""
RATE = scaled(10, 20)
QUIET_MAILS = scaled(20, 400)
ROLES = scaled(READS_ALONE, ())
LISTENS_ALONE = ("--only", "inbound")
LASTS = scaled(8.0, 3600.0)


@pytest.fixture(params=scaled([SQLITE], BOTH))
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def throw(desk: Field, bombs: list[bytes]) -> None:
    """Send one after the other, each until it is taken."""
    for raw in bombs:
        while not (heard := thrown_once(desk, raw)).startswith("250"):
            assert heard[:1] in {"", "4"}, heard
            if desk.daemon.dead():
                return  # who waits for us says so
            time.sleep(0.1)
        desk.traffic.promises.note(hashlib.sha256(raw).hexdigest())


def thrown_once(desk: Field, raw: bytes) -> str:
    """The answer, "" where there was none: a client with many connections may find its places taken."""
    try:
        with Client(("127.0.0.1", desk.daemon.smtp_port)) as client:
            client.socket.settimeout(300)
            return client.deliver(raw)
    except OSError:
        return ""


def thrown(desk: Field, names: list[str], size: int, copies: int) -> list[threading.Thread]:
    """Each of ``copies`` clients sends every bomb, all of them at once."""
    clients = []
    for copy in range(copies):
        turned = names[copy * 4 :] + names[: copy * 4]
        bombs = [b"X-Copy: %d\r\n" % copy + BOMBS[name](size) for name in turned]
        assert all(map(clean_for_smtp, bombs))
        clients.append(threading.Thread(target=throw, args=(desk, bombs), daemon=True))
    for client in clients:
        client.start()
    return clients


def endured(desk: Field, names: list[str], size: int, copies: int, roles: tuple[str, ...]) -> tuple[Waits, Waits]:
    """What good mail waited before the bombs, and beside them until they are decided, or for ``LASTS`` at most."""
    desk.daemon.start(*roles)
    good = GoodMail(desk.daemon.smtp_port, desk.traffic.promises, RATE)
    wait_until(lambda: good.count >= QUIET_MAILS, "mail in quiet times", 120)
    quiet, end = good.take(), time.monotonic() + LASTS
    for client in thrown(desk, names, size, copies):
        client.join(scaled(240, 3600))
        assert not client.is_alive()
    while roles != LISTENS_ALONE and time.monotonic() < end and waiting(desk.url, larger=size // 4):
        pass  # ``waiting`` takes its time
    beside = good.stop()
    assert desk.daemon.starts == 1
    assert not desk.daemon.dead()
    return quiet, beside


def hurt(quiet: Waits, beside: Waits) -> bool:
    """Did good mail suffer? The goal is half a second; a machine that is slow without bombs may be slower with them.

    Counted from connecting: a process that is busy elsewhere is late at any step of the dialogue.
    """
    return bool(beside.refused) or percentile(beside.accepted, 99) > 0.5 + 10 * percentile(quiet.accepted, 95)


def test_good_mail_goes_on_beside_bombs(
    tmp_path: Path, nursery: Nursery, database: str, url: str, figures: Figures
) -> None:
    with field(tmp_path, nursery, url, controls="haste", imap=(), gone=False) as desk:
        quiet, beside = endured(desk, [*BOMBS], SMALL, COPIES, ROLES)
        wait_until(lambda: not waiting(desk.url), "every mail to be decided", scaled(120, 3600))
        if not ROLES:
            desk.daemon.idle(1800)
        assert desk.daemon.stop() == 0
        found = outcome(desk.url, desk.traffic.promises)
        struck = len(desk.daemon.logged("reader_killed"))
    assert found.verdict == Verdict(), str(found.verdict)[:3000]
    figures.measured(
        "G19",
        f"{BESIDE}, {database}",
        f"{len(BOMBS)} bombs of {SMALL // 1024} KB from each of {COPIES} clients at once, {RATE} mails a second beside "
        f"them: {beside} (before: {quiet}); every one kept and decided, {struck} readers killed",
    )
    assert not hurt(quiet, beside), (str(quiet), str(beside), beside.refused)


def test_reading_in_the_listener_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, controls="haste,read_in_the_loop", imap=(), gone=False) as desk:
        quiet, beside = endured(desk, ["small files", "empty parts"], 12 * MEGA, 2, LISTENS_ALONE)
    assert hurt(quiet, beside), (str(quiet), str(beside))
    seen = f"p99 {ms(beside.accepted, 99)} ms (before: {ms(quiet.accepted, 99)})"
    figures.control("G19", BESIDE, "reading in the process that listens", seen)
