"""A relay that says "later" for six days, on a clock set by hand; and a domain that is slow, beside good ones."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, repeat
from pathlib import Path
from statistics import quantiles

import pytest
from harness.databases import BOTH, SQLITE
from harness.figures import Figures
from harness.post import START, Post
from harness.scale import scaled
from servers.ports import wait_until
from servers.sink import SmtpSink

from gateway.outbound import schedule

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
NOTICES = scaled(1, 20)
SIX_DAYS = "4xx for six days on a virtual clock"
BAD_DOMAIN = "one domain is slow and refuses"
CONTRACT = (60, 300, 600, 1200, 2400, 4000)
"""Seconds after the first, second … attempt, give or take a fifth; the last one repeats."""

Times = dict[str, list[datetime]]


@pytest.fixture
def posts(tmp_path: Path, smtp_sink: SmtpSink, place: Callable[[str], str]) -> Iterator[Callable[..., Post]]:
    """A maker of outboxes: ``posts(SQLITE, outbound="")``; the relay is ``smtp_sink``."""
    made: list[Post] = []

    def make(database: str = SQLITE, outbound: str = "") -> Post:
        made.append(Post(tmp_path / f"desk{len(made)}", smtp_sink.port, place(database), outbound))
        return made[-1]

    yield make
    for post in made:
        post.close()


# --- the schedule ---------------------------------------------------------------------------------------


def attempts(post: Post, relay: SmtpSink, until: datetime) -> Times:
    """Turn the clock from one due time to the next; when the relay was asked to take mail for whom."""
    asked: Times = defaultdict(list)
    heard = 0
    with post.sending():
        while (due := post.next_due()) is not None and due <= until:
            post.now = max(post.now, due)
            post.wake()
            wait_until(post.quiet, "the attempts of the moment", 30)
            commands = relay.commands[heard:]
            heard += len(commands)
            for found in filter(None, (re.match(r"RCPT TO:<(.*)>", line) for line in commands)):
                asked[found[1]].append(post.now)
    return asked


def off_schedule(times: list[datetime]) -> list[str]:
    """Waits that are not the contract's. The last may be shorter: it ends five days after the first attempt."""
    found = []
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    for number, (wait, wanted) in enumerate(zip(waits, chain(CONTRACT, repeat(CONTRACT[-1])), strict=False), 1):
        short_end = number == len(waits) and wait <= wanted
        if not 0.8 * wanted <= wait <= 1.2 * wanted and not short_end:
            found.append(f"wait {number} is {wait:.0f} s instead of {wanted}")
    if times[-1] - times[0] != timedelta(days=5):
        found.append(f"given up after {times[-1] - times[0]}")
    return found


@pytest.mark.parametrize("database", BOTH)
def test_six_days_of_4xx_are_tried_as_the_contract_says_then_told_and_can_be_sent_again(
    posts: Callable[..., Post], smtp_sink: SmtpSink, figures: Figures, database: str
) -> None:
    post = posts(database)
    dead = [post.add(f"someone{n}@client.example") for n in range(NOTICES)]
    smtp_sink.fail("RCPT", "4xx")
    asked = attempts(post, smtp_sink, START + timedelta(days=6))
    assert len(asked) == NOTICES
    assert list(chain(*(off_schedule(times) for times in asked.values()))) == []
    assert {post.row(notice).state for notice in dead} == {"dead"}
    told_and_replayed(post, smtp_sink, dead)
    made = sum(map(len, asked.values()))
    figures.measured(
        "G11",
        f"{SIX_DAYS}, {database}",
        f"{NOTICES} notices, {made:,} attempts, all within 20 % of schedule; dead after 5 days, told, replayed",
    )


def told_and_replayed(post: Post, relay: SmtpSink, dead: list[int]) -> None:
    """The admin hears of each; the command line shows them, and sends one after all."""
    relay.mend()
    post.now = max(START + timedelta(days=6), datetime.now(UTC) + timedelta(hours=1))  # the command line has its own
    post.tick()
    post.settle()
    kinds = Counter(re.findall(r"(?im)^X-Ticket-Gateway: (\w+)", "".join(m.raw.decode() for m in relay.messages)))
    assert kinds == {"staff_delivery_failed": len(dead), "admin_dead_letter": len(dead)}
    listed = {row["id"]: row for row in post.daemon.json("queue", "list")}
    assert set(dead) <= listed.keys()
    assert listed[dead[0]]["reply"].startswith("given up after 5 days: 451")
    post.daemon.cli("queue", "retry", str(dead[0]))
    post.settle()
    assert post.row(dead[0]).state == "sent"
    assert len(relay.to("someone0@client.example")) == 1


def test_a_schedule_without_a_longest_wait_is_seen(
    posts: Callable[..., Post], smtp_sink: SmtpSink, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "DELAYS", (*schedule.DELAYS[:-1], *(4000 * 2**n for n in range(9))))
    post = posts()
    post.add("someone@client.example")
    smtp_sink.fail("RCPT", "4xx")
    asked = attempts(post, smtp_sink, START + timedelta(days=6))
    seen = off_schedule(asked["someone@client.example"])
    assert seen
    figures.control("G11", SIX_DAYS, "waits that double without end", seen[0])


# --- a bad domain ---------------------------------------------------------------------------------------

GOOD = scaled(40, 1000)
PAUSE = 0.05
BAD = 200
"""More than the sender would ever claim ahead."""
REFUSED_AFTER = 2.0


def p95(post: Post, relay: SmtpSink) -> float:
    """Good notices come one after the other: the seconds until the relay has them."""
    began: dict[str, float] = {}
    with post.sending():
        for number in range(GOOD):
            address = f"good{number}@d{number % 50}.example"
            began[address] = time.time()
            post.add(address)
            post.wake()
            time.sleep(PAUSE)
        with suppress(TimeoutError):
            wait_until(lambda: all(relay.to(address) for address in began), "the good ones", scaled(6, 60))
        now = time.time()
    took = [next((mail.at for mail in relay.to(address)), now) - at for address, at in began.items()]
    return quantiles(took, n=20)[-1]


def beside_a_bad_domain(posts: Callable[..., Post], relay: SmtpSink, outbound: str = "") -> tuple[float, float]:
    """The 95th percentile without the bad domain, and with it."""
    alone = p95(posts(outbound=outbound), relay)
    relay.messages.clear()
    relay.fail("RCPT", "4xx", seconds=REFUSED_AFTER, match="@bad.example")
    post = posts(outbound=outbound)
    for number in range(BAD):
        post.add(f"bad{number}@bad.example")
    return alone, p95(post, relay)


def test_one_bad_domain_does_not_delay_the_others(
    posts: Callable[..., Post], smtp_sink: SmtpSink, figures: Figures
) -> None:
    for _ in range(scaled(3, 1)):  # forty notices are few: whatever else the machine did shows in their percentile
        alone, beside = beside_a_bad_domain(posts, smtp_sink)
        if fine := beside < 1.1 * alone + REFUSED_AFTER / 4:
            break
        smtp_sink.mend()
        smtp_sink.messages.clear()
    assert fine, (alone, beside)
    waiting = f"{BAD} notices for it wait, each refused after {REFUSED_AFTER:g} s"
    figures.measured(
        "G11", BAD_DOMAIN, f"{waiting}: p95 of {GOOD:,} good ones {1000 * alone:.0f} → {1000 * beside:.0f} ms"
    )


def test_a_bad_domain_that_may_have_every_connection_is_seen(
    posts: Callable[..., Post], smtp_sink: SmtpSink, figures: Figures
) -> None:
    alone, beside = beside_a_bad_domain(posts, smtp_sink, "connections = 1")
    assert beside > 1.1 * alone + REFUSED_AFTER / 4
    seen = f"p95 {1000 * alone:.0f} → {1000 * beside:.0f} ms"
    figures.control("G11", BAD_DOMAIN, "a single connection, so that it may have all", seen)
