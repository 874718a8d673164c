"""Planning of UID windows, the cursor, back-off, folder names and stand-ins: pure."""

from __future__ import annotations

import email

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.imap_scan import (
    Progress,
    Settle,
    Strikes,
    Windows,
    folder_name,
    message_key,
    pause,
    settle_by,
    stand_in,
)


@given(st.integers(0, 10_000), st.integers(0, 300_000), st.lists(st.integers(0, 3)))
def test_windows_cover_every_uid_once_and_stay_narrow_enough_for_one_line(
    last: int, newest: int, found: list[int]
) -> None:
    windows = Windows(last, newest)
    counts = iter(found)
    reached = last
    for first, end in windows:
        assert first == reached + 1
        assert first <= end <= newest
        assert 11 * (end - first + 1) < 1_000_000  # ten digits and a space each
        windows.found(next(counts, 1))
        reached = end
    assert reached == max(last, newest)


def test_windows_are_two_thousand_wide_while_there_is_mail() -> None:
    windows = Windows(0, 250_000)
    sizes = []
    for first, end in windows:
        sizes.append(end - first + 1)
        windows.found(sizes[-1])
    assert set(sizes) == {2000}
    assert len(sizes) == 125


def test_a_sparse_folder_of_millions_is_passed_in_few_searches() -> None:
    windows = Windows(0, 5_000_000)
    searches = 0
    for _ in windows:
        windows.found(0)
        searches += 1
    assert searches < 100


@given(st.sets(st.integers(1, 60)), st.data())
def test_the_cursor_never_passes_a_message_that_is_not_done(existing: set[int], data: st.DataObject) -> None:
    progress = Progress(7)
    undone: set[int] = set()
    for end in (20, 40, 60):
        found = sorted(uid for uid in existing if end - 20 < uid <= end)
        progress.saw(end, found)
        undone |= set(found)
        for uid in data.draw(st.lists(st.sampled_from(sorted(undone) or [1]), unique=True)):
            progress.done(uid)
            undone.discard(uid)
        assert not any(uid <= progress.last for uid in undone)
    if not undone:
        assert progress.last == 60


@pytest.mark.parametrize(
    ("capabilities", "flags", "read_only", "expected"),
    [
        ({"MOVE", "UIDPLUS"}, set(), False, Settle.MOVE),
        ({"UIDPLUS"}, {"\\*"}, False, Settle.COPY),
        (set(), {"\\Seen", "\\*"}, False, Settle.KEYWORD),
        (set(), {"\\Seen", "$processed"}, False, Settle.KEYWORD),
        (set(), {"\\Seen"}, False, Settle.CURSOR),
        ({"MOVE", "UIDPLUS"}, {"\\*"}, True, Settle.CURSOR),
    ],
)
def test_mail_is_settled_by_the_best_that_the_server_can(
    capabilities: set[str], flags: set[str], read_only: bool, expected: Settle
) -> None:
    assert settle_by(frozenset(capabilities), frozenset(flags), read_only=read_only) is expected


def test_back_off_grows_with_full_jitter_between_one_and_three_hundred_seconds() -> None:
    assert [pause(n, 0.0) for n in range(1, 50)] == [1.0] * 49
    assert [pause(n, 1.0) for n in (1, 2, 5, 8, 9, 500)] == [2.0, 4.0, 32.0, 256.0, 300.0, 300.0]
    assert pause(3, 0.5) == 4.5


def test_back_off_after_a_refused_login_is_long_and_after_a_failure_of_ours_short() -> None:
    assert (pause(1, 0.0, login_refused=True), pause(1, 1.0, login_refused=True)) == (30.0, 60.0)
    assert pause(20, 1.0, login_refused=True) == 300.0
    assert pause(20, 1.0, ours=True) == 30.0


def test_a_message_that_breaks_the_connection_loses_its_body_and_then_its_turn() -> None:
    strikes = Strikes()
    for count in range(1, 6):
        assert strikes.strike(5, now=0.0) == count
        assert strikes.unreadable(5) == (count >= 3)
        assert not strikes.spared(5, now=0.0)
    strikes.strike(5, now=0.0)
    assert strikes.spared(5, now=3599.0)
    assert not strikes.spared(5, now=3601.0)
    assert not strikes.spared(6, now=0.0)
    strikes.forgive(5)
    assert not strikes.unreadable(5)


@pytest.mark.parametrize(
    ("name", "delimiter", "prefix", "prefixes", "expected"),
    [
        ("INBOX", ".", "INBOX.", ("INBOX.",), "INBOX"),
        ("inbox", ".", "INBOX.", ("INBOX.",), "inbox"),
        ("Processed", "/", "", (), "Processed"),
        ("Processed", ".", "INBOX.", ("INBOX.",), "INBOX.Processed"),
        ("INBOX.Processed", ".", "INBOX.", ("INBOX.",), "INBOX.Processed"),
        ("INBOX/Processed", ".", "INBOX.", ("INBOX.",), "INBOX.Processed"),
        ("Archive/Desk", ".", "", (), "Archive.Desk"),
        ("shared/desk", ".", "INBOX.", ("INBOX.", "shared."), "shared.desk"),
        ("A/B", "", "", (), "A/B"),
    ],
)
def test_folder_names_follow_the_servers_delimiter_and_namespace(
    name: str, delimiter: str, prefix: str, prefixes: tuple[str, ...], expected: str
) -> None:
    assert folder_name(name, delimiter, prefix, prefixes) == expected


def test_the_key_tells_account_folder_uidvalidity_and_uid_apart() -> None:
    assert message_key("me@host:993", "INBOX", 3, 44) == "imap:me@host:993:INBOX:3:44"


def test_a_stand_in_keeps_the_header_without_what_described_the_body() -> None:
    header = (
        b"Received: from x\r\n\tby y\r\nFrom: a@client.example\r\nContent-Type: multipart/mixed;\r\n"
        b' boundary="b"\r\nMIME-Version: 1.0\r\ncontent-transfer-encoding: base64\r\n'
        b"X-Gateway-Truncated: 0\r\nSubject: big\r\n\r\n"
    )
    raw = stand_in(header, 99_999_999, "Too large.\nSorry.")
    message = email.message_from_bytes(raw)
    assert message.get_all("X-Gateway-Truncated") == ["99999999"]
    assert message["Received"] == "from x\r\n\tby y"
    assert (message["From"], message["Subject"]) == ("a@client.example", "big")
    assert message.get_all("Content-Type") == ["text/plain; charset=utf-8"]
    assert message.get_payload() == "Too large.\r\nSorry.\r\n"


@given(st.binary(max_size=300))
def test_a_stand_in_of_any_header_is_a_message_with_our_text(header: bytes) -> None:
    raw = stand_in(header, 5, "why")
    assert raw.endswith(b"\r\n\r\nwhy\r\n")
    assert raw.count(b"X-Gateway-Truncated: 5\r\n") == 1
