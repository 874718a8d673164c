"""Dead address or not: words first, then the enhanced code, then the reply."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import bounce_reason


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.1.1", "smtp; 550 5.1.1 <a@x.example>... User unknown"),
        ("5.7.1", "smtp; 554 5.7.1 <a@x.example>: Recipient address rejected: Access denied"),
        ("5.0.0", "smtp; 550 No such recipient"),
        ("5.4.4", "X-Postfix; Host or domain name not found. Name service error: Host not found"),
        ("", "550 5.1.1 The email account that you tried to reach does not exist."),
        ("", "The domain x.example does not accept mail (nullMX)"),
        ("5.1.6", "smtp; 551 the user has moved"),
        ("5.1.1", ""),
        ("", ""),
        ("", "Empfänger unbekannt"),
        ("", "destinataire inconnu"),
        ("", "пользователь не найден"),
    ],
)
def test_an_address_is_dead(status: str, diagnostic: str) -> None:
    assert bounce_reason.is_permanent("failed", status, diagnostic)


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.1.1", "552 sorry, mailbox is over quota (#5.1.1)"),
        ("5.2.2", ""),
        ("5.7.1", "smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using a list"),
        ("5.1.8", "550 5.1.8 <s@desk.example>: Sender address rejected: Domain not found"),
        ("5.7.26", "550 5.7.26 This mail has been rejected: DMARC policy. Recipient address rejected"),
        ("5.3.4", "552 5.3.4 message size exceeds limit"),
        ("4.4.1", "connection timed out"),
        ("4.1.1", "450 4.1.1 user unknown"),
        ("", "421 come back"),
        ("5.0.0", "smtp; 550 spam detected"),
        ("5.1.0", "smtp; 5.1.0 - Unknown address error 550-'5.7.1 Access denied'"),
    ],
)
def test_an_address_may_live(status: str, diagnostic: str) -> None:
    assert not bounce_reason.is_permanent("failed", status, diagnostic)


def test_a_delay_kills_no_address() -> None:
    assert not bounce_reason.is_permanent("delayed", "5.1.1", "user unknown")


def test_words_inside_an_address_prove_nothing() -> None:
    assert bounce_reason.reason("<mailbox-full@x.example>: no such user") == "nobody there"


def test_the_most_telling_code_is_taken() -> None:
    assert bounce_reason.enhanced("550 5.0.0 then 5.7.26") == "5.7.26"
    assert bounce_reason.enhanced("host 192.0.5.1.1 and version 5.1.1.1") == ""


def test_a_year_or_an_address_is_no_reply_code() -> None:
    assert bounce_reason.reply_code("on 29 Apr 2011 host 192.0.2.550 (id 4501)") == ""
