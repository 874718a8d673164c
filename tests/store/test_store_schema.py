"""The schema and its migrations say the same, on both databases; a newer schema is refused."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from harness.at_once import at_once
from harness.stored import NOW

import gateway.store.migrations
from gateway.errors import Permanent, Temporary
from gateway.store import Store, fitness, moved, open_current, open_store
from gateway.store import schema as s
from gateway.store.engine import make_engine
from gateway.store.migrate import HEAD, revision


def test_the_migrations_make_exactly_what_the_schema_says(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, s.metadata) == []


def test_every_index_of_the_schema_is_in_the_database(store: Store) -> None:
    inspector = sa.inspect(store.engine)
    for table in s.metadata.sorted_tables:
        wanted = {(index.name, tuple(c.name for c in index.columns)) for index in table.indexes}
        found = {(i["name"], tuple(i["column_names"])) for i in inspector.get_indexes(table.name)}
        assert wanted <= found, table.name


def test_the_head_that_is_compiled_in_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(str(gateway.store.migrations.__file__)).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_opening_an_empty_database_brings_it_to_the_head(url: str) -> None:
    engine = make_engine(url)
    assert revision(engine) is None
    engine.dispose()
    store = open_store(url)
    assert revision(store.engine) == HEAD
    store.close()


def test_four_daemons_may_meet_an_empty_database_at_once(url: str) -> None:
    assert at_once(*[lambda: open_store(url).close()] * 4) == []


def test_several_may_open_a_new_file_in_the_same_moment(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def connect(path: Path) -> None:
        engine = make_engine(f"sqlite:///{path}")
        together.wait()
        try:
            engine.connect().close()
        finally:
            engine.dispose()

    for number in range(60):
        assert at_once(*[partial(connect, tmp_path / f"{number}.db")] * 4) == []


def test_a_newer_schema_is_refused_with_what_to_do(url: str) -> None:
    store = open_store(url)
    store.transact(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    store.close()
    for opened in (open_store, open_current):
        with pytest.raises(Permanent, match=r"made by a newer gateway \(schema 9999, .*: upgrade this gateway"):
            opened(url)
    assert schema_advice(url).endswith("upgrade this gateway")


def schema_advice(url: str) -> str:
    """What ``gateway check`` says of a schema that fails."""
    store = open_store(url, upgrade=False)
    what, holds, advice = store.check()[0]
    store.close()
    assert (what, holds) == ("schema", False)
    return advice


def test_an_empty_database_fails_its_check(url: str) -> None:
    assert "this database is empty: `gateway run`" in schema_advice(url)


def set_back(url: str) -> None:
    """To the schema that an earlier version left."""
    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(str(gateway.store.migrations.__file__)).parent))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


def revision_of(url: str) -> str | None:
    engine = make_engine(url)
    try:
        return revision(engine)
    finally:
        engine.dispose()


def test_a_command_beside_an_older_daemon_upgrades_nothing_and_says_what_to_do(url: str) -> None:
    set_back(url)
    with pytest.raises(Permanent, match=r"older schema \(0001, .*\): stop every gateway that runs on it, then start"):
        open_current(url)
    assert "`gateway database upgrade`" in schema_advice(url)
    assert revision_of(url) == "0001"
    open_store(url).close()
    open_current(url).close()
    assert revision_of(url) == HEAD


def test_a_command_may_be_the_first_on_an_empty_database(url: str) -> None:
    open_current(url).close()
    assert revision_of(url) == HEAD


def test_four_daemons_may_meet_an_older_database_at_once(url: str) -> None:
    set_back(url)

    def start() -> None:
        try:
            open_store(url).close()
        except Permanent as error:
            if "another gateway already runs" not in str(error):  # on SQLite one of them has the file to itself
                raise

    assert at_once(*[start] * 4) == []
    assert revision_of(url) == HEAD


def test_nothing_is_upgraded_under_a_daemon_of_the_earlier_version(url: str) -> None:
    store = open_store(url)
    store.lock_for_daemon()
    store.transact(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '0001'")))
    with pytest.raises((Permanent, Temporary), match=r"another gateway already runs|of the earlier version runs"):
        open_store(url)
    assert revision_of(url) == "0001"
    store.close()


@pytest.mark.parametrize(("number", "holds"), [(130_022, False), (96_024, False), (140_000, True), (150_019, True)])
def test_a_server_that_is_too_old_is_told_in_plain_words(number: int, holds: bool) -> None:
    what, found, advice = fitness.server(number)
    assert (what, found) == ("PostgreSQL 14 or later", holds)
    assert advice.startswith(f"the server is {number // 10_000}.{number % 10_000}; ")


def test_a_database_from_which_the_desk_moved_is_refused_until_it_is_reopened(url: str) -> None:
    store = open_store(url)
    store.transact(lambda c: moved.mark(c, "postgresql://gateway:secret@db.example/gateway?password=secret", NOW))
    assert ("the desk's own", False, store.read(moved.advice)) in store.check()
    for opened in (open_store, open_current):
        with pytest.raises(Permanent, match=r"moved to postgresql://gateway@db\.example/gateway on 2026-11-21"):
            opened(url)
    store.transact(moved.unmark)
    open_store(url).close()
    store.close()


def test_times_are_aware_and_in_utc_whatever_zone_they_came_in(store: Store) -> None:
    from datetime import datetime, timedelta, timezone

    paris = datetime(2026, 11, 21, 11, 0, tzinfo=timezone(timedelta(hours=1)))
    row = {"name": "support", "ok_at": paris}
    store.transact(lambda c: c.execute(sa.insert(s.mailbox_health).values(**row)))
    found = store.read(lambda c: c.execute(sa.select(s.mailbox_health.c.ok_at)).scalar_one())
    assert found == paris
    assert found.utcoffset() == timedelta(0)


def test_a_naive_time_is_a_mistake_and_refused(store: Store) -> None:
    from datetime import datetime

    row = {"name": "support", "ok_at": datetime(2026, 11, 21)}
    with pytest.raises(sa.exc.StatementError, match="aware"):
        store.transact(lambda c: c.execute(sa.insert(s.mailbox_health).values(**row)))


@pytest.mark.parametrize("value", ["nul \x00 here", "lone \ud800 surrogate", "emoji 😀", 'quote " and \\u0000 typed'])
def test_json_takes_every_text(store: Store, value: str) -> None:
    data = {"at": value, "nested": [{value: 1}, [value]], "n": 1.5, "none": None}
    row = {"at": NOW, "actor": "system", "kind": "test", "data": data}
    store.transact(lambda c: c.execute(sa.insert(s.event).values(**row)))
    found = store.read(lambda c: c.execute(sa.select(s.event.c.data)).scalar_one())
    clean = value.replace("\x00", "").replace("\ud800", "?")
    assert found == {"at": clean, "nested": [{clean: 1}, [clean]], "n": 1.5, "none": None}


def test_foreign_keys_are_enforced(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        store.transact(lambda c: c.execute(sa.insert(s.participant).values(ticket=1, person=1, added_at=sa.func.now())))
