"""Death at the points beside the daemon's daily work: in commands, in Maildirs, and on an empty database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.databases import BOTH, SQLITE
from harness.evidence import gather
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.oracle import Verdict, judge
from harness.orders import ORDERS, asked, insist
from harness.points import MAILDIR, SCHEMA, STAGES, around
from harness.scale import scaled
from harness.traffic import mail
from servers.ports import wait_until

pytestmark = pytest.mark.timeout(scaled(600, 0))

TIMES = scaled(1, 20)
CONTROLS = "haste,inside,planted"
_BESIDE = ("accept done", "accept committed", "door before submit", "door after submit", "imap accepted")
_SENDING = ("dot pending done", "dot pending committed", "settle done", "settle committed")


@pytest.fixture(params=scaled((SQLITE,), BOTH))
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- commands


def test_a_command_that_dies_and_is_given_again_takes_effect_once(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    times = TIMES * len(STAGES)
    with field(tmp_path, nursery, url, controls=CONTROLS, imap=(), gone=False, smtp=False, ahead=0) as desk:
        desk.traffic.start()
        desk.start()
        for kind, count in (("dead", 2 * times), ("poison", 2 * times), ("token", times)):
            desk.asker.ask(kind, count)
        desk.asker.wait()
        wait_until(lambda: len(asked(desk.url, ORDERS["queue drop"].query)) == 2 * times, "dead letters", 120)
        desk.idle(120)
        chosen = targets(desk.url, times)
        for name, ids in chosen.items():
            for turn, number in enumerate(ids):
                insist(desk, f"{name} {STAGES[turn % len(STAGES)]}", *ORDERS[name].words, str(number))
        desk.traffic.expected.clear()  # a third of the tickets is closed now
        ingest(desk, tmp_path)
        verdict, _ = desk.finish()
        assert verdict == Verdict()
        assert [line for line in desk.noted() if line.startswith("unknown")] == []
        effects = {name: [asked(desk.url, ORDERS[name].carried_out, id=n) for n in ids] for name, ids in chosen.items()}
        assert effects == {name: [[1]] * times for name in ORDERS}
    died = len(ORDERS) * times + len(_BESIDE) * TIMES
    figures.measured("G2", f"death of commands, {database}", f"{died} crashes: each took effect once, 0 lost, 0 twice")


def targets(url: str, times: int) -> dict[str, list[int]]:
    """What each command is given: no two the same."""
    found: dict[str, list[int]] = {}
    for name, order in ORDERS.items():
        taken = {n for other, ids in found.items() if ORDERS[other].query == order.query for n in ids}
        found[name] = [n for n in asked(url, order.query) if n not in taken][:times]
    return found


def ingest(desk: Field, folder: Path) -> None:
    """As an MTA's pipe transport does: what ended with 0 is promised, anything else is tried again."""
    for number, point in enumerate(_BESIDE * TIMES):
        token = f"token-pipe-{6 * number + 1}"
        (folder / token).write_bytes(mail(token))
        insist(desk, point, "ingest", str(folder / token), over=lambda status: status == 0)
        desk.traffic.promises.note(token)


def test_a_command_that_stores_twice_is_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    controls = f"{CONTROLS},no_unique_keys"
    with field(tmp_path, nursery, controls=controls, imap=(), gone=False, smtp=False, ahead=0) as desk:
        desk.traffic.start()
        desk.start()
        ingest(desk, tmp_path)
        verdict, _ = desk.finish()
    assert len(verdict.doubled) == 2 * TIMES
    figures.control("G2", "death of commands", "no unique keys", f"{len(verdict.doubled)} mails twice")


# --- Maildir


def test_a_notice_that_is_written_to_a_maildir_is_there_once_wherever_we_die(
    tmp_path: Path, nursery: Nursery, figures: Figures, url: str, database: str
) -> None:
    with field(tmp_path, nursery, url, controls=CONTROLS, imap=(), gone=False, smtp=False, ahead=0) as desk:
        to_maildir(desk, tmp_path / "out")
        desk.traffic.start()
        points = [*around(MAILDIR), *_SENDING] * TIMES
        assert [point for point in points if not desk.crash_at(point)] == []
        desk.start()
        desk.asker.wait()
        desk.idle(120)
        assert desk.daemon.stop() == 0
        found = gather(desk.url, desk.traffic.expected)
        written = list(arrived(tmp_path / "out"))
        undoubted = dict.fromkeys(found.notices, False)  # here a second copy is the same file, even in the window
        tokens = desk.traffic.promises.tokens()
        assert judge(tokens, found.stored, undoubted, written, found.stuck, found.wrong) == Verdict()
    told = f"{len(points)} crashes, {len(written)} notices, {found.ambiguous} in the window: 0 lost, 0 twice"
    figures.measured("G2", f"death at a Maildir, {database}", told)


def test_a_notice_that_is_settled_before_it_is_written_is_missed(
    tmp_path: Path, nursery: Nursery, figures: Figures
) -> None:
    controls = f"{CONTROLS},settle_before_dot"
    with field(tmp_path, nursery, controls=controls, imap=(), gone=False, smtp=False, ahead=0) as desk:
        to_maildir(desk, tmp_path / "out")
        desk.traffic.start()
        assert desk.crash_at("before publish")
        desk.start()
        desk.idle(60)
        assert desk.daemon.stop() == 0
        verdict = judge([], {}, gather(desk.url).notices, list(arrived(tmp_path / "out")))
    assert verdict.notices_lost
    figures.control("G2", "death at a Maildir", "settle before dot", f"{len(verdict.notices_lost)} notices lost")


def to_maildir(desk: Field, folder: Path) -> None:
    config = Path(desk.daemon.config)
    text = re.sub(r"(?s)\[outbound\.smtp\].*?\n\n", f'[outbound.maildir]\npath = "{folder}"\n\n', config.read_text())
    config.write_text(text)


def arrived(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in (folder / "new").iterdir():
        raw = path.read_bytes()
        message_id = re.search(rb"(?im)^Message-ID: <([^>]+)>", raw)
        assert message_id is not None
        yield message_id[1].decode(), raw


# --- an empty database


def test_a_first_start_that_dies_is_made_good_by_the_next(
    tmp_path: Path, nursery: Nursery, figures: Figures, request: pytest.FixtureRequest, url: str, database: str
) -> None:
    points = around(SCHEMA) * TIMES
    for number, point in enumerate(points):
        empty = request.getfixturevalue("postgres_server").database() if url else ""
        folder = tmp_path / str(number)
        with field(folder, nursery, empty, controls=CONTROLS, imap=(), gone=False, smtp=False, ahead=0) as desk:
            desk.traffic.start()
            assert desk.crash_at(point)
            desk.start()
            verdict, _ = desk.finish()
            assert verdict == Verdict()
    figures.measured("G2", f"death at the first start, {database}", f"{len(points)} crashes: each desk worked after")


@pytest.mark.soak
def test_tables_without_their_version_are_seen(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    controls = f"{CONTROLS},piecemeal_upgrade"
    with field(tmp_path, nursery, controls=controls, imap=(), gone=False, smtp=False, ahead=0) as desk:
        assert desk.crash_at("upgrade done")
        with pytest.raises(AssertionError, match="already exists"):
            desk.start()
    figures.control("G2", "death at the first start", "tables before their version", "the next start fails")
