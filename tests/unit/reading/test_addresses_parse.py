"""Address fields: structure first, decoding afterwards, and no fooling."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import addresses
from gateway.mail import Address


def pairs(raw: str) -> list[tuple[str, str]]:
    return [(a.name, a.address) for a in addresses.addresses(raw)]


@pytest.mark.parametrize(
    ("raw", "name", "address"),
    [
        ("casey@client.example", "", "casey@client.example"),
        ("<casey@client.example>", "", "casey@client.example"),
        ("Casey Client <casey@client.example>", "Casey Client", "casey@client.example"),
        ('"Client, Casey" <casey@client.example>', "Client, Casey", "casey@client.example"),
        ('"Casey \\"C\\" Client" <casey@client.example>', 'Casey "C" Client', "casey@client.example"),
        ("casey@client.example (Casey Client)", "Casey Client", "casey@client.example"),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@client.example>", "Jürgen", "j@client.example"),
        ('"=?utf-8?Q?J=C3=BCrgen?=" <j@client.example>', "Jürgen", "j@client.example"),
        ("'Casey' <casey@client.example>", "Casey", "casey@client.example"),
        ("Jürgen <j@client.example>", "Jürgen", "j@client.example"),
        ("Casey <casey@Client.EXAMPLE>", "Casey", "casey@client.example"),
        ("casey+tag@client.example", "", "casey+tag@client.example"),
        ('"casey@client.example" <casey@client.example>', "casey@client.example", "casey@client.example"),
        ('"casey"@client.example', "", "casey@client.example"),
    ],
)
def test_a_sound_mailbox(raw: str, name: str, address: str) -> None:
    (found,) = addresses.parse(raw)
    assert found.address == Address(name, address)
    assert found.sound


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("anna@example.org <evil@attacker.example>", "evil@attacker.example"),
        ('"anna@example.org" <evil@attacker.example>', "evil@attacker.example"),
        ("=?utf-8?Q?anna=40example.org?= <evil@attacker.example>", "evil@attacker.example"),
        ("anna＠example.org <evil@attacker.example>", "evil@attacker.example"),
        ("evil@attacker.example (anna@example.org)", "evil@attacker.example"),
        ("<anna@example.org> <evil@attacker.example>", "anna@example.org"),
        ("Anna <anna@example.org", "anna@example.org"),
        ("<<anna@example.org>>", "anna@example.org"),
        ("Anna <anna@example.org> trailing", "anna@example.org"),
        ("Anna anna@example.org", "anna@example.org"),
        ("team: anna@example.org;", "anna@example.org"),
        ("<@relay.example:anna@example.org>", "anna@example.org"),
        ("=?utf-8?Q?anna=40example.org?=", "anna@example.org"),
        ("=?utf-8?Q?Anna_=3Canna=40example.org=3E?=", "anna@example.org"),
        ("<mailto:anna@example.org>", "anna@example.org"),
        ("anna(comment)@example.org", "anna@example.org"),
        ("<anna@@example.org>", None),
        ("anna..x@example.org", "anna..x@example.org"),
        ("anna@example..org", "anna@example..org"),
        ("anna@[192.0.2.1]", "anna@[192.0.2.1]"),
        ("<an na@example.org>", "na@example.org"),
        ("anna\x00@example.org", "anna@example.org"),
        ("anna@\x01example.org", "anna@example.org"),
        ('"Anna <anna@example.org>', "anna@example.org"),
        ("<anna@example.org\u200b>", None),
        ("x" * 300 + "@example.org", "x" * 300 + "@example.org"),
    ],
)
def test_an_odd_mailbox_is_read_and_not_trusted(raw: str, address: str | None) -> None:
    found = addresses.parse(raw)
    assert all(not mailbox.sound for mailbox in found)
    if address is not None:
        assert found[0].address.address == address


@pytest.mark.parametrize("raw", ["", "Undisclosed recipients:;", "nobody", "<>", "@", "a@", "@b", ",,,;", "()", '"'])
def test_what_holds_no_address_is_left_out(raw: str) -> None:
    assert addresses.parse(raw) == ()


def test_several_mailboxes_in_order() -> None:
    raw = 'A <a@x.example>, "B, b" <b@x.example>,c@x.example (C); d@x.example,'
    assert pairs(raw) == [
        ("A", "a@x.example"),
        ("B, b", "b@x.example"),
        ("C", "c@x.example"),
        ("", "d@x.example"),
    ]


def test_a_forgotten_comma() -> None:
    assert pairs("Bob <bob@x.example> Bobby <bobby@x.example>") == [
        ("Bob", "bob@x.example"),
        ("Bobby", "bobby@x.example"),
    ]


def test_groups_are_opened() -> None:
    raw = "Team: a@x.example, B <b@x.example>;, c@x.example"
    assert [address for _, address in pairs(raw)] == ["a@x.example", "b@x.example", "c@x.example"]


def test_an_encoded_comma_does_not_part_mailboxes() -> None:
    assert pairs("=?utf-8?Q?Client=2C_Casey?= <c@x.example>") == [("Client, Casey", "c@x.example")]


def test_an_encoded_bracket_is_no_bracket() -> None:
    raw = "=?utf-8?Q?=3Canna=40example.org=3E?= <evil@attacker.example>"
    (found,) = addresses.parse(raw)
    assert found.address.address == "evil@attacker.example"
    assert not found.sound


def test_an_internationalised_domain_has_one_spelling() -> None:
    (found,) = addresses.parse("info@bücher.example")
    assert found.address.address == "info@xn--bcher-kva.example"
    assert found.sound


def test_a_lone_quote_costs_only_itself() -> None:
    raw = 'a <a@x.example>, - 5 at example.com" <b@x.example>, C <c@x.example>'
    assert [address for _, address in pairs(raw)] == ["a@x.example", "b@x.example", "c@x.example"]


def test_names_hold_no_control_characters() -> None:
    ((name, _),) = pairs("=?utf-8?Q?Casey=0D=0ABcc=3A_x=40y.example?= <casey@client.example>")
    assert name.isprintable()


@pytest.mark.parametrize(
    "unit", [",", "<", ">", '"', '"(', "(", "a:", "a@", "<a@b>", "\\", "()", "=?", "@", ";", "ü@ü,"]
)
def test_hostile_fields_take_linear_time(unit: str) -> None:
    started = time.process_time()
    addresses.parse(unit * (65_536 // len(unit)))
    assert time.process_time() - started < 1.5
