"""Budgets and counts: what is taken is given back, and nobody gets more than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.config import InboundSmtp
from gateway.inbound.smtp import budget_for
from gateway.inbound.smtp_limits import ByteBudget, Connections, client_of


def test_a_lease_grows_within_the_budget_and_gives_all_back() -> None:
    budget = ByteBudget(100)
    first, second = budget.lease(), budget.lease()
    assert first.cover(60)
    assert first.cover(40)
    assert not second.cover(41)
    assert second.cover(40)
    assert budget.free == 0
    first.release()
    first.release()
    assert budget.free == 60


def test_a_refused_growth_takes_nothing() -> None:
    budget = ByteBudget(10)
    lease = budget.lease()
    assert not lease.cover(11)
    assert budget.free == 10


def test_big_messages_leave_room_for_ordinary_ones() -> None:
    budget = ByteBudget(40 << 20)
    big, bigger, small = budget.lease(), budget.lease(), budget.lease()
    assert budget.largest == 30 << 20
    assert big.cover(budget.largest)
    assert not bigger.cover(2 << 20)
    assert small.cover(1 << 20)
    big.release()
    assert bigger.cover(2 << 20)


def test_a_small_budget_takes_small_messages_whole() -> None:
    assert ByteBudget(1000).largest == 1000


def test_a_budget_is_exact_when_threads_compete() -> None:
    budget = ByteBudget(1000)

    def work(_: int) -> None:
        for _ in range(200):
            lease = budget.lease()
            lease.cover(300)
            lease.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert budget.free == 1000


def test_connections_are_bounded_in_total_and_for_each_client() -> None:
    connections = Connections(3, 2)
    assert [connections.enter(client) for client in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    connections.leave("a")
    assert connections.enter("c")
    assert len(connections) == 3


def test_local_sockets_share_the_total_alone() -> None:
    connections = Connections(3, 1)
    assert [connections.enter("") for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(host: str, client: str) -> None:
    assert client_of(host) == client


@pytest.mark.parametrize("sizes", [[], [65536], [25 << 20, 1 << 30], [50 << 20, 40 << 20]])
def test_listeners_share_room_for_the_largest_mail_of_any_of_them(sizes: list[int]) -> None:
    listeners = [InboundSmtp(listen="127.0.0.1:0", max_size=size) for size in sizes]
    assert budget_for(listeners).largest >= max(sizes, default=1)
