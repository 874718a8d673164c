"""The oracle sees every kind of failure."""

from __future__ import annotations

import json

import pytest
from harness.oracle import judge


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("lost", {"stored": {}}),
        ("doubled", {"stored": {"a": [1001, 1001]}}),
        ("doubled_tickets", {"stored": {"a": [1001, 1002]}}),
        ("unexpected", {"stored": {"a": [1001], "b": [1002]}}),
        ("notices_lost", {"delivered": []}),
        ("notices_doubled", {"delivered": ["m", "m"]}),
        ("notices_unknown", {"delivered": ["m", "n"]}),
        ("notices_differ", {"notices": {"m": True}, "delivered": [("m", b"one"), ("m", b"two")]}),
        ("stuck", {"stuck": ["a mail waits"]}),
        ("wrong", {"wrong": ["a ticket is new"]}),
    ],
)
def test_the_oracle_sees_every_kind_of_failure(what: str, change: dict[str, object]) -> None:
    good: dict[str, object] = {"accepted": ["a"], "stored": {"a": [1001]}, "notices": {"m": False}, "delivered": ["m"]}
    assert judge(**good).clean  # type: ignore[arg-type]
    verdict = judge(**{**good, **change})  # type: ignore[arg-type]
    assert getattr(verdict, what), json.dumps(change, default=str)


def test_what_may_have_been_sent_twice_may_have_been_sent_twice() -> None:
    assert judge(["a"], {"a": [1001]}, {"m": True}, [("m", b"one"), ("m", b"one")]).clean
