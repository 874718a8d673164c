"""Where a message ends and what it holds, however its bytes are cut into packets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.wire import DataScanner, has_bare_line_ends, normalised

NOT_THE_END = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\r\n.\t\r\n",
    b"\r\n..\r\n",
    b"\n\n.\n\n",
    b"\n..\r\n",
    b"\r\x0b\n.\r\n",
    b"\xc2\x85.\xc2\x85",
    b"\x0c.\x0c",
    b"\r\n.\x0b\r\n",
]


def scanner(max_size: int = 1 << 20, room: int = 1 << 30, *, keep_bare: bool = True) -> DataScanner:
    return DataScanner(max_size, lambda total: total <= room, keep_bare=keep_bare)


def feed(target: DataScanner, data: bytes, step: int) -> bytes:
    for start in range(0, len(data), step):
        rest = target.feed(data[start : start + step])
        if target.done:
            return rest + data[start + step :]
    return b""


@given(
    lines=st.lists(st.text(alphabet=".ab\x00é ", max_size=4).map(str.encode), max_size=8),
    rest=st.sampled_from([b"", b"QUIT\r\n", b".\r\n", b"\r\n.\r\n"]),
    step=st.integers(1, 9),
)
@settings(max_examples=300, deadline=None)
def test_a_message_survives_dots_and_any_packets(lines: list[bytes], rest: bytes, step: int) -> None:
    sent = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
    target = scanner()
    assert feed(target, sent + b".\r\n" + rest, step) == rest
    assert target.done
    assert not target.bare
    assert target.content() == b"".join(line + b"\r\n" for line in lines)
    assert target.size == len(target.content())


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"a", b"\r\n."]), max_size=14), st.integers(1, 5))
@settings(max_examples=500, deadline=None)
def test_the_end_is_the_first_crlf_dot_crlf_and_nothing_else(pieces: list[bytes], step: int) -> None:
    data = b"".join(pieces)
    target = scanner()
    rest = feed(target, data, step)
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    assert target.done == (end >= 0)
    if target.done:
        assert rest == data[end + 3 :]
        assert target.bare == has_bare_line_ends((b"\r\n" + data)[: end + 2])


@pytest.mark.parametrize("variant", NOT_THE_END, ids=repr)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_no_other_byte_sequence_ends_a_message(variant: bytes, step: int) -> None:
    inside = b"one" + variant + b"MAIL FROM:<evil@x.example>\r\n"
    target = scanner()
    assert feed(target, inside + b".\r\n", step) == b""
    assert target.done
    assert b"MAIL FROM:<evil@x.example>" in target.content()


def test_an_empty_message_ends_at_its_first_line() -> None:
    target = scanner()
    assert target.feed(b".\r\nQUIT\r\n") == b"QUIT\r\n"
    assert (target.content(), target.size, target.bare) == (b"", 0, False)


def test_the_limit_counts_octets_without_added_dots() -> None:
    raw = b".\r\n" * 100
    for limit, too_big in ((len(raw), False), (len(raw) - 1, True)):
        target = scanner(limit)
        target.feed(b"..\r\n" * 100 + b".\r\n")
        assert (target.done, target.too_big) == (True, too_big)


@pytest.mark.parametrize(
    "target", [scanner(max_size=1000), scanner(room=1000), scanner(keep_bare=False)], ids=["too big", "no room", "bare"]
)
def test_what_is_refused_is_read_to_its_end_but_not_kept(target: DataScanner) -> None:
    chunk = b"bare\nline\r\n" * 1000
    for _ in range(200):
        target.feed(chunk)
        assert len(target.content()) == 0
    assert target.feed(b".\r\n") == b""
    assert target.done
    assert target.content() == b""


@pytest.mark.parametrize("line", [b"\r\n..", b"\r\n.\r", b"\r", b"\n", b".", b"\r\n"], ids=repr)
def test_scanning_is_linear(line: bytes) -> None:
    target = scanner(max_size=1 << 26)
    block = line * (65536 // len(line))
    began = time.process_time()
    for _ in range(64):
        target.feed(block)
    assert time.process_time() - began < 2.0


def test_bare_line_ends_are_seen_and_can_be_mended() -> None:
    assert not has_bare_line_ends(b"a\r\n\r\nb")
    for bad in (b"a\rb", b"a\nb", b"\r\r\n", b"\n\r", b"a\r", b"\n"):
        assert has_bare_line_ends(bad)
        assert not has_bare_line_ends(normalised(bad))
    assert normalised(b"a\nb\rc\r\nd\n\re") == b"a\r\nb\r\nc\r\nd\r\n\r\ne"
