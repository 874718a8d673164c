"""Who is an agent: the few ways that prove it, and the many that must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from harness.pure import CASEY, JOE, MINTER, OLIVIA, mail

from gateway.desk.model import VerifiedAgent
from gateway.mail import Address, AuthResult, Envelope, InboundMail
from gateway.threading.authenticity import Border, dmarc_passes, verify_agent
from gateway.threading.carriers import collect

STAFF = {a: p for p in (OLIVIA, JOE) for a in p.addresses}
BORDER = Border(frozenset({"mx.desk.example"}))
PASS = AuthResult("mx.desk.example", (("spf", "fail", ""), ("dmarc", "pass", "desk.example")), above_received=True)


def verify(read: InboundMail, *recipients: str, border: Border = BORDER) -> VerifiedAgent | None:
    found = collect(read, Envelope(read.sender.address if read.sender else "", recipients), MINTER)
    return verify_agent(read, found, MINTER, STAFF, border)


@pytest.mark.parametrize(
    "token",
    [MINTER.reply_address(1001, OLIVIA.id), MINTER.note_address(5, OLIVIA.id), MINTER.command_address(OLIVIA.id)],
)
def test_a_personal_token_proves_its_agent(token: str) -> None:
    assert verify(mail(OLIVIA), token) == VerifiedAgent(OLIVIA, "token")
    assert verify(mail(Address("", "OLIVIA@desk.example")), token) == VerifiedAgent(OLIVIA, "token")


def test_an_answer_to_a_notice_of_theirs_proves_an_agent() -> None:
    minted = MINTER.message_id(1001, OLIVIA.id, b"12345678")
    assert verify(mail(OLIVIA, in_reply_to=(minted,))) == VerifiedAgent(OLIVIA, "message-id")
    assert verify(mail(OLIVIA, references=(minted,))) == VerifiedAgent(OLIVIA, "message-id")


def test_dmarcs_pass_by_our_own_border_proves_an_agent() -> None:
    assert verify(mail(OLIVIA, auth_results=(PASS,))) == VerifiedAgent(OLIVIA, "dmarc")
    loud = replace(PASS, authserv_id="MX.Desk.Example")
    assert verify(mail(OLIVIA, auth_results=(loud,))) == VerifiedAgent(OLIVIA, "dmarc")


_FAIL: dict[str, tuple[Any, ...]] = {
    "nobody wrote it": (replace(mail(OLIVIA), sender=None),),
    "no proof at all": (mail(OLIVIA),),
    "a clients token": (mail(OLIVIA), MINTER.reply_address(1001, CASEY.id)),
    "another agents token": (mail(OLIVIA), MINTER.reply_address(1001, JOE.id)),
    "a bounce address": (mail(OLIVIA), MINTER.bounce_address(OLIVIA.id)),
    "a forged token": (mail(OLIVIA), MINTER.reply_address(1001, OLIVIA.id).replace("+r", "+n")),
    "a token at a foreign domain": (mail(OLIVIA), MINTER.reply_address(1001, OLIVIA.id).replace("desk.", "evil.")),
    "the token of an agent from a strangers address": (
        mail(Address("Olivia Reyes", "olivia@evil.example")),
        MINTER.reply_address(1001, OLIVIA.id),
    ),
    "the token of an agent from a clients address": (mail(CASEY), MINTER.command_address(OLIVIA.id)),
    "an agents address as display name": (
        mail(Address("olivia@desk.example", "x@evil.example")),
        MINTER.command_address(OLIVIA.id),
    ),
    "an agent in Reply-To": (
        replace(mail(Address("", "x@evil.example")), reply_to=(OLIVIA.mailbox,)),
        MINTER.command_address(OLIVIA.id),
    ),
    "two authors": (replace(mail(OLIVIA, auth_results=(PASS,)), sender_sound=False), MINTER.command_address(OLIVIA.id)),
    "a message id of another persons notice": (
        mail(OLIVIA, in_reply_to=(MINTER.message_id(1001, CASEY.id, b"12345678"),)),
    ),
    "a message id that nobody signed": (mail(OLIVIA, in_reply_to=("m" + "a" * 50 + "@desk.example",)),),
    "a mail with an id of ours": (mail(OLIVIA, message_id=MINTER.message_id(1001, OLIVIA.id, b"12345678")),),
    "dmarc of a foreign server": (mail(OLIVIA, auth_results=(replace(PASS, authserv_id="mx.evil.example"),)),),
    "dmarc below a foreign server": (mail(OLIVIA, auth_results=(replace(PASS, authserv_id="mx.evil.example"), PASS)),),
    "dmarc below a Received": (mail(OLIVIA, auth_results=(replace(PASS, above_received=False),)),),
    "dmarc failed": (mail(OLIVIA, auth_results=(replace(PASS, methods=(("dmarc", "fail", "desk.example"),)),)),),
    "dmarc of another domain": (
        mail(OLIVIA, auth_results=(replace(PASS, methods=(("dmarc", "pass", "evil.example"),)),)),
    ),
    "dmarc of a subdomain": (
        mail(OLIVIA, auth_results=(replace(PASS, methods=(("dmarc", "pass", "x.desk.example"),)),)),
    ),
    "dmarc twice": (
        mail(
            OLIVIA,
            auth_results=(
                replace(PASS, methods=(("dmarc", "pass", "desk.example"), ("dmarc", "fail", "desk.example"))),
            ),
        ),
    ),
    "spf and dkim alone": (
        mail(
            OLIVIA,
            auth_results=(replace(PASS, methods=(("spf", "pass", "desk.example"), ("dkim", "pass", "desk.example"))),),
        ),
    ),
    "no method": (mail(OLIVIA, auth_results=(replace(PASS, methods=()),)),),
}


@pytest.mark.parametrize("case", _FAIL)
def test_what_must_not_prove_an_agent(case: str) -> None:
    read, *recipients = _FAIL[case]
    assert verify(read, *recipients) is None


def test_without_a_border_of_our_own_dmarc_proves_nothing() -> None:
    assert verify(mail(OLIVIA, auth_results=(PASS,)), border=Border()) is None


def test_a_client_is_no_agent_however_well_proved() -> None:
    own = AuthResult("mx.desk.example", (("dmarc", "pass", "client.example"),), above_received=True)
    read = mail(CASEY, auth_results=(own,))
    assert dmarc_passes(read, BORDER)
    assert verify(read, MINTER.reply_address(1001, CASEY.id)) is None


@pytest.mark.parametrize(
    ("hops", "hosts", "believed"),
    [
        (("mx.desk.example",), frozenset({"mx.desk.example"}), True),
        (("store.desk.example", "mx.desk.example"), frozenset({"mx.desk.example", "store.desk.example"}), True),
        (("mx.desk.example",), frozenset(), False),
        (("mx.desk.example", "mx.evil.example"), frozenset({"mx.desk.example"}), False),
        (("",), frozenset({"mx.desk.example"}), False),
    ],
)
def test_only_received_fields_of_our_own_hosts_may_stand_above_the_result(
    hops: tuple[str, ...], hosts: frozenset[str], believed: bool
) -> None:
    read = mail(OLIVIA, auth_results=(replace(PASS, above_received=False, hops_above=hops),))
    assert dmarc_passes(read, Border(BORDER.authserv_ids, hosts)) is believed
