"""The tree of parts, also where boundaries are missing, doubled or without end."""

from __future__ import annotations

import base64
import time

import pytest

from gateway.inbound.reading import parse, prescan
from gateway.inbound.reading.source import Part

HEAD = b"From: a@b.example\r\nSubject: hi\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def root_of(raw: bytes) -> Part:
    return parse.parse(raw, prescan.Budget(len(raw)))


def defects_of(raw: bytes) -> list[str]:
    budget = prescan.Budget(len(raw))
    parse.parse(raw, budget)
    return budget.defects


def texts(root: Part) -> list[str]:
    return [p.text.strip() for p in root.walk() if p.text is not None and not p.children]


def test_a_mail_without_mime_is_text() -> None:
    root = root_of(b"From: a@b.example\r\n\r\nhello\r\n")
    assert (root.content_type, root.text) == ("text/plain", "hello\n")


def test_parts_in_order_without_preamble_and_epilogue() -> None:
    root = root_of(MIXED + b"preamble\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n")
    assert texts(root) == ["one", "two"]
    assert [p.content for p in root.children] == [b"one", b"two"]


@pytest.mark.parametrize(
    "body",
    [
        b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
        b"--b\r\n\r\none\r\n--b\r\n\r\ntwo",
        b"--b  \t\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
        b"--b\n\none\n--b\n\ntwo\n--b--\n",
        b"--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
        b"--b\r\n\r\none\r\n--bx\r\n--b\r\n\r\ntwo\r\n--b--\r\n".replace(b"--bx\r\n", b""),
    ],
)
def test_boundaries_as_they_come(body: bytes) -> None:
    assert texts(root_of(MIXED + body)) == ["one", "two"]


def test_a_longer_boundary_is_another_one() -> None:
    root = root_of(MIXED + b"--b\r\n\r\none\r\n--bb\r\nstill one\r\n--b--\r\n")
    assert texts(root) == ["one\n--bb\nstill one"]


def test_an_inner_multipart_without_close_ends_with_the_outer_boundary() -> None:
    inner = b'Content-Type: multipart/alternative; boundary="i"\r\n\r\n--i\r\n\r\none\r\n'
    root = root_of(MIXED + b"--b\r\n" + inner + b"--b\r\n\r\ntwo\r\n--b--\r\n")
    assert texts(root) == ["one", "two"]
    assert "multipart not closed" in defects_of(MIXED + b"--b\r\n" + inner + b"--b\r\n\r\ntwo\r\n--b--\r\n")


def test_a_wrong_boundary_is_guessed_from_the_body() -> None:
    raw = (
        MIXED
        + b"--real\r\nContent-Type: text/plain\r\n\r\none\r\n"
        + b"--real\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--real--\r\n"
    )
    assert texts(root_of(raw)) == ["one", "two"]


@pytest.mark.parametrize("parameter", [b"", b'; boundary=""', b'; boundary="absent"'])
def test_a_multipart_without_parts_is_text(parameter: bytes) -> None:
    root = root_of(HEAD + b"Content-Type: multipart/mixed" + parameter + b"\r\n\r\nhello\r\n")
    assert (root.content_type, root.text) == ("text/plain", "hello\n")


def test_a_multipart_that_was_encoded_as_a_whole() -> None:
    inner = b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
    head = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    assert texts(root_of(head + base64.encodebytes(inner))) == ["one", "two"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (b"text/html", "<meta charset=koi8-r>Привет"),
        (b"text/html; charset=koi8-r", "<meta charset=utf-8>Привет"),
        (b"text/html", '<meta http-equiv=Content-Type content="text/html; charset=koi8-r">Привет'),
    ],
)
def test_html_may_name_its_charset_itself(kind: bytes, text: str) -> None:
    assert root_of(HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + text.encode("koi8-r")).text == text


def test_a_missing_delimiter_before_the_first_part() -> None:
    raw = (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\nContent-Type: text/plain\r\n\r\n'
        + b"one\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
    )
    assert texts(root_of(raw)) == ["one", "two"]


def test_a_nested_message_is_bytes_and_a_tree() -> None:
    nested = b"From: c@d.example\r\nSubject: inner\r\n\r\ninner text"
    root = root_of(
        MIXED + b"--b\r\n\r\nouter\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + nested + b"\r\n--b--\r\n"
    )
    message = root.children[1]
    assert message.content == nested
    assert message.children[0].first("subject") == "inner"
    assert [p.content_type for p in root.walk()] == ["multipart/mixed", "text/plain", "message/rfc822"]


def test_a_nested_message_in_base64() -> None:
    nested = b"From: c@d.example\r\nSubject: inner\r\n\r\ninner text"
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(nested)
    root = root_of(MIXED + b"--b\r\n" + part + b"--b--\r\n")
    assert root.children[0].content == nested
    assert root.children[0].children[0].first("subject") == "inner"


def test_a_digest_holds_messages() -> None:
    raw = HEAD + b'Content-Type: multipart/digest; boundary="b"\r\n\r\n--b\r\n\r\nSubject: one\r\n\r\ntext\r\n--b--\r\n'
    assert root_of(raw).children[0].content_type == "message/rfc822"


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (b"TEXT/HTML", "text/html"),
        (b"text", "text/plain"),
        (b"html", "text/html"),
        (b"application/plain", "text/plain"),
        (b"text/plain charset=utf-8", "text/plain"),
        (b"image", "application/octet-stream"),
        (b"nonsense", "text/plain"),
        (b"; charset=utf-8", "text/plain"),
        (b"text / plain", "text/plain"),
    ],
)
def test_types_as_clients_write_them(declared: bytes, found: str) -> None:
    assert root_of(HEAD + b"Content-Type: " + declared + b"\r\n\r\nx").content_type == found


def test_an_opaque_signature_is_opened() -> None:
    entity = b"Content-Type: text/plain\r\n\r\nsigned words"

    def wrap(tag: int, content: bytes) -> bytes:
        return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content

    data_oid = bytes.fromhex("06092a864886f70d010701")
    signed_oid = bytes.fromhex("06092a864886f70d010702")
    encapsulated = wrap(0x30, data_oid + wrap(0xA0, wrap(0x04, entity)))
    der = wrap(0x30, signed_oid + wrap(0xA0, wrap(0x30, b"\x02\x01\x01" + wrap(0x31, b"") + encapsulated)))
    kind = b'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"'
    raw = HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(der)
    root = root_of(raw)
    assert root.children[0].text == "signed words"
    assert root.content == der


def nested_multiparts(levels: int) -> bytes:
    out = [HEAD + b'Content-Type: multipart/mixed; boundary="b0"\r\n\r\n']
    for i in range(levels):
        out.append(b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (i, i + 1))
    return b"".join(out) + b"--b%d\r\n\r\nhello\r\n" % levels


@pytest.mark.parametrize(
    "raw",
    [
        nested_multiparts(5000),
        (HEAD + b"Content-Type: message/rfc822\r\n\r\n") * 1000,
        MIXED + b"--b\r\n\r\n" * 300_000,
        MIXED + b"--bx\n" * 1_000_000,
        HEAD + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"--\n" * 1_000_000,
        HEAD + b"Content-Type: text/plain" + b"; a=b" * 60_000 + b"\r\n\r\nx",
        b"A: b\n" * 500_000,
        HEAD + b"A: b" + b"\n c" * 1_000_000,
        b"A: b\n" * 1_001 + b" c\n" * 1_000_000,
        b"\xff" * 1_000_000,
    ],
    ids=[
        "multiparts",
        "messages",
        "empty parts",
        "near boundaries",
        "dashes",
        "parameters",
        "fields",
        "folds",
        "dropped folds",
        "bytes",
    ],
)
def test_bombs_are_read_in_linear_time(raw: bytes) -> None:
    started = time.process_time()
    root_of(raw)
    assert time.process_time() - started < 3


def test_nesting_beyond_the_cap_is_kept_closed() -> None:
    root = root_of(nested_multiparts(200))
    assert sum(1 for _ in root.walk()) <= prescan.MAX_DEPTH + 2
    assert "nested too deep: the rest was not opened" in defects_of(nested_multiparts(200))


def test_five_thousand_parts_are_all_there() -> None:
    raw = MIXED + b"".join(b"--b\r\n\r\npart %d\r\n" % i for i in range(5000)) + b"--b--\r\n"
    assert len(root_of(raw).children) == 5000
