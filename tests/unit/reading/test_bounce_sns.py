"""Amazon SES reports in JSON: read like any other, and never a way to break the reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.inbound.reading import bounce, kind
from gateway.inbound.reading.source import Field, Part
from gateway.mail import Kind, ReadingContext


def mail(told: dict[str, Any] | str) -> Part:
    text = told if isinstance(told, str) else json.dumps({"Type": "Notification", "Message": json.dumps(told)})
    fields = (
        ("from", "no-reply@sns.example"), ("subject", "AWS Notification Message"), ("x-amz-sns-message-id", "1"),
    )  # fmt: skip
    return Part("text/plain", text=text, fields=tuple(Field(name, value, value) for name, value in fields))


def judge(root: Part) -> tuple[Kind, list[tuple[str, str, bool]]]:
    text, subject = root.text or "", root.first("subject")
    reports = bounce.reports(root, text=text, subject=subject)
    found, _ = kind.classify(
        root, sender=None, subject=subject, text=text, context=ReadingContext(), reports=reports
    )  # fmt: skip
    return found, [(each.recipient, each.action, each.permanent) for each in reports]


def bounced(kind_of: str, diagnostic: str, status: str) -> dict[str, Any]:
    entry = {"emailAddress": "gone@client.example", "status": status, "diagnosticCode": diagnostic, "action": "failed"}
    outcome = {"bounceType": kind_of, "bouncedRecipients": [entry]}
    return {
        "notificationType": "Bounce", "bounce": outcome, "mail": {"commonHeaders": {"messageId": "<7@desk.example>"}},
    }  # fmt: skip


def test_a_bounce_is_read_with_its_recipient_and_returned_mail() -> None:
    root = mail(bounced("Permanent", "smtp; 550 5.1.1 user unknown", "5.1.1"))
    assert judge(root) == (Kind.BOUNCE, [("gone@client.example", "failed", True)])
    assert bounce.returned_message_id(root) == "7@desk.example"


def test_a_transient_bounce_is_not_permanent() -> None:
    assert judge(mail(bounced("Transient", "", "5.1.1")))[1] == [("gone@client.example", "failed", False)]


def test_a_complaint_is_a_feedback_report() -> None:
    assert judge(mail({"notificationType": "Complaint", "complaint": {}})) == (Kind.FEEDBACK_REPORT, [])


def test_a_delivery_is_no_bounce() -> None:
    found, reports = judge(mail({"eventType": "Delivery", "delivery": {"recipients": ["a@client.example"]}}))
    assert (found, reports) == (Kind.AUTO_REPLY, [("a@client.example", "delivered", False)])


def test_what_json_can_hold_and_a_mail_cannot_is_left_out() -> None:
    root = mail(bounced("Permanent", "550 \x07gone \ud800\n\x00", "5.1.1"))
    (report,) = bounce.reports(root, text=root.text or "", subject="")
    assert report.diagnostic.isprintable()
    report.diagnostic.encode()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"Message": 7}', '{"Message": "7"}', '{"notificationType": "Bounce"}', "{" * 100_000,
        '{"a":' * 50_000, '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [7, null, {}, "x"]}}',
        '{"notificationType": "Bounce", "bounce": 5, "mail": []}',
    ],
)  # fmt: skip
def test_anything_else_in_its_place_is_a_letter(text: str) -> None:
    assert judge(mail(text)) == (Kind.PERSON, [])
