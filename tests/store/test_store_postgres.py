"""PostgreSQL alone: connections that die at work and at COMMIT, conflicts, and the lock of all decisions."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from harness.at_once import at_once
from harness.cutting_proxy import Cut, CuttingProxy
from harness.desk import Desk, letter
from harness.stored import NOW, accept, contact, open_ticket, rows
from servers.postgres import Postgres

from gateway.errors import Temporary
from gateway.mail import Envelope
from gateway.store import Store, inbox, open_store
from gateway.store import schema as s
from gateway.store.engine import make_engine
from gateway.store.outcome import Outcome, Witness, transaction_id


@pytest.fixture
def store(postgres: str) -> Iterator[Store]:
    opened = open_store(postgres)
    yield opened
    opened.close()


@pytest.fixture
def proxy(postgres_server: Postgres) -> Iterator[CuttingProxy]:
    made = CuttingProxy(postgres_server.host, postgres_server.port)
    yield made
    made.close()


def through(proxy: CuttingProxy, url: str) -> str:
    return str(sa.engine.make_url(url).set(port=proxy.port))


def put(connection: sa.Connection, name: str) -> str:
    connection.execute(sa.insert(s.blob).values(sha256=name, size=1, data=b"x"))
    return name


@pytest.fixture
def witness(store: Store) -> Iterator[Witness]:
    made = Witness(store.engine)
    yield made
    made.close()


def numbers(engine: sa.Engine) -> tuple[str, str]:
    """Of a transaction that was committed, and of one that was not."""
    found = []
    with engine.connect() as connection:
        for end in (connection.commit, connection.rollback):
            put(connection, f"blob {len(found)}")
            found.append(str(transaction_id(connection)))
            end()
    return found[0], found[1]


def kill_me(connection: sa.Connection, postgres_server: Postgres) -> None:
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    postgres_server.psql(f"SELECT pg_terminate_backend({pid})")


def test_a_connection_that_is_killed_at_work_is_replaced_and_the_work_done_once(
    store: Store, postgres_server: Postgres
) -> None:
    tries: list[int] = []

    def work(connection: sa.Connection) -> str:
        put(connection, "a")
        tries.append(1)
        if len(tries) == 1:
            kill_me(connection, postgres_server)
        return put(connection, "b")

    assert store.transact(work) == "b"
    assert len(tries) == 2
    assert rows(store, s.blob) == 2


def test_work_that_loses_its_connection_every_time_is_a_temporary_failure(
    store: Store, postgres_server: Postgres
) -> None:
    def work(connection: sa.Connection) -> None:
        kill_me(connection, postgres_server)
        put(connection, "a")

    with pytest.raises(Temporary):
        store.transact(work)
    assert rows(store, s.blob) == 0


def test_idle_connections_that_were_killed_are_noticed_before_they_are_used(
    store: Store, postgres_server: Postgres
) -> None:
    accept(store)
    postgres_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'psql'")
    accept(store)
    assert rows(store, s.inbox) == 2


@pytest.mark.parametrize("how", ["before commit", "after commit"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_line_that_is_cut_at_commit_never_doubles_and_never_loses_work(
    postgres: str, proxy: CuttingProxy, how: Cut, times: int
) -> None:
    store = open_store(through(proxy, postgres))
    client = contact(store)
    proxy.cut(how, times)
    open_ticket(store, client)  # nothing in it would stop a second run
    open_ticket(store, client)
    assert proxy.cuts == times
    assert rows(store, s.ticket) == 2
    assert rows(store, s.message) == 2
    store.close()


def test_the_outcome_of_a_transaction_can_be_asked_for(store: Store, witness: Witness) -> None:
    session = witness.session()
    kept, undone = numbers(store.engine)
    assert witness.outcome(kept, session) is Outcome.COMMITTED
    assert witness.outcome(undone, session) is Outcome.ABORTED


def test_a_transaction_that_changed_nothing_has_no_number(store: Store) -> None:
    assert store.read(transaction_id) is None


def test_an_outcome_is_not_known_once_the_session_from_before_has_ended(
    store: Store, witness: Witness, postgres_server: Postgres
) -> None:
    session = witness.session()
    kept, _ = numbers(store.engine)
    postgres_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'psql'")
    with pytest.raises(Temporary, match="not known"):
        witness.outcome(kept, session)
    later = witness.session()
    with pytest.raises(Temporary, match="not known"):
        witness.outcome(kept, session)
    assert witness.outcome(kept, later) is Outcome.COMMITTED


def test_a_session_that_a_pooler_has_replaced_is_not_believed(store: Store, witness: Witness) -> None:
    session = witness.session()
    kept, _ = numbers(store.engine)
    pid, start = session.identity
    object.__setattr__(session, "identity", (pid, f"before {start}"))
    with pytest.raises(Temporary, match="not known"):
        witness.outcome(kept, session)


def test_after_a_crash_the_number_of_a_lost_transaction_may_be_that_of_a_committed_one() -> None:
    """Why the server alone is not believed: its answer is about the other one."""
    server = Postgres(durable=True, settings={"wal_writer_delay": "10s"})
    with contextlib.closing(server):
        engine = make_engine(server.database())
        witness = Witness(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE made (name text)")
        session = witness.session()
        with engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO made VALUES ('lost')")
            lost = transaction_id(connection)
            server.kill()
            connection.invalidate()
        server.start()
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO made VALUES ('kept')")
            kept = transaction_id(connection)
        assert lost == kept, "the server gave the number out again"
        with pytest.raises(Temporary, match="not known"):
            witness.outcome(str(lost), session)
        assert witness.outcome(str(kept), witness.session()) is Outcome.COMMITTED
        witness.close()
        engine.dispose()


def test_a_deadlock_is_resolved_by_trying_again(store: Store) -> None:
    store.transact(lambda c: put(c, "a"))
    store.transact(lambda c: put(c, "b"))
    both = threading.Barrier(2, timeout=5)

    def touch(first: str, second: str) -> None:
        tries: list[int] = []

        def work(connection: sa.Connection) -> None:
            for name in (first, second):
                connection.execute(sa.update(s.blob).where(s.blob.c.sha256 == name).values(size=s.blob.c.size + 1))
                if not tries and name == first:
                    tries.append(1)
                    both.wait()

        store.transact(work)

    threads = [threading.Thread(target=touch, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(lambda c: c.execute(sa.select(s.blob.c.size)).scalars().all()) == [3, 3]


def test_the_lock_of_decisions_holds_between_hosts_and_leaves_others_alone(postgres: str) -> None:
    here, there = open_store(postgres), open_store(postgres)
    inside, go = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        inside.set()
        go.wait(10)

    first = here.submit(slow, serial=True)
    assert inside.wait(10)
    second = there.submit(lambda c: put(c, "decided"), serial=True)
    assert accept(there)  # mail is taken in while others decide
    assert not second.done()
    go.set()
    assert second.result(10) == "decided"
    assert first.result(10) is None
    for store in (here, there):
        store.close()


def test_a_host_that_freezes_in_mid_decision_frees_the_others(store: Store) -> None:
    timeout = store.read(lambda c: c.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar())
    assert timeout == "30s"
    assert store.read(lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar()) == "on"
    assert store.read(lambda c: c.exec_driver_sql("SHOW timezone").scalar()) == "UTC"
    assert store.read(lambda c: c.exec_driver_sql("SHOW transaction_isolation").scalar()) == "repeatable read"
    assert store.transact(lambda c: c.exec_driver_sql("SHOW transaction_isolation").scalar()) == "read committed"


def test_while_the_server_is_down_everything_is_temporary_and_afterwards_goes_on(postgres_server: Postgres) -> None:
    url = postgres_server.database()
    store = open_store(url)
    accept(store)
    postgres_server.stop()
    try:
        with pytest.raises(Temporary):
            accept(store)
        with pytest.raises(Temporary):
            rows(store, s.inbox)
    finally:
        postgres_server.start()
    accept(store)
    assert rows(store, s.inbox) == 2
    store.close()
    postgres_server.drop(url)


def test_more_readers_than_connections_wait_for_their_turn(store: Store) -> None:
    def look() -> None:
        store.read(lambda c: c.exec_driver_sql("SELECT pg_sleep(0.05)").scalar())

    assert at_once(*[look] * 40) == []


def test_a_claim_never_leases_more_than_its_limit(store: Store) -> None:
    envelope = Envelope("a@b.example", ())

    def many(connection: sa.Connection) -> None:
        for n in range(300):
            inbox.accept(connection, b"x", envelope, source="t", keys=(str(n),), now=NOW)

    store.transact(many)

    def claim(connection: sa.Connection) -> int:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return len(inbox.claim(connection, NOW, limit=4, lease_seconds=60))

    assert [store.transact(claim) for _ in range(3)] == [4, 4, 4]


def test_a_whole_desk_works_on_postgresql_and_knows_one_mail_by_two_roads(postgres: str, tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, database=postgres)
    mail = letter("Casey Client <casey@client.example>", "Can I deduct my home office?").as_bytes()
    for road in (b"Received: from a.example by mx1\r\n", b"Received: from b.example by mx2\r\n"):
        desk.take(road + mail, sender="casey@client.example", to=["support@desk.example"])
    assert desk.numbers() == [1001]
    assert desk.outcomes() == ["ticket opened", "duplicate"]
    assert sorted(n.kind for n in desk.sent) == ["received", "staff_new"]
    desk.close()
