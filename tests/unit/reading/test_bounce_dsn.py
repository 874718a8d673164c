"""RFC 3464 fields as mail systems really write them."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import bounce_dsn
from gateway.inbound.reading.source import Part


def statuses(text: str, content_type: str = "message/delivery-status") -> list[tuple[str, str, str]]:
    root = Part("multipart/report", children=(Part(content_type, text=text),))
    return [(each.final or each.original, each.action, each.status) for each in bounce_dsn.statuses(root)]


A = "Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n"
B = "Final-Recipient: rfc822; b@x.example\nAction: delayed\nStatus: 4.2.2\n"
BOTH = [("a@x.example", "failed", "5.1.1"), ("b@x.example", "delayed", "4.2.2")]


@pytest.mark.parametrize(
    "text",
    [
        f"Reporting-MTA: dns; mx\n\n{A}\n{B}",
        f"Reporting-MTA: dns; mx\n{A}{B}",
        f"\n\n\nReporting-MTA: dns; mx\n\n\n\n{A}\n\n\n{B}\n",
        A.replace("Status", "\nStatus") + "\n" + B,
        "\n".join(reversed(A.splitlines())) + "\n\n" + "\n".join(reversed(B.splitlines())),
    ],
    ids=["as written in the standard", "no blank lines", "many blank lines", "status cut off", "any order"],
)
def test_recipients_are_told_apart(text: str) -> None:
    assert statuses(text) == BOTH


@pytest.mark.parametrize(
    "value",
    [
        "rfc822;a@x.example",
        "RFC822; <a@x.example>",
        "<a@x.example>",
        "a@x.example",
        "utf-8; a@x.example",
        "smtp;a@x.example",
    ],
)
def test_an_address_is_found_in_any_dress(value: str) -> None:
    assert statuses(f"Final-Recipient: {value}\nAction: failed\n") == [("a@x.example", "failed", "")]


def test_a_recipient_named_twice_is_one() -> None:
    assert len(statuses(f"{A}\n{A}")) == 1


def test_a_folded_diagnostic_is_whole() -> None:
    text = A + "Diagnostic-Code: smtp; 550 5.1.1\n  no such\n\tuser\n"
    root = Part("multipart/report", children=(Part("message/delivery-status", text=text),))
    assert bounce_dsn.statuses(root)[0].diagnostic == "smtp; 550 5.1.1 no such user"


def test_quoted_fields_are_no_report() -> None:
    assert statuses("\n".join(f"> {line}" for line in A.splitlines()), "text/plain") == []


def test_a_report_inside_a_returned_mail_is_not_ours() -> None:
    inner = Part("message/delivery-status", text=A)
    nested = Part("message/rfc822", children=(Part("multipart/report", children=(inner,)),))
    assert bounce_dsn.statuses(Part("multipart/mixed", children=(nested,))) == ()
