"""The header block: repaired where it is broken, never forged by a bare CR, never without an end."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import parse, prescan
from gateway.inbound.reading.source import Part


def root_of(raw: bytes) -> Part:
    return parse.parse(raw, prescan.Budget(len(raw)))


def defects_of(raw: bytes) -> list[str]:
    budget = prescan.Budget(len(raw))
    parse.parse(raw, budget)
    return budget.defects


def test_fields_are_unfolded_and_decoded() -> None:
    root = root_of(
        b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus\r\n\t=?utf-8?Q?K=C3=B6ln?=\r\nFrom: a@b.example\r\n\r\nx"
    )
    assert root.first("subject") == "Grüße aus Köln"
    assert root.fields[0].raw.startswith("=?utf-8?Q?")
    assert root.text == "x"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_any_line_end(end: bytes) -> None:
    root = root_of(end.join([b"From: a@b.example", b"Subject: hi", b"", b"one", b"two"]))
    assert root.first("subject") == "hi"
    assert root.text == "one\ntwo"


def test_a_bare_cr_makes_no_field() -> None:
    root = root_of(b"From: a@b.example\r\nSubject: x\rAuthentication-Results: mx.desk.example; dmarc=pass\r\n\r\nx\r\n")
    assert not root.has("authentication-results")
    assert root.first("subject") == "x Authentication-Results: mx.desk.example; dmarc=pass"


@pytest.mark.parametrize(
    "front",
    [
        b"\xef\xbb\xbf",
        b"\r\n\r\n",
        b"From casey@client.example Sat Nov 21 10:00:00 2026\n",
        b">From casey@client.example Sat Nov 21 10:00:00 2026\r\n",
        b"   \r\n",
        b" ",
    ],
)
def test_what_stands_in_front_of_the_header_is_stepped_over(front: bytes) -> None:
    root = root_of(front + b"From: a@b.example\r\nSubject: hi\r\n\r\nx")
    assert root.first("from") == "a@b.example"
    assert root.first("subject") == "hi"


def test_a_whole_mail_in_utf_16() -> None:
    root = root_of("From: a@b.example\r\nSubject: Grüße\r\n\r\nx".encode("utf-16"))
    assert root.first("subject") == "Grüße"


def test_a_line_that_was_wrapped_without_indentation_is_joined() -> None:
    raw = b"Subject: one\r\ntwo three\r\nFrom: a@b.example\r\n\r\nx"
    assert root_of(raw).first("subject") == "one two three"
    assert "header line without a name: joined to the one before" in defects_of(raw)


def test_a_body_without_a_blank_line_before_it_is_no_header() -> None:
    root = root_of(b"From: a@b.example\r\nSubject: hi\r\nHello, there is no blank line.\r\nBye\r\n")
    assert root.first("subject") == "hi"
    assert root.text == "Hello, there is no blank line.\nBye\n"


def test_space_before_the_colon() -> None:
    assert root_of(b"Subject : hi\r\nFROM\t: a@b.example\r\n\r\n").first("from") == "a@b.example"


@pytest.mark.parametrize(
    ("body_type", "charset"),
    [
        (b"text/plain; charset=koi8-r", "koi8-r"),
        (b"text/plain", "utf-8"),
        (b"text/plain; charset=windows-1251", "cp1251"),
    ],
)
def test_raw_8_bit_fields_are_in_the_charset_of_the_body(body_type: bytes, charset: str) -> None:
    raw = (
        b"From: a@b.example\r\nSubject: " + "Привет".encode(charset) + b"\r\nContent-Type: " + body_type + b"\r\n\r\nx"
    )
    assert root_of(raw).first("subject") == "Привет"


def test_raw_8_bit_fields_of_a_multipart_take_the_charset_of_a_part() -> None:
    raw = (
        b"Subject: " + "Привет".encode("koi8-r") + b'\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\nx\r\n--b--\r\n"
    )
    assert root_of(raw).first("subject") == "Привет"


def test_raw_iso_2022_jp_in_a_field() -> None:
    raw = b"Subject: " + "日本語".encode("iso2022_jp") + b"\r\n\r\nx"
    assert root_of(raw).first("subject") == "日本語"


def test_fields_hold_no_nul_and_no_line_ends() -> None:
    root = root_of(b"Subject: a\0b=?utf-8?Q?=0D=0ABcc:_x=40y.example=00?=\r\n\r\nx")
    assert root.first("subject").isprintable()
    assert not root.has("bcc")


def test_fields_behind_the_cap_are_dropped_but_for_the_essential_ones() -> None:
    raw = b"X-Filler: y\r\n" * 5000 + b"From: a@b.example\r\nSubject: late\r\n\r\nx"
    root = root_of(raw)
    assert len(root.fields) <= prescan.MAX_FIELDS + 2
    assert (root.first("from"), root.first("subject"), root.text) == ("a@b.example", "late", "x")
    assert "header block too long: cut" in defects_of(raw)


def test_a_field_too_long_is_cut() -> None:
    raw = b"To: " + b",\r\n ".join(b"u%d@x.example" % i for i in range(50_000)) + b"\r\nSubject: hi\r\n\r\nx"
    root = root_of(raw)
    assert len(root.fields[0].raw) <= prescan.MAX_LINE + 100
    assert root.first("subject") == "hi"
