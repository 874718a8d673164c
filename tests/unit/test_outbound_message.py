from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.outbound.message import canonical, dot_stuffed, wire_address


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"])).map(b"".join))
def test_nothing_in_a_message_ends_it_early_or_holds_a_bare_line_end(raw: bytes) -> None:
    sent = dot_stuffed(canonical(raw))
    assert sent.endswith(b"\r\n")
    bare = sent.replace(b"\r\n", b"")
    assert b"\r" not in bare
    assert b"\n" not in bare
    lines = sent.split(b"\r\n")
    assert b"." not in lines
    unstuffed = b"\r\n".join(line.removeprefix(b".") for line in lines)
    assert unstuffed == canonical(raw)


def test_what_is_canonical_already_is_left_alone() -> None:
    raw = b"Subject: x\r\n\r\nhello\r\n"
    assert canonical(raw) == raw


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ""),
        ("casey@client.example", "casey@client.example"),
        ("support+r3f@desk.example", "support+r3f@desk.example"),
        ('"odd name"@client.example', '"odd name"@client.example'),
        ("casey@[IPv6:2001:db8::1]", "casey@[IPv6:2001:db8::1]"),
        ("casey@bücher.example", "casey@xn--bcher-kva.example"),
        ("jürgen@client.example", "jürgen@client.example"),
        ("a(b)@client.example", "a(b)@client.example"),
    ],
)
def test_an_address_goes_out_unchanged_but_for_an_international_domain(address: str, expected: str) -> None:
    assert wire_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "casey",
        "@client.example",
        "casey@",
        "casey@client.example> SIZE=1",
        "casey>@client.example",
        "casey@client.example\r\nRCPT TO:<evil@x.example>",
        "ca\nsey@client.example",
        "casey smith@client.example",
        "casey@cli ent.example",
        "casey\x00@client.example",
        "casey\u2028@client.example",
        "casey@\ud800.example",
        "x" * 250 + "@client.example",
        "casey@" + "ü" * 70 + ".example",
    ],
)
def test_an_address_that_could_break_out_of_the_command_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        wire_address(address)
