"""The bytes that are sent: headers as the standards want, nothing injected, the same every time."""

from __future__ import annotations

import email
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import mailparser
import pytest

from gateway.config import parse
from gateway.desk.model import FileRef
from gateway.desk.notices import KINDS, Context, NoticeDraft, Outgoing, sample
from gateway.errors import Permanent
from gateway.mail import Address
from gateway.outbound import headers
from gateway.outbound.compose import Composed, compose, surroundings
from gateway.outbound.mime import file_part, text_part
from gateway.outbound.render import Renderer
from gateway.threading.token import Keyring, Minter, TokenRole

SETTINGS = parse(
    {
        "desk": {"name": "Acme Support", "address": "support@desk.example", "timezone": "America/Chicago"},
        "outbound": {"maildir": {"path": "out"}},
    },
    Path(),
)
RENDERER = Renderer(SETTINGS)
MINTER = Minter(Keyring(((1, b"k" * 32),)), "support@desk.example", frozenset({"support@desk.example"}))
WHEN = datetime(2026, 11, 21, 10, 20, tzinfo=UTC)
BLOBS = {"aa": b"%PDF-1.7 statement", "bb": b"\x89PNG logo", "cc": b"From: x@y\r\nSubject: z\r\n\r\nhello\r\n"}
CASEY = Address("Casey Client", "casey@client.example")
ALLOWED = frozenset(
    "date from to subject message-id in-reply-to references reply-to auto-submitted x-auto-response-suppress "
    "x-ticket-gateway mime-version content-type content-transfer-encoding".split()
)


def outgoing(kind: str = "reply", *, context: Context | None = None, **changes: Any) -> Outgoing:
    draft = NoticeDraft(
        kind,
        CASEY,
        7,
        sample(kind) if context is None else context,
        from_name="Olivia Reyes",
        in_reply_to="abc@mail.client.example",
        references=("root@mail.client.example",),
    )
    subject = changes.pop("subject", "Question about my 2025 tax return")
    ticket = changes.pop("ticket", 1001)
    message_id = changes.pop("message_id", MINTER.message_id(1001, 7, b"12345678"))
    return Outgoing(5, replace(draft, **changes), message_id, ticket, subject)


def made(notice: Outgoing) -> Composed:
    return compose(notice, renderer=RENDERER, minter=MINTER, settings=SETTINGS, load_blob=BLOBS.__getitem__, date=WHEN)


def read(composed: Composed) -> EmailMessage:
    message = email.message_from_bytes(composed.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def read_notice(kind: str = "reply", **changes: Any) -> EmailMessage:
    return read(made(outgoing(kind, **changes)))


def test_a_reply_looks_as_people_expect() -> None:
    message = read_notice()
    assert message["From"] == '"Olivia Reyes (Acme Support)" <support@desk.example>'
    assert message["To"] == "Casey Client <casey@client.example>"
    assert message["Subject"] == "Re: Question about my 2025 tax return [#1001]"
    assert message["Date"] == "Sat, 21 Nov 2026 04:20:00 -0600"
    assert message["In-Reply-To"] == "<abc@mail.client.example>"
    assert message["References"].split() == ["<root@mail.client.example>", "<abc@mail.client.example>"]
    assert message["X-Ticket-Gateway"] == "reply"
    assert message["Auto-Submitted"] is None
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_every_address_of_ours_is_signed_for_this_person_and_ticket() -> None:
    composed = made(outgoing())
    token = MINTER.read_address(parseaddr(str(read(composed)["Reply-To"]))[1])
    bounce = MINTER.read_address(composed.envelope_sender)
    assert token is not None
    assert (token.role, token.ticket, token.person) == (TokenRole.REPLY, 1001, 7)
    assert bounce is not None
    assert (bounce.role, bounce.ticket) == (TokenRole.BOUNCE, 5)
    assert composed.envelope_recipient == "casey@client.example"
    assert MINTER.read_message_id(str(read(composed)["Message-ID"])) is not None


def test_without_a_person_or_ticket_there_is_no_reply_token() -> None:
    assert read_notice("staff_quarantine", person_id=None, ticket=None)["Reply-To"] is None
    assert read_notice("received", person_id=None)["Reply-To"] is None


def test_a_report_about_no_ticket_leads_back_to_the_agents_own_address() -> None:
    context = {**sample("staff_rejected"), "ticket": {**sample("staff_rejected")["ticket"], "number": 0}}
    token = MINTER.read_address(
        parseaddr(str(read_notice("staff_rejected", ticket=None, context=context)["Reply-To"]))[1]
    )
    assert token is not None
    assert (token.role, token.person) == (TokenRole.COMMAND, 7)


def test_answering_a_note_never_reaches_the_client() -> None:
    token = MINTER.read_address(parseaddr(str(read_notice("staff_note")["Reply-To"]))[1])
    assert token is not None
    assert token.role is TokenRole.NOTE


def test_the_other_staff_addresses_stand_in_the_text_and_never_in_a_clients_mail() -> None:
    note = MINTER.note_address(1001, 7)
    body = read_notice("staff_new").get_body(("plain",))
    assert body is not None
    assert note in body.get_content()
    for kind in ("reply", "received", "closed"):
        raw = made(outgoing(kind)).raw.replace(b"=\r\n", b"")
        assert note.encode() not in raw
        assert MINTER.command_address(7).encode() not in raw


def test_a_clients_template_could_not_even_name_the_staff_addresses() -> None:
    client = surroundings(outgoing("reply"), MINTER, SETTINGS)
    assert (client["note_address"], client["command_address"]) == ("", "")
    assert surroundings(outgoing("staff_new"), MINTER, SETTINGS)["command_address"] == MINTER.command_address(7)


@pytest.mark.parametrize("kind", KINDS)
def test_automatic_mail_says_so(kind: str) -> None:
    message = read_notice(kind)
    expected = {"received", "reopened", "document_missing", "staff_receipt", "staff_rejected"}
    if KINDS[kind].automatic:
        assert message["Auto-Submitted"] == ("auto-replied" if kind in expected else "auto-generated")
        assert message["X-Auto-Response-Suppress"] == "All"
    else:
        assert message["Auto-Submitted"] is None
        assert message["X-Auto-Response-Suppress"] is None
    assert message["X-Ticket-Gateway"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_notice_obeys_the_limits_of_the_wire(kind: str) -> None:
    raw = made(outgoing(kind)).raw
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert not read(made(outgoing(kind))).defects


def test_the_number_is_that_of_the_ticket_as_it_is_now() -> None:
    """A draft of a mail that opens a ticket cannot know its number yet."""
    context = {**sample("received"), "ticket": {**sample("received")["ticket"], "number": 0}}
    message = read_notice("received", context=context, ticket=1042)
    assert message["Subject"] == "Re: Question about my 2025 tax return [#1042]"


def test_a_subject_that_was_taken_out_stays_out() -> None:
    """An acknowledgement to somebody unproven repeats nothing that they chose."""
    context = {**sample("received"), "ticket": {**sample("received")["ticket"], "subject": ""}}
    composed = made(outgoing("received", context=context, subject="Buy now", to=Address("", "x@y.example")))
    assert read(composed)["Subject"] == "Your message to Acme Support [#1001]"
    assert b"Buy" not in composed.raw


def test_a_conversation_that_we_begin_is_no_reply() -> None:
    message = read_notice("conversation_started", in_reply_to="", references=())
    assert message["Subject"] == "Question about my 2025 tax return [#1001]"
    assert message["In-Reply-To"] is None
    assert message["References"] is None
    request = read_notice("document_requested", in_reply_to="", references=())
    assert request["Subject"] == "Question about my 2025 tax return [#1001]"
    assert read_notice("document_requested")["Subject"] == "Re: Question about my 2025 tax return [#1001]"


def test_the_same_notice_gives_the_same_bytes_in_every_process() -> None:
    notice = outgoing(files=(FileRef("a.pdf", "application/pdf", 18, "aa"),))
    first = made(notice).raw
    fresh = compose(
        notice,
        renderer=Renderer(SETTINGS),
        minter=MINTER,
        settings=SETTINGS,
        load_blob=BLOBS.__getitem__,
        date=WHEN,
    )
    assert fresh.raw == first
    assert made(replace(notice, attempts=9)).raw == first
    code = (
        "import sys, importlib.util as u; s = u.spec_from_file_location('t', sys.argv[1]); "
        "m = u.module_from_spec(s); sys.modules['t'] = m; s.loader.exec_module(m); "
        "n = m.outgoing(files=(m.FileRef('a.pdf', 'application/pdf', 18, 'aa'),)); "
        "sys.stdout.buffer.write(m.made(n).raw)"
    )
    other = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, __file__], capture_output=True, check=True, env={"PYTHONPATH": "."}
    )
    assert other.stdout == first


def test_bytes_of_an_earlier_attempt_are_sent_again() -> None:
    notice = replace(outgoing(), composed=b"exactly these")
    assert made(notice).raw == b"exactly these"
    assert made(notice).envelope_recipient == "casey@client.example"


def test_inline_images_survive_and_point_to_their_part() -> None:
    context = {
        **sample("reply"),
        "message": {**sample("reply")["message"], "html": '<p>See <img src="cid:logo@x"></p>'},
    }
    files = (
        FileRef("logo.png", "image/png", 9, "bb", inline=True, content_id="logo@x"),
        FileRef("unused.png", "image/png", 9, "bb", inline=True, content_id="other@x"),
        FileRef("W-2.pdf", "application/pdf", 18, "aa"),
    )
    message = read_notice(context=context, files=files)
    shape = [part.get_content_type() for part in message.walk()]
    assert shape == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "image/png", "application/pdf",
    ]  # fmt: skip
    page, image = (next(p for p in message.walk() if p.get_content_type() == t) for t in ("text/html", "image/png"))
    assert isinstance(page, EmailMessage)
    assert f'src="cid:{str(image["Content-ID"]).strip("<>")}"' in page.get_content()
    assert [p.get_filename() for p in message.iter_attachments()] == ["unused.png", "W-2.pdf"]


@pytest.mark.parametrize(
    "filename",
    [
        "W-2.pdf",
        'a "quoted" \\ name;.pdf',
        "Kontoauszug März.pdf",
        "請求書.pdf",
        "😀" * 60 + ".pdf",
        "very long " * 15 + ".pdf",
        "../../etc/passwd",
        "a\r\nBcc: evil@evil.example\r\n.pdf",
        "",
    ],
)
def test_file_names_arrive(filename: str) -> None:
    raw = made(outgoing(files=(FileRef(filename, "application/pdf", 18, "aa"),))).raw
    [part] = list(read(Composed(raw, "", "")).iter_attachments())
    name = part.get_filename() or ""
    assert part.get_content() == BLOBS["aa"]
    assert not set(name) & set('\r\n/\\:"')
    if filename.isprintable() and filename and not set(filename) & set('/\\"'):
        assert name == filename.strip()
    assert name.endswith(".pdf") or not filename.endswith(".pdf")
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert set(read(Composed(raw, "", "")).keys()) <= {*read(made(outgoing())).keys()}


@pytest.mark.parametrize(
    ("content_type", "content", "sent_as"),
    [
        ("application/pdf", b"x", "application/pdf"),
        ("text/plain; charset=latin-1", b"\xe4", "text/plain"),
        ("message/rfc822", BLOBS["cc"], "message/rfc822"),
        ("message/rfc822", b"Subject: \xe4\r\n\r\n", "application/octet-stream"),
        ("message/partial", b"x", "application/octet-stream"),
        ("multipart/mixed", b"--x", "application/octet-stream"),
        ("x\r\nBcc: y", b"x", "application/octet-stream"),
        ("", b"x", "application/octet-stream"),
    ],
)
def test_types_that_may_be_sent(content_type: str, content: bytes, sent_as: str) -> None:
    part = file_part(content, content_type, "file.bin")
    head = email.message_from_string(part.head, policy=policy.default)
    assert head.get_content_type() == sent_as
    if sent_as != "message/rfc822":
        assert email.message_from_bytes(part.head.encode() + b"\r\n" + part.body).get_payload(decode=True) == content


def test_an_attached_message_is_read_as_one() -> None:
    [part] = list(read(made(outgoing(files=(FileRef("m.eml", "message/rfc822", 9, "cc"),)))).iter_attachments())
    inner = part.get_payload(0)
    assert isinstance(inner, EmailMessage)
    assert inner["Subject"] == "z"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "7bit"),
        ("Grüße", "quoted-printable"),
        ("请把文件发给我们，谢谢。" * 20, "base64"),
        ("From here\nto there", "quoted-printable"),
        ("x" * 3000, "quoted-printable"),
        ("-- \nme", "quoted-printable"),
        (".\n..\n", "7bit"),
    ],
)
def test_text_arrives_as_it_was_written(text: str, encoding: str) -> None:
    part = text_part(text, "plain")
    assert encoding in part.head
    body = email.message_from_bytes(part.head.encode() + b"\r\n" + part.body).get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n") == text.rstrip("\n") + "\n"
    assert all(len(line) <= 78 and not line.startswith(b"From ") for line in part.body.split(b"\r\n"))


NASTY = (
    "\r", "\n", "\r\n", "\n\n", "\0", "\x0b", "\x0c", "\x1b", "\x1c", "\x1d", "\x1e", "\x7f", "\x85", "\u2028",
    "\u2029", "\ud800", "\udfff", "\u202e", "\u2066", "\ufeff", "\t", '"', "\\", "<", ">", ",", ";", ":", "@", "(",
    ")", "=?",
    "=?utf-8?q?=0D=0ABcc=3A_evil=40evil.example?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    "\r\nBcc: evil@evil.example",
    "\r\n\r\n<p>body", "\r\n .\r\n", "%0d%0aBcc:", "é", "漢字", "😀",
    "{{ 7*7 }}", "{% raw %}", "--=_", "a" * 500, " ", "'",
)  # fmt: skip
"""Characters and sequences that end lines, fields, phrases or encoded-words for one reader or another (G25)."""


def nasty(source: random.Random) -> str:
    return "".join(source.choice((*NASTY, "Casey", "x", " ")) for _ in range(source.randint(1, 6)))


def poisoned(value: Any, source: random.Random) -> Any:
    """The sample with every text replaced; dates, states and numbers keep their form."""
    if isinstance(value, dict):
        return {k: v if k in {"at", "since", "state", "created_at"} else poisoned(v, source) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(item, source) for item in value]
    return nasty(source) if isinstance(value, str) else value


@pytest.mark.parametrize("seed", range(len(KINDS) * 6))
def test_hostile_values_never_make_a_field_or_a_recipient(seed: int) -> None:
    """Some 40 values in each of the mails, re-read by the strict, the lenient and a third reader."""
    source = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    raw = made(
        outgoing(
            kind,
            context=poisoned(sample(kind), source),
            to=Address(nasty(source), "casey@client.example"),
            from_name=nasty(source),
            in_reply_to=nasty(source),
            references=(nasty(source), "good@client.example", nasty(source)),
            files=(FileRef(nasty(source), nasty(source), 1, "aa", inline=True, content_id=nasty(source)),),
            subject=nasty(source),
        )
    ).raw
    assert_only_our_fields(raw)


def assert_only_our_fields(raw: bytes) -> None:
    strict = email.message_from_bytes(raw, policy=policy.default)
    lenient = email.message_from_bytes(raw, policy=policy.compat32)
    third = mailparser.parse_from_bytes(raw)
    for message in (strict, lenient):
        names = [name.lower() for name in message.keys()]  # noqa: SIM118
        assert len(names) == len(set(names))
        assert set(names) <= ALLOWED
        assert message.get_content_maintype() == "multipart"
        assert "<support@desk.example>" in str(message["From"])
    assert [a.addr_spec for a in strict["To"].addresses] == ["casey@client.example"]
    assert [a.addr_spec for a in strict["From"].addresses] == ["support@desk.example"]
    assert [address for _, address in third.to] == ["casey@client.example"]
    assert third.bcc == []
    assert third.cc == []
    assert not {name.lower() for name in third.headers} - ALLOWED - {"reply-to"}
    assert not any("\n" in str(strict[name]) or "\r" in str(strict[name]) for name in ("Subject", "From", "To"))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("nasty_text", NASTY)
def test_single_fields_hold_any_text(nasty_text: str) -> None:
    for text in (nasty_text, f"a {nasty_text} b", f"a{nasty_text}b", nasty_text * 40):
        lines = headers.field("Subject", headers.text(text, "Subject"))
        parsed = email.message_from_string(lines + "\r\nbody", policy=policy.default)
        assert parsed.keys() == ["Subject"]
        name = headers.field("To", headers.mailbox(Address(text, "a@b.example"), "To"))
        sent = email.message_from_string(name + "\r\nbody", policy=policy.default)
        assert [a.addr_spec for a in sent["To"].addresses] == ["a@b.example"]


def test_text_comes_back_as_it_was() -> None:
    for text in (
        "Re: Frage zur Steuererklärung für 2025 [#1001]",
        "漢字 " * 30 + "end",
        "=?utf-8?q?x?= stays",
        "é " * 60,
    ):
        parsed = email.message_from_string(
            headers.field("Subject", headers.text(text, "Subject")), policy=policy.default
        )
        assert parsed["Subject"] == text.strip()


def test_a_field_refuses_what_the_writers_never_make() -> None:
    for value in ("a\nBcc: x", "a\r\nBcc: x", "a\0", "é", "a\r b"):
        with pytest.raises(Permanent):
            headers.field("X", value)


def test_ids_are_never_folded_encoded_or_trusted() -> None:
    """Exchange makes ids longer than a line; encoding one breaks the thread."""
    long = "<" + "A" * 300 + "@exchange.example>"
    message = read_notice(references=(long.strip("<>"), "with space@x", "é@x", "a>b@x", "", "x" * 2000, "no-at-sign"))
    raw_ids = str(message["References"]).split()
    assert raw_ids == [long, "<no-at-sign>", "<abc@mail.client.example>"]


def test_long_threads_keep_their_first_and_their_newest() -> None:
    message = read_notice(references=tuple(f"{n}@x" for n in range(500)))
    ids = message["References"].split()
    assert ids[0] == "<0@x>"
    assert ids[-2:] == ["<499@x>", "<abc@mail.client.example>"]
    assert len(ids) == headers.MOST_REFERENCES


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("casey@bücher.example", "casey@xn--bcher-kva.example"),
        ("casey@Straße.example", "casey@xn--strae-oqa.example"),
        ("casey@例え.example", "casey@xn--r8jz45g.example"),
        ("o'neil+tag@x.example", "o'neil+tag@x.example"),
        ("a..b@docomo.example", "a..b@docomo.example"),
        ('"john doe"@x.example', '"john doe"@x.example'),
    ],
)
def test_domains_travel_in_ascii(address: str, sent: str) -> None:
    assert made(outgoing(to=Address("", address))).envelope_recipient == sent
    assert read_notice(to=Address("", address))["To"].addresses[0].addr_spec == sent.replace('"john doe"', '"john doe"')


@pytest.mark.parametrize(
    "address",
    ["jürgen@x.example", "no-at", "@x.example", "a@", "a b@x.example", "a@x\r\n.example", "a@x y", "a@-x.example",
     "a@x..example", "a,b@x.example", "a@x.example>", "<a@x.example", "a@[127.0.0.1]", "a@" + "x" * 64 + ".example",
     "a@😀.example", "a\0@x.example", '"a"b"@x.example'],
)  # fmt: skip
def test_an_address_that_cannot_be_sent_to_is_a_permanent_failure(address: str) -> None:
    with pytest.raises(Permanent):
        made(outgoing(to=Address("Casey", address)))


def test_a_wrong_message_id_is_never_sent() -> None:
    with pytest.raises(Permanent):
        made(outgoing(message_id="a b\r\nBcc: x"))
