"""The schema and its migrations say the same, on both databases; a newer schema is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import gateway.store.migrations
from gateway.errors import Permanent
from gateway.store import Store, open_store
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
    failures: list[BaseException] = []

    def start() -> None:
        try:
            open_store(url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_schema_is_refused_with_what_to_do(url: str) -> None:
    store = open_store(url)
    store.transact(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    store.close()
    with pytest.raises(Permanent, match="revision 9999, which this version does not know; install a newer one"):
        open_store(url)


def test_a_database_that_was_not_upgraded_fails_its_check(url: str) -> None:
    store = open_store(url, upgrade=False)
    what, holds, advice = store.check()[0]
    assert (what, holds) == ("schema", False)
    assert "gateway database upgrade" in advice
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
    from harness.stored import NOW

    data = {"at": value, "nested": [{value: 1}, [value]], "n": 1.5, "none": None}
    row = {"at": NOW, "actor": "system", "kind": "test", "data": data}
    store.transact(lambda c: c.execute(sa.insert(s.event).values(**row)))
    found = store.read(lambda c: c.execute(sa.select(s.event.c.data)).scalar_one())
    clean = value.replace("\x00", "").replace("\ud800", "?")
    assert found == {"at": clean, "nested": [{clean: 1}, [clean]], "n": 1.5, "none": None}


def test_foreign_keys_are_enforced(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        store.transact(lambda c: c.execute(sa.insert(s.participant).values(ticket=1, person=1, added_at=sa.func.now())))
