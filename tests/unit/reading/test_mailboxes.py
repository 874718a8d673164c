"""Mailboxes and header fields as clients write them into text."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import mailboxes, running_labels
from gateway.mail import Address


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("Anna Berg <anna@x.example>", "Anna Berg", "anna@x.example"),
        ('"Berg, Anna" <anna@x.example>', "Berg, Anna", "anna@x.example"),
        ("anna@x.example", "", "anna@x.example"),
        ("<anna@x.example>", "", "anna@x.example"),
        ("anna@X.Example <anna@x.example>", "", "anna@x.example"),
        ("Anna Berg [mailto:anna@x.example]", "Anna Berg", "anna@x.example"),
        ("Anna Berg <anna@x.example<mailto:anna@x.example>>", "Anna Berg", "anna@x.example"),
        ("Anna Berg<mailto:anna@x.example> <anna@x.example>", "Anna Berg", "anna@x.example"),
        ("Anna <anna@x.example> on behalf of desk@y.example", "Anna", "anna@x.example"),
        ("Anna Berg (anna@x.example)", "Anna Berg", "anna@x.example"),
        ("anna@x.example (Anna Berg)", "Anna Berg", "anna@x.example"),
        ("« Anna Berg » <anna@x.example>", "Anna Berg", "anna@x.example"),
        ("Anna Berg", "Anna Berg", ""),
        ("Mail Delivery <MAILER-DAEMON>", "Mail Delivery", ""),
    ],
)
def test_first_mailbox(value: str, name: str, address: str) -> None:
    assert mailboxes.parse(value) == Address(name, address)


@pytest.mark.parametrize("value", ["", "  ", "<>"])
def test_nothing_is_none(value: str) -> None:
    assert mailboxes.parse(value) is None


def test_fields_that_run_into_one_another() -> None:
    line = (
        'Od: Anna <anna@x.example>Do: "b@y.example" <b@y.example>Wysłano: wtorek, 2 listopada 2021, 09:26Temat: Faktura'
    )
    assert running_labels.fields(line) == {
        "from": "Anna <anna@x.example>",
        "to": '"b@y.example" <b@y.example>',
        "date": "wtorek, 2 listopada 2021, 09:26",
        "subject": "Faktura",
    }
