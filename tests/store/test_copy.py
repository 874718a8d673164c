"""A database is copied whole, compared row by row, or not at all."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from harness.desk import Desk, answer, letter
from harness.stored import NOW, accept, claim, later, notice, open_ticket, rows, ticket

from gateway import cli
from gateway.errors import Permanent
from gateway.store import Outbox, Store, copy, fleet, moved, open_store
from gateway.store import schema as s

WAYS = ["sqlite to postgresql", "postgresql to sqlite"]


@pytest.fixture(params=WAYS)
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two URLs of empty databases."""
    made = []

    def url(kind: str, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{name}.db"
        server = request.getfixturevalue("postgres_server")
        made.append((server, server.database()))
        return str(made[-1][1])

    source, _, target = str(request.param).split(" ")
    yield url(source, "source"), url(target, "target")
    for server, name in made:
        server.drop(name)


@pytest.fixture
def stores(ends: tuple[str, str]) -> Iterator[tuple[Store, Store]]:
    both = open_store(ends[0]), open_store(ends[1])
    yield both
    for store in both:
        store.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    both = open_store(f"sqlite:///{tmp_path}/a.db"), open_store(f"sqlite:///{tmp_path}/b.db")
    yield both
    for store in both:
        store.close()


def fill(store: Store) -> None:
    """Something in every state, with odd texts, and a ticket that was merged into a later one."""
    first, second = open_ticket(store, subject="odd: \x00 \ud800 😀 'quotes' \\"), open_ticket(store)
    accept(store, b"\x00\xff raw \r\n" * 1000)
    claim(store)
    for number in range(5):
        notice(store, ticket=first, key=f"key {number}")
    (held, *_) = Outbox(store).claim(later(60), limit=1, lease_seconds=600)
    assert Outbox(store).mark_dot_pending(held, b"composed \x00", later(60))
    data = {"float": 1e16, "half": 0.5, "none": None, "nested": [{"b": 1, "a": 2}], "text": "\u2028 😀"}
    event = {"ticket": second, "at": NOW + timedelta(microseconds=1), "actor": "system", "kind": "test", "data": data}
    merged = sa.update(s.ticket).where(s.ticket.c.number == first).values(merged_into=second)
    store.transact(lambda c: [c.execute(sa.insert(s.event).values(**event)), c.execute(merged)])


def by_key(store: Store, table: sa.Table) -> dict[tuple[object, ...], tuple[object, ...]]:
    columns = [c for c in table.columns if c.name not in {"lease", "lease_until", "holder"}]
    keys = list(table.primary_key.columns)
    found = store.read(lambda c: c.execute(sa.select(*keys, *columns)).all())
    return {tuple(row[: len(keys)]): tuple(row[len(keys) :]) for row in found}


def test_everything_arrives_and_work_goes_on_with_the_next_numbers(stores: tuple[Store, Store]) -> None:
    source, target = stores
    fill(source)
    held = copy.copy(source, target)
    assert {name: content.rows for name, content in held.items()} == {t.name: rows(source, t) for t in copy.TABLES}
    for table in copy.TABLES:
        before, after = (by_key(store, table) for store in (source, target))
        assert before == after, table.name
    assert ticket(target, 1001).merged_into == 1002
    assert open_ticket(target) == 1003
    assert accept(target, b"new") > 1
    assert notice(target) > 5


def test_leases_stay_behind_and_what_was_on_the_wire_stays_undecided(stores: tuple[Store, Store]) -> None:
    source, target = stores
    fill(source)
    copy.copy(source, target)
    (mail,) = claim(target)
    assert mail.raw == b"\x00\xff raw \r\n" * 1000
    states = [c.state for c in Outbox(target).claim(later(60), limit=9, lease_seconds=60)]
    assert sorted(states) == ["dot_pending", "due", "due", "due", "due"]


def test_a_target_that_is_not_empty_is_refused_and_left_alone(stores: tuple[Store, Store]) -> None:
    source, target = stores
    fill(source)
    open_ticket(target, subject="mine")
    with pytest.raises(Permanent, match=r"not empty: .*ticket \(1\)"):
        copy.copy(source, target)
    assert ticket(target, 1001).subject == "mine"
    assert rows(target, s.ticket) == 1


def test_a_copy_that_is_not_the_same_is_undone(files: tuple[Store, Store]) -> None:
    source, target = files
    fill(source)
    spoil = "CREATE TRIGGER spoil AFTER INSERT ON event BEGIN UPDATE event SET actor = 'x' WHERE id = NEW.id; END"
    target.transact(lambda c: c.exec_driver_sql(spoil))
    with pytest.raises(Permanent, match="table event is not the same in the target: 1 of 1 rows"):
        copy.copy(source, target)
    assert [rows(target, table) for table in copy.TABLES] == [0] * len(copy.TABLES)


def test_rows_that_vanish_on_the_way_are_noticed(files: tuple[Store, Store]) -> None:
    source, target = files
    fill(source)
    target.transact(
        lambda c: c.exec_driver_sql(
            "CREATE TRIGGER lose AFTER INSERT ON event BEGIN DELETE FROM event WHERE id = NEW.id; END"
        )
    )
    with pytest.raises(Permanent, match="0 of 1 rows"):
        copy.copy(source, target)


def test_a_sqlite_file_on_which_a_daemon_runs_is_refused(files: tuple[Store, Store], tmp_path: Path) -> None:
    daemon = open_store(f"sqlite:///{tmp_path}/a.db")
    daemon.lock_for_daemon()
    with pytest.raises(Permanent, match="another gateway already runs on"):
        copy.copy(*files)
    daemon.close()


def test_a_postgresql_on_which_a_daemon_runs_is_refused(postgres: str, tmp_path: Path) -> None:
    daemon, source, target = open_store(postgres), open_store(postgres), open_store(f"sqlite:///{tmp_path}/b.db")
    daemon.lock_for_daemon()
    with pytest.raises(Permanent, match="a gateway runs on this database"):
        copy.copy(source, target)
    daemon.close()
    copy.copy(source, target)
    assert source.read(fleet.daemons) == ()
    for store in (source, target):
        store.close()


def test_nobody_writes_to_the_source_while_it_is_copied(stores: tuple[Store, Store], ends: tuple[str, str]) -> None:
    """What is accepted during the copy would be lost; its sender is told to come back."""
    from gateway.errors import Temporary

    source, target = stores
    fill(source)
    refused: list[str] = []
    impatient = sa.create_engine(ends[0].replace("postgresql://", "postgresql+psycopg://"))

    def intrude(table: str, count: int) -> None:
        if refused or table != "event":
            return
        setting = "SET lock_timeout = 100" if "postgresql" in ends[0] else "PRAGMA busy_timeout = 100"
        with impatient.connect() as connection:
            connection.exec_driver_sql(setting)
            try:
                connection.exec_driver_sql("INSERT INTO watch (name, daemon) VALUES ('x', 'y')")
                connection.exec_driver_sql("UPDATE inbox SET reason = 'late'")
                connection.commit()
            except sa.exc.OperationalError as error:
                refused.append(str(error))

    copy.copy(source, target, intrude)
    impatient.dispose()
    assert len(refused) == 1
    assert issubclass(Temporary, Exception)


def test_batches_are_bounded_by_bytes_and_hold_every_row_once(files: tuple[Store, Store]) -> None:
    source, _ = files
    sizes = [10, 3 << 20, 3 << 20, 9 << 20, 10, 10]
    for number, size in enumerate(sizes):
        row = {"sha256": f"{number:064}", "size": size, "data": bytes(size)}
        source.transact(lambda c, r=row: c.execute(sa.insert(s.blob).values(**r)))
    found = source.read(lambda c: [[len(row[2]) for row in batch] for batch in copy.batches(c, s.blob)])
    assert [size for batch in found for size in batch] == sizes
    assert [sum(batch) for batch in found] == [10 + (3 << 20), 3 << 20, 9 << 20, 20]


def test_many_small_rows_are_copied_in_pages(files: tuple[Store, Store]) -> None:
    source, target = files
    refs = [{"address": f"a{n}@client.example", "ticket": t} for n in range(700) for t in (1001, 1002)]
    open_ticket(source)
    open_ticket(source)
    source.transact(lambda c: c.execute(sa.insert(s.addressed), refs))
    done: list[int] = []
    held = copy.copy(source, target, lambda table, count: done.append(count) if table == "addressed" else None)
    assert held["addressed"].rows == rows(target, s.addressed) == 1400
    assert sum(done) == 2 * 1400
    assert max(done) <= 500


def test_a_desk_goes_on_where_it_was(tmp_path: Path, postgres: str) -> None:
    """A ticket opened on SQLite is answered, found by its reply and closed on PostgreSQL."""
    desk = Desk.open(tmp_path)
    desk.take(letter("Casey <casey@client.example>", "Where is my refund?"))
    received = desk.last("received")
    key = (tmp_path / "secret.key").read_bytes()
    desk.close()

    source, target = open_store(f"sqlite:///{tmp_path}/gateway.db"), open_store(postgres)
    copy.copy(source, target)
    source.close()
    target.close()

    (tmp_path / "moved").mkdir()
    moved = Desk.open(tmp_path / "moved", database=postgres)
    (tmp_path / "moved" / "secret.key").write_bytes(key)
    moved.gateway.reload(moved.gateway.settings)
    moved.clock.now = desk.clock.now
    moved.take(answer(received, "Casey <casey@client.example>", "Hello again?"))
    assert moved.numbers() == [1001]
    assert len(moved.ticket(1001).messages) == 2
    moved.close()


# --- the command


def gateway(*arguments: str) -> Result:
    done = CliRunner().invoke(cli.main, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_the_command_copies_and_says_what_to_do_next(files: tuple[Store, Store], tmp_path: Path) -> None:
    fill(files[0])
    for store in files:
        store.close()
    done = gateway("database", "copy", f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db")
    assert (done.exit_code, done.stderr) == (0, "")
    assert any(line.split()[:3] == ["ticket", "2", "rows"] for line in done.stdout.splitlines())
    assert "The old one stays in use." in done.stdout
    again = gateway("database", "copy", f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db")
    assert again.exit_code == 1
    assert "the target is not empty" in again.stderr


def test_a_desk_that_was_moved_is_not_started_on_the_old_database_unless_it_is_reopened(
    stores: tuple[Store, Store], ends: tuple[str, str]
) -> None:
    fill(stores[0])
    for store in stores:
        store.close()
    old, new = ends
    done = gateway("database", "copy", "--move", old, new)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "the old one marked as left" in done.stdout
    open_store(new).close()
    with pytest.raises(Permanent, match=f"this desk moved to {new.partition(':')[0]}:"):
        open_store(old)
    again = gateway("database", "copy", old, new)
    assert again.exit_code == 1
    assert "this desk moved to" in again.stderr
    reopened = [gateway("database", "reopen", old) for _ in range(2)]
    assert [one.exit_code for one in reopened] == [0, 1]
    assert "not marked as left" in reopened[1].stderr
    open_store(old).close()


def test_a_copy_that_failed_leaves_no_mark(files: tuple[Store, Store]) -> None:
    source, target = files
    fill(source)
    open_ticket(target, subject="mine")
    with pytest.raises(Permanent, match="not empty"):
        copy.copy(source, target, moved_at=NOW)
    assert source.read(moved.advice) == ""


def test_the_source_is_the_configured_database_unless_one_is_named(tmp_path: Path) -> None:
    Desk.open(tmp_path).close()
    (tmp_path / "gateway.toml").write_text(
        '[desk]\nname = "A"\naddress = "a@desk.example"\n[outbound.maildir]\npath = "out"\n'
    )
    config = str(tmp_path / "gateway.toml")
    done = gateway("--config", config, "database", "copy", f"sqlite:///{tmp_path}/new.db")
    assert done.exit_code == 0, done.stderr
    moved = open_store(f"sqlite:///{tmp_path}/new.db")
    assert rows(moved, s.person) == 3
    moved.close()


@pytest.mark.parametrize(
    ("urls", "status", "words"),
    [
        (["sqlite:///{0}/none.db", "sqlite:///{0}/b.db"], 1, "there is no "),
        (["sqlite:///{0}/a.db", "sqlite:///{0}/a.db"], 2, "the same database"),
        (["a", "b", "c"], 2, "one or two URLs"),
    ],
)
def test_mistakes_are_told_in_a_line(urls: list[str], status: int, words: str, tmp_path: Path) -> None:
    done = gateway("database", "copy", *(url.format(tmp_path) for url in urls))
    assert done.exit_code == status
    assert words in done.stderr


def test_on_a_terminal_a_bar_shows_how_far_it_is(files: tuple[Store, Store], tmp_path: Path) -> None:
    fill(files[0])
    for store in files:
        store.close()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "database", "copy", *(f"sqlite:///{tmp_path}/{n}.db" for n in "ab")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=120, env=environment, check=False)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:
        pass  # Linux answers EIO when the other end is closed
    os.close(ours)
    assert done.returncode == 0, shown
    assert b"100%" in shown
