"""A disk that is full or fails, under SQLite and under PostgreSQL: mail is put off, nothing is lost or doubled."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.field import Field, field
from harness.figures import Figures
from harness.nursery import Nursery
from harness.outage import AROUND, EXPERIMENT, contract_kept, lived_through
from harness.scale import scaled
from harness.small_disk import SmallDisk
from servers.ports import owner
from servers.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    made = SmallDisk(64)
    yield made
    made.close()


@pytest.fixture
def disk_of_postgres() -> Iterator[SmallDisk]:
    made = SmallDisk(160, owner(("postgres", "nobody")))
    yield made
    made.close()


@pytest.fixture
def postgres_on_it(disk_of_postgres: SmallDisk) -> Iterator[Postgres]:
    small = {"max_wal_size": "4MB", "min_wal_size": "2MB"}
    server = Postgres(settings=small, disk=disk_of_postgres.folder)
    yield server
    server.close()


def file_size_limit(desk: Field, limit: int) -> None:
    """The daemon may write no file beyond it: SQLite sees I/O errors, of its log and of its database."""
    assert desk.daemon.process is not None
    resource.prlimit(desk.daemon.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def test_a_full_disk_puts_mail_off_and_is_worked_off_when_there_is_room(
    tmp_path: Path, nursery: Nursery, figures: Figures, disk: SmallDisk
) -> None:
    url = f"sqlite:///{disk.folder}/gateway.db"
    with field(tmp_path, nursery, url, size=40_000, **AROUND) as desk:
        seen, verdict = lived_through(desk, disk.fill, disk.empty, scaled(4, 300))
    contract_kept(seen, verdict)
    assert seen.told[452], "a full disk is told apart from other failures"
    figures.measured("G5", f"{EXPERIMENT}: full disk of 64 MB, SQLite", f"{seen}; 0 lost, 0 twice")


def test_a_disk_that_fails_puts_mail_off(tmp_path: Path, nursery: Nursery, figures: Figures) -> None:
    with field(tmp_path, nursery, size=20_000, **AROUND) as desk:
        begin, end = (lambda limit=limit: file_size_limit(desk, limit) for limit in (1 << 12, resource.RLIM_INFINITY))
        seen, verdict = lived_through(desk, begin, end, scaled(3, 120))
    contract_kept(seen, verdict)
    figures.measured("G5", f"{EXPERIMENT}: I/O errors, SQLite", f"{seen}; 0 lost, 0 twice")


@pytest.mark.soak
def test_a_full_disk_under_postgresql_puts_mail_off(
    tmp_path: Path, nursery: Nursery, figures: Figures, disk_of_postgres: SmallDisk, postgres_on_it: Postgres
) -> None:
    fell = []

    def room() -> None:
        disk_of_postgres.empty()
        fell.append(not postgres_on_it.running())
        if fell[0]:
            postgres_on_it.start()

    with field(tmp_path, nursery, postgres_on_it.database(), size=40_000, **AROUND) as desk:
        seen, verdict = lived_through(desk, disk_of_postgres.fill, room, scaled(6, 300))
    contract_kept(seen, verdict)
    how = "PostgreSQL ended itself" if fell[0] else "PostgreSQL refused to write"
    figures.measured("G5", f"{EXPERIMENT}: its own disk full, PostgreSQL", f"{how}; {seen}; 0 lost, 0 twice")


# --- controls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "control",
    [
        "commit_after_250",
        pytest.param("flag_before_commit", marks=pytest.mark.soak),
        pytest.param("permanent_failures", marks=pytest.mark.soak),
    ],
)
def test_a_daemon_that_breaks_its_promise_in_an_outage_is_seen(
    tmp_path: Path, nursery: Nursery, figures: Figures, control: str
) -> None:
    with field(tmp_path, nursery, controls=f"haste,{control}", **AROUND) as desk:
        begin, end = (lambda limit=limit: file_size_limit(desk, limit) for limit in (1 << 12, resource.RLIM_INFINITY))
        seen, verdict = lived_through(desk, begin, end, 2)
    if control == "permanent_failures":
        assert set(seen.wrong) == {554}, seen
        found = f"{seen.wrong[554]} answers 554 seen"
    else:
        assert verdict.lost, verdict
        found = f"{len(verdict.lost)} mails lost"
    figures.control("G5", EXPERIMENT, control.replace("_", " "), found)
