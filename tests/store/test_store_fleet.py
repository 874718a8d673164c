"""Daemons that share a PostgreSQL: leases die with their holder, and one of them has a lock at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from harness.stored import NOW, accept, inbox_row, later, notice
from servers.ports import wait_until
from servers.proxy import Proxy

from gateway.store import Outbox, Store, fleet, inbox, open_store
from gateway.store import schema as s
from gateway.store.member import Member, Pace

PACE = Pace(beat=0.2, trust=1.0, grace=0.5, silence=2.0)
NAME = "support@desk.example@imap.example:993/INBOX"


@pytest.fixture
def shared(postgres: str) -> Iterator[Store]:
    store = open_store(postgres)
    yield store
    store.close()


@pytest.fixture
def member(shared: Store) -> Iterator[Callable[..., Member]]:
    """A maker of members of the same database."""
    made: list[Member] = []

    def make(url: sa.URL | None = None) -> Member:
        made.append(Member(url or shared.engine.url, PACE))
        made[-1].join()
        return made[-1]

    yield make
    for one in made:
        for name in list(one._wanted):
            one.release(name)
        one.close()


def claim(store: Store, holder: str | None, now: datetime = NOW) -> list[int]:
    claimed = store.transact(lambda c: inbox.claim(c, now, limit=9, lease_seconds=60, holder=holder))
    return [one.id for one in claimed]


def beat_was(store: Store, holder: str, seconds_ago: float) -> None:
    at = sa.func.now() - timedelta(seconds=seconds_ago)
    store.transact(lambda c: c.execute(sa.update(s.daemon).where(s.daemon.c.id == holder).values(beat_at=at)))


def register(store: Store, holder: str, seconds_ago: float = 0, *, pid: int = 1, node: str = "elsewhere") -> None:
    row = {"id": holder, "host": "h", "node": node, "pid": pid, "started_at": NOW, "beat_at": NOW}
    store.transact(lambda c: c.execute(sa.insert(s.daemon).values(**row)))
    beat_was(store, holder, seconds_ago)


# --- leases


def test_a_lease_of_a_daemon_that_beats_is_nobody_elses_whatever_their_clock_says(shared: Store) -> None:
    mail = accept(shared)
    register(shared, "a")
    register(shared, "b")
    assert claim(shared, "a") == [mail]
    assert claim(shared, "b", later(86_400)) == []
    assert claim(shared, None, later(86_400)) == []


@pytest.mark.parametrize("silent", [fleet.DEAD_SECONDS + 1, -fleet.DEAD_SECONDS - 3600])
def test_a_lease_of_a_daemon_whose_beats_are_missed_is_free_at_once(shared: Store, silent: float) -> None:
    mail = accept(shared)
    register(shared, "a")
    assert claim(shared, "a") == [mail]
    beat_was(shared, "a", silent)
    assert claim(shared, "b") == [mail]


def test_a_lease_of_a_daemon_that_has_left_is_free_at_once(shared: Store) -> None:
    mail = accept(shared)
    assert claim(shared, "gone") == [mail]
    assert claim(shared, "b") == [mail]


def test_a_lease_of_a_living_daemon_ends_by_the_clock_of_the_database(shared: Store) -> None:
    mail = accept(shared)
    register(shared, "a")
    assert claim(shared, "a") == [mail]
    past = sa.func.now() - timedelta(seconds=1)
    shared.transact(lambda c: c.execute(sa.update(s.inbox).values(lease_until=past)))
    assert claim(shared, "b") == [mail]


def test_notices_follow_the_same_rule(shared: Store) -> None:
    notice_id = notice(shared)
    register(shared, "a")

    def take(holder: str) -> list[int]:
        from gateway.store import outbox

        claims = shared.transact(lambda c: outbox.claim(c, later(9), limit=9, lease_seconds=1950, holder=holder))
        return [one.outgoing.id for one in claims]

    assert take("a") == [notice_id]
    assert take("b") == []
    beat_was(shared, "a", fleet.DEAD_SECONDS + 1)
    assert take("b") == [notice_id]


def test_the_first_holder_can_do_nothing_with_a_lease_that_was_taken_over(shared: Store) -> None:
    from gateway.store import outbox

    notice(shared)
    (old,) = shared.transact(lambda c: outbox.claim(c, later(9), limit=9, lease_seconds=60, holder="dead"))
    (new,) = shared.transact(lambda c: outbox.claim(c, later(9), limit=9, lease_seconds=60, holder="b"))
    box = Outbox(shared)
    assert not box.mark_dot_pending(old, b"raw", later(9))
    assert box.mark_dot_pending(new, b"raw", later(9))


def test_a_daemon_takes_leases_in_its_own_name_and_leaves_them_behind_when_it_ends(shared: Store) -> None:
    mail = accept(shared)
    shared.lock_for_daemon()
    assert shared.holder is not None
    assert claim(shared, shared.holder) == [mail]
    other = open_store(str(shared.engine.url.render_as_string(hide_password=False)))
    assert [row.id for row in other.read(fleet.daemons)] == [shared.holder]
    assert claim(other, None) == []
    shared.close()
    assert other.read(fleet.daemons) == ()
    assert claim(other, None) == [mail]
    other.close()


def test_a_restart_on_the_same_machine_frees_what_the_killed_one_held(shared: Store) -> None:
    mail = accept(shared)
    register(shared, "killed", pid=2**22 + 1, node=fleet.node())
    register(shared, "elsewhere", pid=2**22 + 1)
    assert claim(shared, "killed") == [mail]
    assert claim(shared, "b") == []
    shared.lock_for_daemon()
    assert claim(shared, "b") == [mail]
    assert {row.id for row in shared.read(fleet.daemons)} == {"elsewhere", shared.holder}


def test_outside_a_fleet_a_lease_is_a_matter_of_time_alone(store: Store) -> None:
    mail = accept(store)
    assert claim(store, None) == [mail]
    assert inbox_row(store, mail).holder is None
    assert claim(store, None, later(59)) == []
    assert claim(store, None, later(61)) == [mail]


def test_on_sqlite_every_lock_is_held(store: Store) -> None:
    if store.is_sqlite:
        lock = store.lock(NAME)
        lock.want()
        assert lock.held()
        lock.release()


# --- locks


def held_by(*members: Member) -> list[Member]:
    found = [member for member in members if member.holds(NAME)]
    assert len(found) <= 1, "two daemons hold one lock"
    return found


def until_held_by(member: Member, *others: Member, seconds: float = 10) -> float:
    """Watch closely until it is this one's; the seconds that it took."""
    began = time.monotonic()
    wait_until(lambda: held_by(member, *others) == [member], "the lock to change hands", seconds)
    return time.monotonic() - began


def cut(store: Store, member: Member) -> None:
    """End the member's session, as a restart of the server or a broken link does."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid = "
    holder = "(SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted LIMIT 1)"
    assert member.holds(NAME)
    store.read(lambda c: c.execute(sa.text(kill + holder)).all())


def test_one_has_the_lock_and_hands_it_over_at_once(member: Callable[..., Member]) -> None:
    a, b = member(), member()
    a.want(NAME)
    until_held_by(a, b)
    b.want(NAME)
    time.sleep(4 * PACE.beat)
    assert held_by(a, b) == [a]
    a.release(NAME)
    assert until_held_by(b, a) < PACE.trust, "a lock that was handed back needs no waiting"


def test_a_lock_is_kept_for_as_long_as_it_is_wanted(member: Callable[..., Member]) -> None:
    a = member()
    a.want(NAME)
    until_held_by(a)
    end = time.monotonic() + 2 * PACE.silence
    while time.monotonic() < end:
        assert a.holds(NAME)
        time.sleep(0.02)


def test_who_gets_a_lock_that_was_not_handed_back_waits_until_nobody_believes_in_it(
    shared: Store, member: Callable[..., Member]
) -> None:
    a, b = member(), member()
    a.want(NAME)
    until_held_by(a, b)
    b.want(NAME)
    a._wanted.clear()  # it does not come back for it: as if its process hung
    cut(shared, a)
    assert until_held_by(b, a) >= PACE.trust - PACE.beat


def test_after_a_broken_link_the_lock_comes_back_to_somebody_and_never_to_two(
    shared: Store, member: Callable[..., Member]
) -> None:
    a, b = member(), member()
    for one in (a, b):
        one.want(NAME)
    wait_until(lambda: bool(held_by(a, b)), "anybody to hold it")
    for _ in range(3):
        (holder,) = held_by(a, b)
        cut(shared, holder)
        wait_until(lambda: not held_by(a, b), "the loss to be noticed")
        wait_until(lambda: bool(held_by(a, b)), "somebody to hold it again")


def test_a_link_that_pauses_loses_the_lock_and_its_holder_knows_first(
    shared: Store, member: Callable[..., Member]
) -> None:
    url = shared.engine.url
    link = Proxy(int(url.port or 0))
    a, b = member(url.set(host="127.0.0.1", port=link.port)), member()
    a.want(NAME)
    until_held_by(a, b)
    b.want(NAME)
    link.pause()
    assert PACE.trust < until_held_by(b, a) < PACE.silence + 3
    link.resume()
    time.sleep(4 * PACE.beat)
    assert held_by(a, b) == [b]
    a.release(NAME)
    link.close()


def test_a_member_that_ends_leaves_no_row_and_no_lock(shared: Store, member: Callable[..., Member]) -> None:
    a, b = member(), member()
    a.want(NAME)
    until_held_by(a, b)
    a.release(NAME)
    a.close()
    ids: list[Any] = [row.id for row in shared.read(fleet.daemons)]
    assert ids == [b.id]
    b.want(NAME)
    assert until_held_by(b, a) < PACE.trust


def test_the_server_is_asked_to_give_up_on_the_silent_only_after_they_have_given_up_themselves() -> None:
    for pace in (Pace(), PACE):
        assert pace.beat * 3 <= pace.trust
        assert pace.trust + pace.grace < pace.silence
    assert Pace().silence < fleet.DEAD_SECONDS
