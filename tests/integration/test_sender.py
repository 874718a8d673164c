"""The sender with a real store and a real server: each notice ends where the contract says, and once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from servers.ports import HOST, wait_until
from servers.sink import SmtpSink

from gateway.config import Desk, Maildir, Outbound, OutboundSmtp, Settings
from gateway.desk.notices import KINDS, Claim, NoticeDraft, NoticeState, Outgoing, sample
from gateway.errors import Permanent
from gateway.mail import Address
from gateway.outbound import sender
from gateway.outbound.sender import Sender, lease_seconds
from gateway.outbound.transport import open_transport
from gateway.store import Outbox, Store, open_store
from gateway.store import schema as s
from gateway.store.rows import draft_json

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Mail:
    raw: bytes
    envelope_sender: str
    envelope_recipient: str


@dataclass
class Composer:
    """Composes a small mail; ``error`` makes it fail. Every call makes other bytes, as a Date header does."""

    error: Exception | None = None
    calls: int = 0

    def __call__(self, outgoing: Outgoing, now: datetime) -> Mail:
        self.calls += 1
        if self.error is not None:
            raise self.error
        head = f"Message-ID: <{outgoing.message_id}>\r\nX-Composed: {self.calls}\r\n"
        raw = f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\nHello {outgoing.id}\r\n".encode()
        return Mail(raw, f"support+b{outgoing.id}@desk.example", outgoing.draft.to.address)


@dataclass
class Bench:
    """A store with notices, a clock that is set by hand, and a sender to run."""

    store: Store
    outbound: Outbound
    folder: Path
    composer: Composer = field(default_factory=Composer)
    hold: Callable[[Claim, str], str | None] = lambda claim, text: None
    outbox: Callable[[Store], Outbox] = Outbox
    now: datetime = START
    beats: int = 0

    def add(self, address: str = "casey@client.example", kind: str = "received", **values: Any) -> int:
        draft = NoticeDraft(kind, Address("", address), None, sample(kind))
        row = {
            "kind": kind,
            "audience": KINDS[kind].audience,
            "automatic": True,
            "message_id": f"{time.monotonic_ns()}@desk.example",
            "recipient": address,
            "draft": draft_json(draft),
            "subject": "Hello",
            "state": NoticeState.DUE,
            "created_at": START,
            "due_at": START,
        } | values
        return int(self.store.transact(lambda c: c.execute(s.notice.insert().values(row)).inserted_primary_key[0]))

    def row(self, notice: int) -> sa.Row[Any]:
        return self.store.read(lambda c: c.execute(sa.select(s.notice).where(s.notice.c.id == notice)).one())

    def state(self, notice: int) -> str:
        return str(self.row(notice).state)

    def settled(self, *notices: int) -> bool:
        """None of them is leased or due at the present time."""
        table = s.notice.c
        waits = table.state.not_in(["sent", "dead"]) & (table.due_at <= self.now)
        query = sa.select(sa.func.count()).where(table.id.in_(notices), table.lease.is_not(None) | waits)
        return self.store.read(lambda c: c.execute(query).scalar()) == 0

    def beat(self) -> None:
        self.beats += 1

    def sender(self) -> Sender:
        desk = Desk(name="Acme", address="support@desk.example")
        settings = Settings(desk=desk, outbound=self.outbound, folder=self.folder)
        return Sender(
            self.outbox(self.store),
            lambda: open_transport(settings, None),
            self.composer,
            lambda claim, text: self.hold(claim, text),
            self.outbound,
            clock=lambda: self.now,
            jitter=lambda: 0.0,
        )

    @contextmanager
    def running(self) -> Iterator[threading.Event]:
        stop = threading.Event()
        thread = threading.Thread(target=self.sender().run, args=(stop, self.beat))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            self.store.notices_wait.set()
            thread.join(40)
            assert not thread.is_alive()

    def until_settled(self, *notices: int) -> None:
        with self.running():
            wait_until(lambda: self.settled(*notices), "settlement")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/gateway.db")
    yield store
    store.close()


@pytest.fixture
def bench(store: Store, smtp_sink: SmtpSink, tmp_path: Path) -> Bench:
    relay = OutboundSmtp(
        host=HOST, port=smtp_sink.port, tls="none", connect_timeout=5, command_timeout=20, data_timeout=20
    )
    return Bench(store, Outbound(smtp=relay), tmp_path)


def test_what_is_due_is_sent_once_and_what_is_not_waits(bench: Bench, smtp_sink: SmtpSink) -> None:
    due = [bench.add(f"c{n}@client.example") for n in range(20)]
    later = bench.add(due_at=START + timedelta(minutes=1))
    bench.until_settled(*due)
    assert [bench.state(notice) for notice in due] == ["sent"] * 20
    assert sorted(mail.recipients[0] for mail in smtp_sink.messages) == sorted(
        f"c{n}@client.example" for n in range(20)
    )
    assert {mail.sender for mail in smtp_sink.messages} == {f"support+b{notice}@desk.example" for notice in due}
    assert bench.state(later) == "due"
    assert smtp_sink.connections <= 2
    assert bench.row(due[0]).reply == "250 2.0.0 kept"


def test_a_notice_that_arrives_while_all_is_quiet_leaves_at_once(bench: Bench, smtp_sink: SmtpSink) -> None:
    with bench.running():
        time.sleep(0.3)
        began = time.monotonic()
        bench.add()
        bench.store.notices_wait.set()
        smtp_sink.wait_for(1)
    assert time.monotonic() - began < 10


def test_a_temporary_refusal_is_tried_again_after_1_5_10_and_20_minutes(bench: Bench, smtp_sink: SmtpSink) -> None:
    notice = bench.add()
    smtp_sink.fail("RCPT", "450 4.2.0 greylisted", times=4)
    waits = []
    for _ in range(4):
        bench.until_settled(notice)
        row = bench.row(notice)
        assert (row.state, row.reply) == ("due", "450 4.2.0 greylisted")
        waits.append((row.due_at - bench.now).total_seconds())
        bench.now = row.due_at
    assert waits == [60, 300, 600, 1200]
    bench.until_settled(notice)
    assert bench.state(notice) == "sent"


def test_it_is_given_up_after_five_days_and_stays_visible(bench: Bench, smtp_sink: SmtpSink) -> None:
    notice = bench.add(first_tried_at=START - timedelta(days=5))
    smtp_sink.fail("RCPT", "4xx")
    bench.until_settled(notice)
    row = bench.row(notice)
    assert (row.state, row.reply) == ("dead", "given up after 5 days: 451 4.3.0 try again later")


def test_a_permanent_refusal_concerns_that_recipient_alone(bench: Bench, smtp_sink: SmtpSink) -> None:
    smtp_sink.fail("RCPT", "550 5.1.1 no such user", match="nobody@")
    dead, fine = bench.add("nobody@client.example"), bench.add("casey@client.example")
    bench.until_settled(dead, fine)
    assert (bench.state(dead), bench.row(dead).reply) == ("dead", "550 5.1.1 no such user")
    assert bench.state(fine) == "sent"


def test_an_unconfirmed_mail_is_resent_byte_for_byte_and_at_most_three_times(bench: Bench, smtp_sink: SmtpSink) -> None:
    notice = bench.add()
    smtp_sink.fail(".", "keep-drop")
    for attempt in range(4):
        bench.until_settled(notice)
        assert bench.state(notice) == ("ambiguous" if attempt < 3 else "dead")
        bench.now = bench.row(notice).due_at
    bench.now += timedelta(days=1)
    bench.until_settled(notice)
    assert len(smtp_sink.messages) == 4
    assert len({mail.raw for mail in smtp_sink.messages}) == 1
    assert bench.row(notice).reply.startswith("unknown: the server never confirmed")


def test_a_process_that_died_amid_the_dot_leaves_an_unconfirmed_mail_that_is_resent_unchanged(
    bench: Bench, smtp_sink: SmtpSink
) -> None:
    old = b"Message-ID: <old@desk.example>\r\n\r\nas it was\r\n"
    gone = {"lease": "gone", "lease_until": START - timedelta(seconds=1), "first_tried_at": START, "attempts": 1}
    notice = bench.add(state=NoticeState.DOT_PENDING, composed=old, **gone)
    bench.until_settled(notice)
    row = bench.row(notice)
    assert (row.state, row.ambiguous) == ("ambiguous", 1)
    assert smtp_sink.messages == []
    bench.now = row.due_at
    bench.until_settled(notice)
    assert bench.state(notice) == "sent"
    assert [mail.raw for mail in smtp_sink.messages] == [old]


def test_a_process_that_dies_every_time_is_not_resent_for_ever(bench: Bench, smtp_sink: SmtpSink) -> None:
    notice = bench.add(state=NoticeState.DOT_PENDING, composed=b"x\r\n", ambiguous=3, first_tried_at=START)
    bench.until_settled(notice)
    assert bench.state(notice) == "dead"
    assert smtp_sink.messages == []


def test_a_notice_that_cannot_be_composed_is_a_dead_letter_with_the_reason(bench: Bench, smtp_sink: SmtpSink) -> None:
    bench.composer.error = Permanent("template received.txt.j2: 'foo' is undefined")
    notice = bench.add()
    bench.until_settled(notice)
    assert (bench.state(notice), bench.row(notice).reply) == ("dead", "template received.txt.j2: 'foo' is undefined")


def test_a_bug_in_composing_is_tried_again_and_does_not_stop_the_others(bench: Bench, smtp_sink: SmtpSink) -> None:
    bench.composer.error = KeyError("oops")
    notice = bench.add()
    with bench.running():
        wait_until(lambda: bench.settled(notice), "settlement")
        bench.composer.error = None
        other = bench.add()
        wait_until(lambda: bench.settled(other), "settlement of the next")
    assert (bench.state(notice), bench.row(notice).reply) == ("due", "internal error: KeyError")
    assert bench.state(other) == "sent"


def test_internal_text_is_held_at_the_last_moment_from_clients_and_not_from_staff(
    bench: Bench, smtp_sink: SmtpSink
) -> None:
    bench.hold = lambda claim, text: "repeats a note" if text.startswith("Hello ") else None
    client, staff = bench.add(kind="reply"), bench.add("olivia@desk.example", kind="staff_note")
    bench.until_settled(client, staff)
    assert (bench.state(client), bench.row(client).reply) == ("dead", "held: repeats a note")
    assert bench.state(staff) == "sent"
    assert [mail.recipients for mail in smtp_sink.messages] == [("olivia@desk.example",)]


def test_a_broken_barrier_lets_nothing_through(bench: Bench, smtp_sink: SmtpSink) -> None:
    def broken(claim: Claim, text: str) -> str | None:
        raise RuntimeError

    bench.hold = broken
    notice = bench.add(kind="reply")
    bench.until_settled(notice)
    assert bench.state(notice) == "due"
    assert smtp_sink.messages == []


def test_whoever_lost_the_lease_sends_nothing(bench: Bench, smtp_sink: SmtpSink) -> None:
    notice = bench.add(kind="reply")

    def stolen(claim: Claim, text: str) -> str | None:
        until = bench.now + timedelta(hours=1)
        change = sa.update(s.notice).values(lease="another", lease_until=until)
        bench.store.transact(lambda c: c.execute(change) and None)
        return None

    bench.hold = stolen
    with bench.running():
        wait_until(lambda: bench.row(notice).lease == "another", "the theft")
        wait_until(lambda: "DATA" in [c.upper() for c in smtp_sink.commands], "the attempt")
        time.sleep(0.2)
    assert (bench.state(notice), bench.row(notice).lease) == ("due", "another")
    assert smtp_sink.messages == []


def test_a_slow_domain_does_not_hold_up_the_others(bench: Bench, smtp_sink: SmtpSink) -> None:
    smtp_sink.fail("RCPT", "delay", seconds=3, match="@slow.example")
    slow = [bench.add(f"s{n}@slow.example") for n in range(4)]
    quick = [bench.add(f"q{n}@client.example") for n in range(10)]
    with bench.running():
        wait_until(lambda: bench.settled(*quick), "the quick ones")
        waiting = sum(not bench.settled(notice) for notice in slow)
    assert waiting >= 2


def test_however_many_wait_for_a_slow_domain_the_others_find_their_way(bench: Bench, smtp_sink: SmtpSink) -> None:
    smtp_sink.fail("RCPT", "delay", seconds=3, match="@slow.example")
    for number in range(60):
        bench.add(f"s{number}@slow.example")
    quick = [bench.add(f"q{n}@client.example") for n in range(10)]
    with bench.running():
        wait_until(lambda: bench.settled(*quick), "the quick ones", 40)


def test_an_unusable_relay_is_left_alone_for_a_while_and_costs_the_others_no_attempt(
    bench: Bench, smtp_sink: SmtpSink
) -> None:
    notices = [bench.add(f"c{n}@client.example") for n in range(20)]
    smtp_sink.stop()
    with bench.running():
        wait_until(lambda: any(bench.settled(notice) for notice in notices), "the first attempt")
        time.sleep(1)
        tried = sum(bench.settled(notice) for notice in notices)
        assert 1 <= tried <= 6
        smtp_sink.start()
        wait_until(lambda: bench.settled(*notices), "recovery", 60)
    assert sum(bench.state(notice) == "sent" for notice in notices) == len(smtp_sink.messages) >= 14


def test_a_stop_finishes_the_notice_in_hand_and_gives_the_rest_back(bench: Bench, smtp_sink: SmtpSink) -> None:
    smtp_sink.fail(".", "delay", seconds=1.0)
    notices = [bench.add(f"c{n}@d{n}.example") for n in range(10)]
    with bench.running() as stop:
        wait_until(lambda: any(bench.state(notice) == "dot_pending" for notice in notices), "the first dot")
        stop.set()
    states = [bench.state(notice) for notice in notices]
    assert set(states) == {"sent", "due"}
    assert states.count("sent") == len(smtp_sink.messages) <= 3
    assert all(bench.row(notice).lease is None for notice in notices)


def test_a_lease_outlasts_every_wait_of_an_attempt(bench: Bench) -> None:
    smtp = OutboundSmtp(host="relay.example")
    waits = smtp.connect_timeout + 2 * smtp.command_timeout + 2 * smtp.data_timeout
    assert lease_seconds(Outbound(smtp=smtp)) > waits


def test_it_beats_while_there_is_nothing_to_do(bench: Bench) -> None:
    with bench.running():
        wait_until(lambda: bench.beats >= 2, "two beats")


class Hanging(Outbox):
    """A claim that comes to no end while it is let."""

    def __init__(self, store: Store, end: threading.Event) -> None:
        super().__init__(store)
        self._end = end

    def claim(self, *arguments: Any, **named: Any) -> tuple[Claim, ...]:
        self._end.wait(30)
        return super().claim(*arguments, **named)


def test_a_thread_that_hangs_without_a_notice_ends_the_beats(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "_LONGEST_TURN_SECONDS", 2.0)
    end = threading.Event()
    bench.outbox = lambda store: Hanging(store, end)
    with bench.running():
        time.sleep(3)
        before = bench.beats
        time.sleep(1.5)
        assert bench.beats == before
        end.set()
        wait_until(lambda: bench.beats > before, "a beat")


class Unsteady(Outbox):
    """A database that goes away for the next ``failures`` calls of one kind."""

    def __init__(self, store: Store, call: str, failures: int) -> None:
        super().__init__(store)
        self._call, self._left = call, failures

    def claim(self, *arguments: Any, **named: Any) -> tuple[Claim, ...]:
        claims = super().claim(*arguments, **named)
        self._maybe_fail("claim")  # its answer is lost
        return claims

    def _maybe_fail(self, call: str) -> None:
        if call == self._call and self._left:
            self._left -= 1
            raise ConnectionError("gone")

    def settle(self, *arguments: Any, **named: Any) -> bool:
        self._maybe_fail("settle")
        return super().settle(*arguments, **named)

    def mark_dot_pending(self, *arguments: Any, **named: Any) -> bool:
        self._maybe_fail("mark_dot_pending")
        return super().mark_dot_pending(*arguments, **named)


@pytest.mark.parametrize(
    ("call", "state", "sent"), [("claim", "sent", 1), ("settle", "sent", 1), ("mark_dot_pending", "due", 0)]
)
def test_a_database_that_is_away_for_a_moment_makes_no_second_copy(
    bench: Bench, smtp_sink: SmtpSink, call: str, state: str, sent: int
) -> None:
    notice = bench.add()
    bench.outbox = lambda store: Unsteady(store, call, 1)
    bench.until_settled(notice)
    assert bench.state(notice) == state
    assert len(smtp_sink.messages) == sent


def test_a_maildir_takes_everything_as_files(store: Store, tmp_path: Path) -> None:
    bench = Bench(store, Outbound(maildir=Maildir(path=Path("outgoing"))), tmp_path)
    notices = [bench.add(f"c{n}@client.example") for n in range(5)]
    bench.until_settled(*notices)
    assert [bench.state(notice) for notice in notices] == ["sent"] * 5
    assert len(list((tmp_path / "outgoing/new").iterdir())) == 5
