"""Whatever the bytes: an answer, clean and bounded, and never an exception."""

from __future__ import annotations

import unicodedata

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.inbound.reading import addresses, authresults, body, charset, codec, encodedwords, fields, read
from gateway.mail import InboundMail

NAMES = [
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "Content-Type", "Received",
    "Content-Transfer-Encoding", "Content-Disposition", "Reply-To", "Authentication-Results", "List-Id",
    "Auto-Submitted", "Return-Path", "X-Anything",
]  # fmt: skip
VALUES = [
    "a@b.example", "Casey <casey@client.example>", "=?utf-8?Q?=C3=BC?=", "=?", '"', "<", ">", ",", ";", ":", "(", ")",
    "multipart/mixed; boundary=b", "multipart/alternative; boundary=b", "message/rfc822", "text/html; charset=utf-8",
    "text/plain; charset=iso-2022-jp", "base64", "quoted-printable", "x-uuencode", "multipart/report; boundary=b",
    "attachment; filename*0*=utf-8''%C3", "message/delivery-status", "Sat, 21 Nov 2026 10:00:00 +0000", "auto-replied",
    "application/ms-tnef", "application/pkcs7-mime", "text/calendar", "mx.desk.example; dmarc=pass", "\t", " ", "",
]  # fmt: skip
BODIES = [
    b"--b\r\n", b"--b--\r\n", b"\r\n", b"> quoted\r\n", b"On Monday, Casey wrote:\r\n", b"-- \r\n", b"\x00", b"\xff",
    b"\x1b$B", b"<div>", b"<blockquote>", b"</p>", b"begin 644 a\r\n", b"=C3=BC", b"Content-Type: text/html\r\n",
    b"Final-Recipient: rfc822; a@b.example\r\n", b"Status: 5.1.1\r\n", b"BEGIN:VEVENT\r\n", b"\x78\x9f\x3e\x22",
    b"From: a@b.example\r\n", b"-----Original Message-----\r\n", "Grüße\r\n".encode(), "日本".encode("cp932"),
]  # fmt: skip

field = st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(VALUES) | st.text(max_size=20), max_size=4))
mails = st.builds(
    lambda head, rest: (
        b"\r\n".join(f"{n}: {' '.join(v)}".encode("utf-8", "replace") for n, v in head) + b"\r\n\r\n" + rest
    ),
    st.lists(field, max_size=12),
    st.lists(st.sampled_from(BODIES) | st.binary(max_size=30), max_size=20).map(b"".join),
)
relaxed = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_clean_line(text: str) -> bool:
    return all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)


def check(raw: bytes, mail: InboundMail) -> None:
    for text in (mail.text, mail.reply, mail.signature, mail.html):
        assert "\0" not in text
        assert "\r" not in text
        text.encode("utf-8")
    addressed = [*mail.reply_to, *mail.to, *mail.cc, *([mail.sender] if mail.sender else [])]
    for line in [mail.subject, mail.list_id, *(a.filename for a in mail.attachments), *mail.references, *mail.why]:
        assert is_clean_line(line)
    for address in addressed:
        assert is_clean_line(address.name)
        assert is_clean_line(address.address)
        assert "@" in address.address
    assert len(mail.text) <= body.MAX_TEXT
    assert sum(a.size for a in mail.attachments) <= 5 * len(raw) + 1000
    assert not mail.sender_sound or mail.sender is not None
    assert not any(defect.endswith("Error") for defect in mail.defects), mail.defects
    assert codec.load(codec.dump(mail)) == mail


@relaxed
@given(st.binary(max_size=500))
@example(b"")
@example(b"\0")
@example(b"\r")
@example(b"Parse: x")
@example(b"From:")
@example(b"headers: x\r\n\r\n")
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    mail = read(raw)
    check(raw, mail)
    assert not (mail.quarantine or "").startswith("could not be read")


@relaxed
@given(mails)
def test_any_mail_has_a_clean_answer(raw: bytes) -> None:
    mail = read(raw)
    check(raw, mail)
    assert not (mail.quarantine or "").startswith("could not be read")


@relaxed
@given(mails)
def test_reading_is_deterministic(raw: bytes) -> None:
    assert read(raw) == read(raw)


@relaxed
@given(st.text(max_size=300))
def test_field_decoders_never_fail(value: str) -> None:
    encodedwords.decode(value)
    fields.parameters(value)
    fields.filename(value)
    fields.message_ids(value)
    fields.date(value)
    authresults.parse(value, above_received=False)
    assert all("@" in m.address.address for m in addresses.parse(value))


@relaxed
@given(
    st.binary(max_size=300), st.sampled_from(["", "utf-8", "iso-2022-jp", "utf-7", "gb2312", "euc-jp", "utf-16", "hz"])
)
def test_any_bytes_are_some_text(data: bytes, label: str) -> None:
    charset.clean_text(charset.decode(data, label)).encode("utf-8")


@relaxed
@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_declared_unicode_comes_back(text: str, label: str) -> None:
    text = "".join(c for c in text.encode("utf-8", "replace").decode() if not "\x80" <= c <= "\x9f")
    if not text.startswith("\ufeff") and "\x1b" not in text:
        data = text.encode(label)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            assert charset.decode(data, label) == text


REAL = """\
Return-Path: <casey@client.example>
Received: from client by mx.desk.example with ESMTP; Sat, 21 Nov 2026 10:00:00 +0000
From: =?utf-8?Q?C=C3=A4sey?= <casey@client.example>
To: support@desk.example
Subject: Re: [#1001] Fwd: x
References: <a@desk.example>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Thanks =C3=BC

On Monday, Olivia wrote:
> hello
--i
Content-Type: text/html

<p>Thanks</p><blockquote>hello</blockquote><img src=cid:x>
--i--
--b
Content-Type: message/rfc822

From: d@e.example
Subject: old

old text
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x

Final-Recipient: rfc822; f@g.example
Action: failed
Status: 5.1.1
--b
Content-Type: application/pdf; name*=utf-8''%C3%A4.pdf
Content-Transfer-Encoding: base64

aGVsbG8=
--b--
""".replace("\n", "\r\n").encode()
positions = st.integers(0, len(REAL))
damage = st.lists(st.tuples(positions, st.integers(0, 60), st.sampled_from(BODIES) | st.binary(max_size=8)), max_size=8)


@relaxed
@given(damage)
def test_a_damaged_mail_has_a_clean_answer(cuts: list[tuple[int, int, bytes]]) -> None:
    raw = REAL
    for at, removed, inserted in cuts:
        raw = raw[:at] + inserted + raw[at + removed :]
    check(raw, read(raw))
