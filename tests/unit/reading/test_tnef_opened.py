"""winmail.dat: files and bodies come out, hostile streams do not hurt."""

from __future__ import annotations

import base64
import struct
import time

import pytest

from gateway.inbound.reading import read, rtf, tnef

SIGNATURE = b"\x78\x9f\x3e\x22\x01\x00"


def item(level: int, name: int, kind: int, data: bytes) -> bytes:
    head = struct.pack("<BHHI", level, name, kind, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(*files: tuple[bytes, bytes], body: bytes = b"") -> bytes:
    out = SIGNATURE + item(1, 0x9006, 8, b"\x00\x00\x01\x00") + item(1, 0x9007, 6, struct.pack("<II", 1252, 0))
    if body:
        out += item(1, 0x800C, 2, body)
    for name, content in files:
        out += (
            item(2, 0x9002, 6, b"\x01\x00" + b"\x00" * 12)
            + item(2, 0x8010, 1, name + b"\0")
            + item(2, 0x800F, 6, content)
        )
    return out


def mail_with(content: bytes, text: bytes = b"") -> bytes:
    return (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + text + b"\r\n--b\r\n"
        b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(content)
        + b"--b--\r\n"
    )


def test_files_come_out_of_winmail_dat() -> None:
    mail = read(mail_with(winmail((b"offer.pdf", b"%PDF-1"), (b"photo.jpg", b"\xff\xd8")), b"See the files."))
    assert [(a.filename, a.content_type, a.content) for a in mail.attachments] == [
        ("offer.pdf", "application/pdf", b"%PDF-1"),
        ("photo.jpg", "image/jpeg", b"\xff\xd8"),
    ]
    assert mail.text == "See the files."


def test_the_body_inside_speaks_where_there_is_no_other() -> None:
    assert read(mail_with(winmail(body=b"Hello from Outlook"))).text == "Hello from Outlook"


@pytest.mark.parametrize("content", [SIGNATURE, SIGNATURE + b"\x01" * 40, winmail((b"a", b"b"))[:-30]])
def test_what_cannot_be_opened_stays_a_file(content: bytes) -> None:
    mail = read(mail_with(content, b"text"))
    assert mail.quarantine is None
    assert mail.text == "text"
    assert mail.attachments


def with_properties(data: bytes) -> bytes:
    """A stream whose only attachment is described by MAPI properties."""
    return SIGNATURE + item(2, 0x9002, 6, b"\x01\x00" + b"\x00" * 12) + item(2, 0x9005, 6, data)


def text_property(number: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def test_names_and_types_come_from_properties() -> None:
    properties = (
        struct.pack("<I", 5)
        + struct.pack("<HH", 0x03, 0x8001) + b"G" * 16 + struct.pack("<III", 0, 7, 42)
        + text_property(0x3707, 0x1F, "Größe.pdf\0".encode("utf-16-le"))
        + text_property(0x370E, 0x1E, b"application/pdf\0")
        + struct.pack("<HHH", 0x0B, 0x0E02, 1) + b"\0\0"
        + text_property(0x3701, 0x102, b"%PDF-1")
    )  # fmt: skip
    opened = tnef.open_(with_properties(properties))
    assert opened is not None
    assert opened.files == (tnef.File("Größe.pdf", "application/pdf", "", b"%PDF-1"),)


def test_an_embedded_message_gives_its_files() -> None:
    inner = bytes.fromhex("0703020000000000c000000000000046") + winmail((b"a.txt", b"inner"))
    opened = tnef.open_(with_properties(struct.pack("<I", 1) + text_property(0x3701, 0x0D, inner)))
    assert opened is not None
    assert [(f.name, f.content) for f in opened.files] == [("a.txt", b"inner")]


@pytest.mark.parametrize(
    "content",
    [
        SIGNATURE + item(1, 0x0000, 1, b"") * 500_000,
        with_properties(b"\xff\xff\xff\xff"),
        with_properties(b"\xff\xff\xff\xff" + struct.pack("<HHI", 0x1003, 1, 0xFFFFFFFF)),
        with_properties(b"\xff\xff\xff\xff" + struct.pack("<HHI", 0x101E, 1, 0xFFFFFFFF) + b"\0" * 1_000_000),
        with_properties(b"\xff\xff\xff\xff" + struct.pack("<HH", 0x03, 1) * 200_000),
        with_properties(struct.pack("<IHHII", 1, 0x1E, 1, 1, 0xFFFFFFFF)),
        with_properties(struct.pack("<IHH", 1, 0x03, 0x8001) + b"G" * 16 + struct.pack("<II", 1, 0xFFFFFFFF)),
        SIGNATURE + b"\x01\x03\x90\x06\x00\xff\xff\xff\xff",
    ],
)
def test_counts_and_lengths_that_lie_cost_nothing(content: bytes) -> None:
    started = time.process_time()
    tnef.open_(content)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}Gr\\'fc\\'dfe\\par Casey}", ("Grüße\nCasey", "")),
        (b"{\\rtf1\\ansi\\u8364?uro \\u-10179?\\u-8704?}", ("€uro \ufffd\ufffd", "")),
        (b"{\\rtf1\\ansi\\ansicpg932 \\'93\\'fa\\'96\\'7b}", ("日本", "")),
        (
            b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf \\par \\htmlrtf0 Hello{\\*\\htmltag72 </p>}}",
            ("", "<p>Hello</p>"),
        ),
        (b"", ("", "")),
        (b"{" * 5000 + b"x", ("x", "")),
    ],
)
def test_rtf_bodies(source: bytes, found: tuple[str, str]) -> None:
    assert rtf.bodies(source) == found
