"""Transfer encodings, lenient; uuencoded files in text."""

from __future__ import annotations

import base64
import binascii
import quopri
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.reading import transfer

WORDS = (
    b"Hello there\r\nthe printer in room five has begun to smoke and nobody here knows what to do\r\n"
    b"Please send someone who knows such machines before Friday\r\nMany thanks and kind regards\r\n"
)


@given(st.binary(max_size=2000))
def test_base64_round_trip(data: bytes) -> None:
    assert transfer.decode(base64.encodebytes(data), "base64") == data


@given(st.binary(max_size=2000).map(lambda data: data.replace(b"\r", b"")))
def test_quoted_printable_round_trip(data: bytes) -> None:
    assert transfer.decode(quopri.encodestring(data, quotetabs=True), "quoted-printable") == data


@pytest.mark.parametrize(
    ("encoded", "data"),
    [
        (b"aGVsbG8", b"hello"),
        (b"aGVsbG8=====", b"hello"),
        (b"aGVs\r\n bG8=", b"hello"),
        (b"aGVs!!bG8=", b"hello"),
        (b"aGVsbG8=aGVsbG8=", b"hellohello"),
        (b"aGVsbG8=\r\nx", b"hello"),
        (b"aGVsbG8= ignored", b"hello"),
        (b"", b""),
        (b"=", b""),
    ],
)
def test_broken_base64(encoded: bytes, data: bytes) -> None:
    assert transfer.decode(encoded, "Base64 ") == data


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (b"aGVsbG8=\r\n\r\n_______\r\nlist mailing list\r\n", b"hello\n_______\r\nlist mailing list\r\n"),
        (b"This is not base64 at all.\r\n", b"This is not base64 at all.\r\n"),
        (b"aGVs!!bG8=", b"hello"),
        (b"aGVs bG8=", b"hello"),
        (WORDS, WORDS),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
    ],
)
def test_words_behind_base64_text_are_kept(encoded: bytes, text: bytes) -> None:
    assert transfer.decode_text(encoded, "base64") == text


@pytest.mark.parametrize(
    ("encoded", "data"),
    [
        (b"a=\r\nb", b"ab"),
        (b"a=  \r\nb", b"ab"),
        (b"a=3Db=3db", b"a=b=b"),
        (b"100=% sure", b"100=% sure"),
        (b"a == b", b"a == b"),
        (b"trailing  \r\nblanks", b"trailing\r\nblanks"),
        (b"end=", b"end"),
        (b"===3D=41 == ==\r\nb", b"===A == =b"),
        (b"a=\rb", b"a=\rb"),
        (b"a==\n\nb", b"a=\nb"),
        (b"a==", b"a="),
    ],
)
def test_broken_quoted_printable(encoded: bytes, data: bytes) -> None:
    assert transfer.decode(encoded, "quoted-printable") == data


@pytest.mark.parametrize("name", ["7bit", "8bit", "binary", "", "nonsense"])
def test_identity(name: str) -> None:
    assert transfer.decode(b"a=3D", name) == b"a=3D"


def uuencoded(data: bytes, name: bytes = b"a.bin") -> bytes:
    lines = b"".join(binascii.b2a_uu(data[i : i + 45]) for i in range(0, len(data), 45))
    return b"begin 644 " + name + b"\n" + lines + b"`\nend\n"


def test_a_uuencoded_file_is_found() -> None:
    content = bytes(range(256))
    text = b"before\n" + uuencoded(content) + b"after\n"
    ((start, end, name, found),) = transfer.uu_files(text)
    assert (name, found) == ("a.bin", content)
    assert text[:start] + text[end:] == b"before\nafter\n"


def test_words_that_begin_are_no_file() -> None:
    assert transfer.uu_files(b"begin 2026 with a smile\nand go on\n") == []
    assert transfer.uu_files(b"begin 644 nothing\nHello, world.\n") == []


@pytest.mark.parametrize("unit", [b"begin 644 a\n", b"begin 644 a\nM\n", b"=", b"=A", b" ", b"=41", b" \n"])
def test_hostile_bytes_take_linear_time(unit: bytes) -> None:
    data = unit * (2_000_000 // len(unit))
    started = time.process_time()
    transfer.base64(data)
    transfer.quoted_printable(data)
    transfer.uu_files(data)
    transfer.decode_text(b"!" + data, "base64")
    assert time.process_time() - started < 3


def test_soft_breaks_take_little_memory() -> None:
    data = b"=\r\n=3D=\r\n" * 200_000
    tracemalloc.start()
    try:
        assert transfer.quoted_printable(data) == b"=" * 200_000
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data)
    finally:
        tracemalloc.stop()
