"""Addresses in running text."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import addresses_in_text


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("write to <a@x.example>, please", ["a@x.example"]),
        ("a@x.example and b.c+d@y-z.example.", ["a@x.example", "b.c+d@y-z.example"]),
        ("'a@x.example' failed", ["a@x.example"]),
        ("a@[192.0.2.1]", ["a@[192.0.2.1]"]),
        ("bounce+a=x.example@list.example", ["bounce+a=x.example@list.example"]),
        ("ürsel@grün.example", ["ürsel@grün.example"]),
        ("kijitora@x.example様、メール", ["kijitora@x.example"]),
        ("連絡先a@x.exampleへ", ["a@x.example"]),
        ("用户@例子.example", ["用户@例子.example"]),
        ("ends@x.example.", ["ends@x.example"]),
        ("@x.example a@ @ <@>", []),
    ],
)
def test_addresses_are_spotted_in_order(line: str, found: list[str]) -> None:
    assert [each.address for each in addresses_in_text.spot(line)] == found


def test_a_line_without_its_addresses_keeps_its_words() -> None:
    assert addresses_in_text.without("550 <full@x.example>: unknown").split() == ["550", "<", ">:", "unknown"]
