"""Authentication-Results: who says so, what, and whether our own border can have written it."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import authresults, read
from gateway.mail import AuthResult


def parsed(value: str) -> AuthResult:
    found = authresults.parse(value, above_received=True)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "methods"),
    [
        ("mx.desk.example; none", ()),
        ("mx.desk.example 1; dmarc=pass header.from=client.example", (("dmarc", "pass", "client.example"),)),
        (
            'mx.desk.example; dkim=pass (good; "really") reason="a;b=c" header.d=client.example'
            " header.i=@client.example; spf=fail smtp.mailfrom=casey@client.example",
            (("dkim", "pass", "client.example"), ("spf", "fail", "client.example")),
        ),
        ("mx.desk.example; DMARC = PASS header.from = Client.Example", (("dmarc", "pass", "client.example"),)),
        ("mx.desk.example; dkim/1=pass header.d=client.example", (("dkim", "pass", "client.example"),)),
        ("mx.desk.example; dmarc=maybe header.from=x.example", ()),
        ("mx.desk.example; (dmarc=pass header.from=x.example)", ()),
        ('mx.desk.example; x="dmarc=pass; dmarc=pass"', ()),
        (
            "mx.desk.example; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=client.example; dkim=pass"
            " (signature was verified) header.d=client.example;dmarc=pass action=none header.from=client.example;"
            "compauth=pass reason=100",
            (
                ("spf", "pass", "client.example"),
                ("dkim", "pass", "client.example"),
                ("dmarc", "pass", "client.example"),
                ("compauth", "pass", ""),
            ),
        ),
    ],
)
def test_methods(value: str, methods: tuple[tuple[str, str, str], ...]) -> None:
    assert parsed(value) == AuthResult("mx.desk.example", methods, True)


@pytest.mark.parametrize("value", ["", "spf=pass smtp.mailfrom=x.example; dkim=pass", ";", "  "])
def test_a_field_that_names_no_server_counts_for_nothing(value: str) -> None:
    assert authresults.parse(value, above_received=True) is None


def test_only_what_stands_above_received_can_be_our_own() -> None:
    mail = read(
        b"Authentication-Results: mx.desk.example; dmarc=fail header.from=client.example\r\n"
        b"Received: from client by mx.desk.example with ESMTP\r\n"
        b"Authentication-Results: mx.desk.example; dmarc=pass header.from=client.example\r\n"
        b"From: casey@client.example\r\n\r\nx"
    )
    assert [(r.methods[0][1], r.above_received) for r in mail.auth_results] == [("fail", True), ("pass", False)]


def test_a_local_delivery_on_top_is_our_own_house() -> None:
    mail = read(
        b"Received: from mx.desk.example by mail.desk.example with LMTP id 1\r\n"
        b"Authentication-Results: mx.desk.example; dmarc=pass header.from=client.example\r\n"
        b"Received: from client by mx.desk.example with ESMTP\r\n"
        b"Received: from x by y with LMTP\r\n"
        b"Authentication-Results: mx.desk.example; dmarc=pass header.from=client.example\r\n"
        b"From: casey@client.example\r\n\r\nx"
    )
    assert [r.above_received for r in mail.auth_results] == [True, False]


def test_a_copy_in_arc_is_not_among_them() -> None:
    assert (
        read(b"ARC-Authentication-Results: i=1; mx.desk.example; dmarc=pass\r\nFrom: a@b.example\r\n\r\n").auth_results
        == ()
    )


@pytest.mark.parametrize("unit", [";", "(", ")", '"', "=", "a=b;", "\\", " = "])
def test_hostile_values_take_linear_time(unit: str) -> None:
    started = time.process_time()
    authresults.parse("mx.desk.example; " + unit * (65_536 // len(unit)), above_received=True)
    assert time.process_time() - started < 1


def test_who_wrote_the_received_fields_above_is_kept() -> None:
    raw = (
        b"Received: from mx.desk.example (mx [192.0.2.1])\r\n\tby Store.desk.example (Postfix) with ESMTP id 1; x\r\n"
        b"Received: from evil by mx.desk.example; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Authentication-Results: mx.desk.example; dmarc=pass header.from=desk.example\r\n"
        b"From: a@desk.example\r\n\r\nx"
    )
    found = read(raw).auth_results[0]
    assert not found.above_received
    assert found.hops_above == ("store.desk.example", "mx.desk.example")
