"""What the reader's child sends comes out as it went in."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.inbound.reading import codec
from gateway.mail import (
    Address,
    Attachment,
    AuthResult,
    DeliveryReport,
    Forwarded,
    InboundMail,
    Kind,
    ReadingContext,
)

MAIL = InboundMail(
    message_id="a@b.example",
    sender=Address("Casey", "casey@client.example"),
    sender_sound=True,
    reply_to=(Address("", "r@client.example"),),
    to=(Address("Desk", "support@desk.example"),),
    cc=(),
    subject="Grüße 日本",
    date=datetime(2026, 11, 21, 10, tzinfo=UTC),
    kind=Kind.BOUNCE,
    why=("a", "b"),
    text="text\n",
    reply="text",
    html="<p>text</p>",
    signature="-- \nCasey",
    attachments=(
        Attachment("a.bin", "application/octet-stream", 3, "00", content=b"\0\xff\n"),
        Attachment("b.png", "image/png", 0, "11", inline=True, content_id="x", content=b""),
    ),
    delivery_reports=(DeliveryReport("x@y.example", "failed", "5.1.1", True, "no such user"),),
    returned_message_id="old@desk.example",
    forwarded=Forwarded(Address("", "f@x.example"), "s", None, "t", "m"),
    in_reply_to=("i@x",),
    references=("r@x", "s@x"),
    recipients=(("to", "support@desk.example"),),
    auth_results=(AuthResult("mx", (("dmarc", "pass", "client.example"),), True),),
    list_id="list.example",
    defects=("d",),
    quarantine=None,
)
EMPTY = InboundMail(None, None, False, (), (), (), "", None, Kind.PERSON, (), "", "", quarantine="empty")


@pytest.mark.parametrize("mail", [MAIL, EMPTY, replace(MAIL, text="\U0001f600 \u2028", date=None)])
def test_round_trip(mail: InboundMail) -> None:
    assert codec.load(codec.dump(mail)) == mail


def test_contexts_round_trip() -> None:
    context = ReadingContext(frozenset({"a@b.example"}), frozenset({"list.example"}))
    assert codec.load_context(codec.dump_context(context)) == context


@pytest.mark.parametrize("cut", [0, 1, 8, 100, -1])
def test_a_truncated_answer_is_refused(cut: int) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        codec.load(codec.dump(MAIL)[:cut])


@pytest.mark.parametrize("head", [b"[]", b"{}", b"null", b'{"attachments": 1}', b"nonsense"])
def test_nonsense_is_refused(head: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        codec.load(struct.pack(">Q", len(head)) + head)


def test_explain_shows_what_the_interface_promises() -> None:
    shown = json.loads(json.dumps(codec.to_json(MAIL)))
    assert shown["from"] == {"name": "Casey", "address": "casey@client.example"}
    assert shown["kind"] == "bounce"
    assert shown["date"] == "2026-11-21T10:00:00+00:00"
    assert shown["attachments"][0] == {
        "filename": "a.bin",
        "content_type": "application/octet-stream",
        "size": 3,
        "sha256": "00",
        "inline": False,
    }
    assert shown["delivery_reports"] == [
        {"recipient": "x@y.example", "action": "failed", "status": "5.1.1", "permanent": True}
    ]
    assert shown["forwarded"]["from"] == {"name": "", "address": "f@x.example"}
    promised = {"message_id", "from", "reply_to", "to", "cc", "subject", "date", "kind", "why", "text", "reply"}
    promised |= {"attachments", "delivery_reports", "forwarded", "references", "quarantine"}
    assert promised <= shown.keys()
