"""Postfix's smtp-sink fails at every command in every way, or takes its time: each notice ends as the contract says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fault.controls import new_message_id
from harness.databases import BOTH, SQLITE
from harness.evidence import gather
from harness.figures import Figures
from harness.oracle import Verdict, judge
from harness.post import Post
from harness.scale import scaled
from servers.ports import free_port
from servers.postfix_sink import PostfixSink
from servers.slow_link import SlowLink

from gateway.outbound import smtp_link
from gateway.outbound.courier import Courier
from gateway.outbound.reply import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(scaled(600, 0))]
DATABASES = scaled((SQLITE,), BOTH)
MATRIX = "smtp-sink drops, 421, 4xx, 5xx at every command"
LATE = "an answer to the dot that comes late"
SLOW = "a large mail on a slow link"
WAYS = {"q": "drop", "Q": "421", "r": "4xx", "f": "5xx"}
CONTRACT = {
    "CONNECT": ("due", "due", "due", "due"),  # a relay that refuses everybody says nothing of this mail
    "EHLO": ("due", "due", "due", "due"),
    "MAIL": ("due", "due", "due", "dead"),
    "RCPT": ("due", "due", "due", "dead"),
    "DATA": ("due", "due", "due", "dead"),
    ".": ("ambiguous", "due", "due", "dead"),
    "QUIT": ("sent", "sent", "sent", "sent"),
}
CELLS = [(c, way, state) for c, states in CONTRACT.items() for way, state in zip(WAYS, states, strict=True)]


@dataclass
class Relay:
    """Smtp-sinks one after the other on one port. ``delivered``: what they took, or may have taken."""

    port: int = field(default_factory=free_port)
    delivered: list[tuple[str, bytes]] = field(default_factory=list)

    def during(self, work: Callable[[], None], *options: str, counts: bool = True) -> None:
        sink = PostfixSink(*options, port=self.port)
        try:
            work()
            if counts:
                self.delivered += [(message_id(raw), raw) for raw in sink.mails()]
        finally:
            sink.close()


def message_id(raw: bytes) -> str:
    found = re.search(rb"(?im)^Message-ID: <([^>]+)>", raw)
    assert found is not None
    return found[1].decode()


def verdict(post: Post, relay: Relay, wrong: list[str]) -> Verdict:
    found = gather(post.url)
    return judge([], found.stored, found.notices, relay.delivered, found.stuck, [*found.wrong, *wrong])


Makers = Callable[..., Post]


@pytest.fixture
def posts(tmp_path: Path, place: Callable[[str], str]) -> Iterator[Makers]:
    """A maker of outboxes: ``posts(port, SQLITE, outbound="")``."""
    made: list[Post] = []

    def make(port: int, database: str = SQLITE, outbound: str = "") -> Post:
        made.append(Post(tmp_path / f"desk{len(made)}", port, place(database), outbound))
        return made[-1]

    yield make
    for post in made:
        post.close()


def tried(post: Post, relay: Relay, command: str, way: str, state: str) -> str:
    """What one cell does other than the contract says, "" when it does as it says."""
    refused = command == "." and way != "q"  # heard by the sink, and not taken
    notice = post.add(f"someone@{'dead' if state == 'dead' else 'client'}.example")
    relay.during(post.settle, f"-{way}", command, counts=not refused)
    row = post.row(notice)
    if row.state != state or row.attempts != 1:
        return f"{WAYS[way]} at {command}: {row.state} after {row.attempts} attempts, {row.reply}"
    wait = (row.due_at - post.now).total_seconds()
    if state in ("due", "ambiguous") and not 48 <= wait <= 72:
        return f"{WAYS[way]} at {command}: the next attempt comes in {wait} s"
    return ""


@pytest.mark.parametrize("database", DATABASES)
def test_every_failure_at_every_command_leaves_the_notice_in_its_contract_state(
    posts: Makers, figures: Figures, database: str
) -> None:
    relay = Relay()
    post = posts(relay.port, database)
    found = [tried(post, relay, *cell) for cell in CELLS]
    post.advance(3600)
    relay.during(post.settle)
    post.tick()
    relay.during(post.settle)
    assert verdict(post, relay, [text for text in found if text]) == Verdict()
    kept = f"{found.count('')} of {len(found)} cells as the contract says; then each sent or told: 0 lost, 0 twice"
    figures.measured("G10", f"{MATRIX}, {database}", kept)


def test_a_drop_after_the_dot_that_counts_as_one_before_it_is_seen(
    posts: Makers, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_link, "unanswered", lambda _: Outcome.TEMPORARY)
    relay = Relay()
    seen = tried(posts(relay.port), relay, ".", "q", "ambiguous")
    assert seen
    figures.control("G10", MATRIX, "silence after the dot counts as silence before it", seen)


@pytest.mark.parametrize("database", DATABASES)
def test_a_late_answer_to_the_dot_is_waited_for_and_nothing_is_sent_again(
    posts: Makers, figures: Figures, database: str
) -> None:
    """Two senders share the outbox, so that a lease that ended too early would be seen too."""
    relay, seconds = Relay(), scaled(3, 300)
    post = posts(relay.port, database, scaled("command_timeout = 1\ndata_timeout = 30", ""))
    notice = post.add("someone@client.example")
    relay.during(lambda: post.settle(seconds + 60, senders=2), "-W", f".:{seconds}")
    row = post.row(notice)
    assert (row.state, row.attempts, row.ambiguous) == ("sent", 1, 0), row.reply
    assert verdict(post, relay, []) == Verdict()
    figures.measured("G10", f"{LATE}, {database}", f"after {seconds} s: 1 attempt, 0 sent again")


SIZE, SPEED = scaled((300_000, 150_000), (25_000_000, 50_000))


def large_on_a_slow_link(posts: Makers, outbound: str) -> tuple[sa.Row[Any], Verdict]:
    """What became of the notice after its first attempt."""
    port = free_port()
    relay, link = Relay(port), SlowLink(port, SPEED)
    post = posts(link.port, SQLITE, outbound)
    head = b"Message-ID: <large@desk.example>\r\nSubject: large\r\n\r\n"
    raw = head + (b"x" * 76 + b"\r\n") * (SIZE // 78)
    notice = post.add("someone@client.example", composed=raw, message_id="large@desk.example")
    relay.during(lambda: post.settle(SIZE / SPEED + 200, senders=2))
    link.close()
    return post.row(notice), verdict(post, relay, [])


def test_a_large_mail_on_a_slow_link_is_sent_once(posts: Makers, figures: Figures) -> None:
    row, found = large_on_a_slow_link(posts, scaled("command_timeout = 1\ndata_timeout = 30", ""))
    assert (row.state, row.attempts, row.ambiguous) == ("sent", 1, 0), row.reply
    assert found == Verdict()
    took = f"{SIZE / 1e6:g} MB at {SPEED // 1000} kB/s: 1 attempt, 0 sent again"
    figures.measured("G10", SLOW, took)


def test_a_sender_without_patience_for_a_slow_link_is_seen(posts: Makers, figures: Figures) -> None:
    seconds = scaled(1, 60)
    row, found = large_on_a_slow_link(posts, f"command_timeout = 1\ndata_timeout = {seconds}")
    assert row.state != "sent"
    assert found.stuck
    figures.control("G10", SLOW, f"{seconds} s for the whole mail", f"{row.state} after the first attempt")


def test_a_sender_that_waits_a_minute_and_sends_a_new_mail_is_seen(
    posts: Makers, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Courier, "_attempt", Courier._attempt)  # to be put back
    new_message_id.apply()
    relay, (patience, seconds) = Relay(), scaled((1, 3), (60, 300))
    post = posts(relay.port, SQLITE, f"data_timeout = {patience}")
    post.add("someone@client.example")

    def twice() -> None:
        post.settle(seconds + 60)
        post.advance(3600)
        post.settle(seconds + 60)

    relay.during(twice, "-W", f".:{seconds}")
    seen = verdict(post, relay, [])
    assert seen.notices_unknown, seen
    broken = f"{patience} s for the answer, and a new Message-ID"
    figures.control("G10", LATE, broken, f"{len(relay.delivered)} mails for one notice")
