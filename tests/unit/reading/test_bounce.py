"""Delivery reports of whole messages: parts first, then words, then the returned mail; nothing from a person."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import bounce
from gateway.inbound.reading.source import Field, Part

FROM_DAEMON = {"from": "Mail Delivery System <MAILER-DAEMON@mx.example>", "to": "support@desk.example"}
STATUS = """Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; gone@inner.example
Original-Recipient: rfc822;gone@client.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <gone@inner.example>: User unknown
"""


def part(content_type: str, text: str = "", *children: Part, fields: dict[str, str] | None = None) -> Part:
    bare, _, kind = content_type.partition("; report-type=")
    named = tuple(Field(name, value, value) for name, value in (fields or {}).items())
    return Part(bare, {"report-type": kind} if kind else {}, text=text, fields=named, children=children)


def plain(text: str, subject: str = "Undelivered Mail Returned to Sender", **fields: str) -> Part:
    return part("text/plain", text, fields={**FROM_DAEMON, "subject": subject, **fields})


def report(text: str, *parts: Part) -> Part:
    fields = {**FROM_DAEMON, "subject": "Undelivered Mail"}
    return part("multipart/report; report-type=delivery-status", "", part("text/plain", text), *parts, fields=fields)


def read(root: Part, text: str | None = None) -> list[tuple[str, str, bool]]:
    text = root.text or (root.children[0].text if root.children else "") if text is None else text
    found = bounce.reports(root, text=text or "", subject=root.first("subject"))
    return [(each.recipient, each.action, each.permanent) for each in found]


def test_the_address_that_was_written_to_is_preferred_over_the_final_one() -> None:
    root = report("It failed.", part("message/delivery-status", STATUS))
    assert read(root) == [("gone@client.example", "failed", True)]


def test_a_status_without_words_takes_them_from_the_notice() -> None:
    status = "Final-Recipient: rfc822; full@client.example\nAction: failed\nStatus: 5.0.0\n"
    root = report("full@client.example: 552 over quota\n", part("message/delivery-status", status))
    assert read(root) == [("full@client.example", "failed", False)]


def test_a_status_in_a_plain_text_part_is_read() -> None:
    assert read(plain(f"Your message could not be delivered.\n\n{STATUS}")) == [("gone@client.example", "failed", True)]


def test_a_failed_recipients_field_names_the_recipients() -> None:
    root = plain(
        "This message was created automatically by a server.\n\n  gone@client.example\n    no such user\n",
        **{"x-failed-recipients": "gone@client.example"},
    )
    assert read(root) == [("gone@client.example", "failed", True)]


def test_a_bounce_wrapped_by_a_relay_is_opened() -> None:
    inner = report("It failed.", part("message/delivery-status", STATUS))
    outer = part(
        "multipart/mixed", "", part("text/plain", ""), part("message/rfc822", "", inner), fields=inner_fields()
    )
    assert read(outer, "") == [("gone@client.example", "failed", True)]


def inner_fields() -> dict[str, str]:
    return {**FROM_DAEMON, "subject": "Returned mail"}


def test_where_nobody_is_named_the_recipient_of_the_returned_mail_is_meant() -> None:
    returned = part("text/plain", "hello", fields={"to": "gone@client.example", "message-id": "<1@desk.example>"})
    root = report("Unable to deliver your message: unknown user.", part("message/rfc822", "", returned))
    assert read(root) == [("gone@client.example", "failed", True)]


def test_an_abuse_report_names_no_recipient() -> None:
    complaint = part("message/feedback-report", "Feedback-Type: abuse\nOriginal-Rcpt-To: a@b.example\n")
    root = part("multipart/report; report-type=feedback-report", "", complaint, fields=inner_fields())
    assert read(root) == []


def test_a_person_who_quotes_a_bounce_reports_nothing() -> None:
    fields = {"from": "casey@client.example", "subject": "Re: Undelivered Mail"}
    assert read(part("text/plain", f"Why?\n\n{STATUS}", fields=fields)) == []


RETURNED = "Message-ID: <17@desk.example>\nFrom: support@desk.example\nTo: gone@client.example\nSubject: Hi\n"


@pytest.mark.parametrize(
    "root",
    [
        report("x", part("message/rfc822", "", part("text/plain", "", fields={"message-id": "<17@desk.example>"}))),
        report("x", part("text/rfc822-headers", RETURNED)),
        plain(f"It failed.\n\n--- Below this line is a copy of the message.\n\n{RETURNED}\nHello"),
        plain(f"It failed.\n\n   ----- Original message -----\n\n{RETURNED}\nHello"),
        plain(f"It failed.\n\nReceived: from a by b\n{RETURNED}\nHello"),
        plain("It failed.\n\n" + "\n".join(f"> {line}" for line in RETURNED.splitlines())),
    ],
    ids=["message", "headers", "marked", "gmail", "unmarked", "quoted"],
)
def test_the_id_of_the_returned_mail_is_found(root: Part) -> None:
    assert bounce.returned_message_id(root) == "17@desk.example"


def test_the_notices_own_reference_names_the_returned_mail_where_nothing_else_does() -> None:
    root = plain("It failed.", **{"in-reply-to": "<17@desk.example>"})
    assert bounce.returned_message_id(root) == "17@desk.example"


def test_no_id_is_invented() -> None:
    assert bounce.returned_message_id(plain("It failed. Contact <help@mx.example>.")) == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "@" * 1_000_000,
        "a@" * 500_000,
        "<a@b.example>:\n" * 66_000,
        "".join(f"<u{i}@b.example>: text\n\n" for i in range(40_000)),
        "Final-Recipient: rfc822; a@b\nAction: failed\n\n" * 22_000,
        "Final-Recipient: rfc822; a@b\nAction: failed\nDiagnostic-Code: x\n" + " y\n" * 330_000,
        "From: a\nTo: b\n\n" * 70_000,
        "5.1.1." * 170_000,
        "\n" * 1_000_000,
    ],
    ids=["ats", "pairs", "same", "distinct", "status", "folded", "headers", "codes", "empty"],
)
def test_a_megabyte_made_to_be_slow_is_read_in_time(hostile: str) -> None:
    root = report(hostile, part("message/delivery-status", hostile), part("text/rfc822-headers", hostile))
    started = time.process_time()
    read(root)
    bounce.returned_message_id(root)
    assert time.process_time() - started < 1
