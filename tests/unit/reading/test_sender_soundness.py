"""Only a From field without any doubt may identify anyone."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import read
from gateway.mail import InboundMail


def mail_from(*fields: bytes) -> InboundMail:
    return read(b"\r\n".join([*fields, b"Subject: hi", b"", b"x"]))


@pytest.mark.parametrize(
    "field",
    [
        b"From: olivia@desk.example",
        b"From: Olivia Reyes <olivia@desk.example>",
        b'From: "Reyes, Olivia" <olivia@desk.example>',
        b"From: =?utf-8?Q?Ol=C3=ADvia?= <olivia@desk.example>",
        b"From: olivia@desk.example (Olivia)",
        b"From:\r\n Olivia\r\n <olivia@desk.example>",
        b"FROM : Olivia <olivia@DESK.example>",
        b'From: "olivia@desk.example" <olivia@desk.example>',
        b"From: olivia@desk.example <olivia@desk.example>",
    ],
)
def test_a_plain_from_field_is_sound(field: bytes) -> None:
    mail = mail_from(field)
    assert mail.sender is not None
    assert mail.sender.address == "olivia@desk.example"
    assert mail.sender_sound


@pytest.mark.parametrize(
    "fields",
    [
        (b"From: olivia@desk.example <evil@attacker.example>",),
        (b'From: "olivia@desk.example" <evil@attacker.example>',),
        (b'From: "olivia@desk.example" evil@attacker.example',),
        (b"From: olivia@desk.example, evil@attacker.example",),
        (b"From: evil@attacker.example, olivia@desk.example",),
        (b"From: olivia@desk.example", b"From: evil@attacker.example"),
        (b"From: evil@attacker.example", b"From: olivia@desk.example"),
        (b"From: <olivia@desk.example> <evil@attacker.example>",),
        (b"From: =?utf-8?Q?olivia=40desk.example=3E?= <evil@attacker.example>",),
        (b"From: =?utf-8?Q?=3Colivia=40desk.example=3E?=",),
        (b"From: olivia@desk.example\0@attacker.example",),
        (b"From: olivia@desk.example\r@attacker.example",),
        (b"From: evil@attacker.example (<olivia@desk.example>)",),
        (b"From: Team: olivia@desk.example;",),
        (b"From: <@attacker.example:olivia@desk.example>",),
        (b"From: olivia(x)@desk.example",),
        (b"From: <olivia@desk.example",),
        (b"From: olivia@desk.example>",),
        (b"From: olivia@desk.example@attacker.example",),
        ("From: olivia@dеsk.example".encode(),),
        (b"From: \xe2\x80\x8bolivia@desk.example",),
        (b"Sender: olivia@desk.example",),
        (b"Reply-To: olivia@desk.example",),
    ],
)
def test_doubt_makes_it_unsound(fields: tuple[bytes, ...]) -> None:
    mail = mail_from(*fields)
    assert not (mail.sender_sound and mail.sender is not None and mail.sender.address == "olivia@desk.example")


def test_without_a_from_field_nobody_is_the_sender() -> None:
    assert mail_from(b"To: support@desk.example").sender is None


def test_the_reply_to_field_never_is_the_sender() -> None:
    mail = mail_from(b"From: casey@client.example", b"Reply-To: olivia@desk.example")
    assert mail.sender is not None
    assert mail.sender.address == "casey@client.example"
    assert [a.address for a in mail.reply_to] == ["olivia@desk.example"]
