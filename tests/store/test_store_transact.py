"""The only way to write: group commit, pieces that fail alone, failures that everybody hears of."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from harness.stored import NOW, accept, rows

from gateway.errors import ConfigError, Permanent, Temporary
from gateway.mail import Envelope
from gateway.store import Store, inbox, open_store
from gateway.store import schema as s
from gateway.store.transact import Work

BLOB = {"size": 1, "data": b"x"}


def put(connection: sa.Connection, name: str) -> str:
    connection.execute(sa.insert(s.blob).values(sha256=name, **BLOB))
    return name


def putting(name: str) -> Work[str]:
    return lambda connection: put(connection, name)


def names(store: Store) -> list[str]:
    return list(store.read(lambda c: c.execute(sa.select(s.blob.c.sha256).order_by(s.blob.c.sha256)).scalars().all()))


def test_whoever_waits_for_a_slow_transaction_beats(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store._BEAT_SECONDS", 0.02)
    beats: list[int] = []
    slow = threading.Event()
    threading.Timer(0.5, slow.set).start()
    assert store.transact(lambda _: slow.wait(10), beat=lambda: beats.append(1))
    assert len(beats) >= 3


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/gateway.db")
    yield opened
    opened.close()


def test_work_is_seen_by_everybody_once_it_is_answered(store: Store, url: str) -> None:
    assert store.transact(lambda c: put(c, "a")) == "a"
    other = open_store(url, upgrade=False)
    assert names(other) == ["a"]
    other.close()


def test_work_that_raises_is_undone_and_raises_the_same_to_its_caller(store: Store) -> None:
    class Odd(Exception):
        pass

    def work(connection: sa.Connection) -> None:
        put(connection, "a")
        raise Odd

    with pytest.raises(Odd):
        store.transact(work)
    assert names(store) == []


def test_a_failed_statement_does_not_poison_the_next_transaction(store: Store) -> None:
    store.transact(lambda c: put(c, "a"))
    with pytest.raises(sa.exc.IntegrityError):
        store.transact(lambda c: put(c, "a"))
    with pytest.raises((sa.exc.DBAPIError, Temporary)):
        store.transact(lambda c: c.exec_driver_sql("SELECT no_such_column FROM blob"))
    store.transact(lambda c: put(c, "b"))
    assert names(store) == ["a", "b"]


def test_eight_threads_that_read_modify_and_write_lose_nothing(store: Store) -> None:
    store.transact(lambda c: c.execute(sa.insert(s.blob).values(sha256="counter", size=0, data=b"")))

    def increment(connection: sa.Connection) -> None:
        size = connection.execute(sa.select(s.blob.c.size).where(s.blob.c.sha256 == "counter")).scalar_one()
        connection.execute(sa.update(s.blob).where(s.blob.c.sha256 == "counter").values(size=size + 1))

    def work() -> None:
        for _ in range(20):
            store.transact(increment, serial=True)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(lambda c: c.execute(sa.select(s.blob.c.size)).scalar_one()) == 160


def test_serial_work_never_overlaps(store: Store) -> None:
    inside: list[str] = []
    overlaps: list[str] = []

    def work(connection: sa.Connection) -> None:
        if inside:
            overlaps.append("two at once")
        inside.append("me")
        connection.execute(sa.select(sa.literal(1)))
        threading.Event().wait(0.01)
        inside.clear()

    futures = [store.submit(work, serial=True) for _ in range(20)]
    concurrent.futures.wait(futures, 30)
    assert all(f.exception() is None for f in futures)
    assert overlaps == []


def test_one_read_sees_one_state_even_while_others_write(store: Store) -> None:
    store.transact(lambda c: put(c, "a"))

    def look(connection: sa.Connection) -> tuple[int, int]:
        count = sa.select(sa.func.count()).select_from(s.blob)
        before = connection.execute(count).scalar_one()
        store.transact(lambda c: put(c, "b"))
        return before, connection.execute(count).scalar_one()

    assert store.read(look) == (1, 1)
    assert names(store) == ["a", "b"]


def test_work_that_waits_when_the_store_closes_is_still_done(url: str) -> None:
    store = open_store(url)
    futures = [store.submit(putting(str(n))) for n in range(10)]
    store.close()
    assert [f.result(0) for f in futures] == [str(n) for n in range(10)]


def test_a_closed_store_says_so(url: str) -> None:
    store = open_store(url)
    store.close()
    store.close()
    with pytest.raises(Temporary, match="closed"):
        store.submit(lambda c: None)


def test_submitting_while_another_thread_closes_never_leaves_anybody_waiting(sqlite: Store) -> None:
    futures: list[concurrent.futures.Future[str]] = []

    def pour() -> None:
        for n in range(500):
            try:
                futures.append(sqlite.submit(putting(str(n))))
            except Temporary:
                return

    thread = threading.Thread(target=pour)
    thread.start()
    threading.Event().wait(0.02)
    sqlite.close()
    thread.join()
    assert not concurrent.futures.wait(futures, 10).not_done


# --- SQLite's group commit --------------------------------------------------------------------------


def blocked_writer(store: Store) -> threading.Event:
    """Let the writer thread wait, so that what is submitted now shares one group."""
    go = threading.Event()
    store.submit(lambda _: go.wait(10))
    return go


def count_commits(store: Store) -> list[str]:
    commits: list[str] = []
    sa.event.listen(store.engine, "commit", lambda _: commits.append("commit"))
    return commits


def test_whatever_waits_shares_one_commit(sqlite: Store) -> None:
    go = blocked_writer(sqlite)
    commits = count_commits(sqlite)
    futures = [sqlite.submit(putting(f"{n:02}")) for n in range(40)]
    go.set()
    concurrent.futures.wait(futures, 10)
    assert len(names(sqlite)) == 40
    assert len(commits) == 2  # the one that waited, and ours


def test_a_piece_that_fails_rolls_back_alone(sqlite: Store) -> None:
    def fails(connection: sa.Connection) -> None:
        put(connection, "half")
        raise LookupError

    go = blocked_writer(sqlite)
    good, bad, last = (sqlite.submit(w) for w in (lambda c: put(c, "a"), fails, lambda c: put(c, "b")))
    go.set()
    assert (good.result(5), last.result(5)) == ("a", "b")
    with pytest.raises(LookupError):
        bad.result(5)
    assert names(sqlite) == ["a", "b"]


def test_a_piece_that_takes_the_transaction_with_it_takes_nobody_elses_work(sqlite: Store) -> None:
    def ends_it(connection: sa.Connection) -> None:
        put(connection, "half")
        connection.exec_driver_sql("ROLLBACK")  # as a full disk makes SQLite do
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk I/O error"))

    go = blocked_writer(sqlite)
    good, bad, last = (sqlite.submit(w) for w in (lambda c: put(c, "a"), ends_it, lambda c: put(c, "b")))
    go.set()
    assert (good.result(5), last.result(5)) == ("a", "b")
    with pytest.raises(Temporary):
        bad.result(5)
    assert names(sqlite) == ["a", "b"]


def test_a_commit_that_fails_answers_everybody_temporary_and_keeps_nothing(sqlite: Store) -> None:
    fail = [True]

    def at_commit(_: sa.Connection) -> None:
        if fail:
            raise sa.exc.OperationalError("COMMIT", {}, Exception("disk I/O error"))

    go = blocked_writer(sqlite)
    sa.event.listen(sqlite.engine, "commit", at_commit)
    futures = [sqlite.submit(putting(str(n))) for n in range(5)]
    go.set()
    for future in futures:
        with pytest.raises(Temporary):
            future.result(5)
    fail.clear()
    assert names(sqlite) == []
    assert sqlite.transact(lambda c: put(c, "later")) == "later"


def test_cancelled_work_is_not_done_and_the_writer_goes_on(sqlite: Store) -> None:
    go = blocked_writer(sqlite)
    taken, left = sqlite.submit(lambda c: put(c, "a")), sqlite.submit(lambda c: put(c, "b"))
    assert taken.cancel()
    go.set()
    assert left.result(5) == "b"
    assert names(sqlite) == ["b"]


def test_a_database_that_another_process_locks_is_a_temporary_failure(sqlite: Store, tmp_path: Path) -> None:
    other = sa.create_engine(f"sqlite:///{tmp_path}/gateway.db")
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(Temporary, match="locked"):
            sqlite.transact(lambda c: put(c, "a"))
    other.dispose()
    assert sqlite.transact(lambda c: put(c, "a")) == "a"


# --- a full disk ------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """A store that can hold about two megabytes: on a small file system where we may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None and _mount(folder)
    opened = open_store(f"sqlite:///{folder}/gateway.db")
    if not mounted:
        sa.event.listen(opened.engine, "connect", lambda c, _: c.execute("PRAGMA max_page_count=600").close())
        opened.engine.dispose()
    yield opened
    opened.close()
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_a_full_disk_refuses_what_is_too_large_and_loses_nothing_that_was_taken(small: Store) -> None:
    taken: list[int] = []
    with pytest.raises(Temporary):
        for n in range(100):
            taken.append(accept(small, os.urandom(200_000), key=f"large {n}"))
    assert taken
    assert rows(small, s.inbox) == len(taken)
    with pytest.raises(Temporary):
        accept(small, os.urandom(3_000_000), key="huge")
    assert [r.id for r in small.read(lambda c: c.execute(sa.select(s.inbox)).all())] == taken


def test_on_a_full_disk_small_work_in_the_same_group_is_still_done(small: Store) -> None:
    go = blocked_writer(small)
    envelope = Envelope("a@b.example", ())
    huge = small.submit(lambda c: inbox.accept(c, os.urandom(8_000_000), envelope, source="t", keys=("huge",), now=NOW))
    tiny = small.submit(lambda c: put(c, "tiny"))
    go.set()
    with pytest.raises(Temporary):
        huge.result(30)
    assert tiny.result(30) == "tiny"


# --- opening ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "advice"),
    [
        ("mysql://x/y", "not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////no/such/folder/x.db", "does not exist"),
        ("what", "not a database URL"),
    ],
)
def test_a_url_that_names_no_usable_database_says_what_to_do(bad: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=advice):
        open_store(bad)


def test_a_database_that_does_not_answer_is_temporary(free_port: int) -> None:
    with pytest.raises(Temporary):
        open_store(f"postgresql://nobody@127.0.0.1:{free_port}/nothing")


def test_a_file_that_is_no_database_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_bytes(b"this is a text, not a database" * 100)
    with pytest.raises(Temporary, match="not a database"):
        open_store(f"sqlite:///{tmp_path}/gateway.db")


def test_only_one_daemon_runs_on_a_sqlite_file(sqlite: Store, tmp_path: Path) -> None:
    accept(sqlite)
    sqlite.lock_for_daemon()
    other = open_store(f"sqlite:///{tmp_path}/gateway.db")
    with pytest.raises(Permanent, match="already runs"):
        other.lock_for_daemon()
    sqlite.close()
    other.lock_for_daemon()
    other.close()


def test_the_check_rows_of_a_sound_database_all_hold(store: Store) -> None:
    found = {what: holds for what, holds, _ in store.check()}
    found.pop("fsync", None)  # off in tests
    assert found["schema"]
    assert all(found.values())
    assert len(found) >= 2
