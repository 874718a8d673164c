"""Tokens: what was minted is read back, and nothing else ever is (goal G23)."""

from __future__ import annotations

import base64
import random
import string

import pytest
from harness.pure import MINTER
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.threading.token import Keyring, Minter, Token, TokenRole, new_nonce

OWN = MINTER.own
ADDRESS = MINTER.reply_address(1001, 7)
TAG = ADDRESS.partition("+")[2].partition("@")[0]
NONCE = b"12345678"


def at(tag: str, domain: str = "desk.example", base: str = "support") -> str:
    return f"{base}+{tag}@{domain}"


@pytest.mark.parametrize("ticket", [0, 1, 127, 128, 1001, 2**31, 2**53, 2**62])
@pytest.mark.parametrize("person", [0, 1, 300, 2**40])
def test_what_was_minted_is_read_back(ticket: int, person: int) -> None:
    read = MINTER.read_address
    assert read(MINTER.reply_address(ticket, person)) == Token(TokenRole.REPLY, ticket, person)
    assert read(MINTER.note_address(ticket, person)) == Token(TokenRole.NOTE, ticket, person)
    assert read(MINTER.command_address(person)) == Token(TokenRole.COMMAND, 0, person)
    assert read(MINTER.bounce_address(ticket)) == Token(TokenRole.BOUNCE, ticket, 0)
    assert MINTER.read_message_id(MINTER.message_id(ticket, person, NONCE)) == Token(TokenRole.MESSAGE, ticket, person)


def test_a_tag_has_128_bits_of_mac_and_fits_into_a_local_part() -> None:
    longest = MINTER.reply_address(10**10, 10**9)
    assert len(longest.partition("@")[0]) <= 64  # RFC 5321 section 4.5.3.1.1
    assert len(base64.b32decode(TAG[1:].upper() + "=" * (-len(TAG[1:]) % 8))) >= 1 + 2 + 1 + 16


def test_folded_case_and_odd_wrapping_are_forgiven() -> None:
    assert (
        MINTER.read_address(ADDRESS.upper()) == MINTER.read_address(f"  {ADDRESS} ") == Token(TokenRole.REPLY, 1001, 7)
    )
    mid = MINTER.message_id(1001, 7, NONCE)
    assert MINTER.read_message_id(f" <{mid.upper()}> ") == Token(TokenRole.MESSAGE, 1001, 7)


def test_an_alias_of_the_desk_carries_tokens_too_and_other_addresses_do_not() -> None:
    assert MINTER.read_address(at(TAG, base="help")) is not None
    assert MINTER.read_address(at(TAG, base="sales")) is None
    assert MINTER.read_address(at(TAG, domain="evil.example")) is None
    assert MINTER.read_address(at(TAG, domain="desk.example.evil.example")) is None
    for odd in ("", "@", "+@", "support", "support@desk.example", "support+@desk.example", f"support+{TAG}", TAG):
        assert MINTER.read_address(odd) is None


@pytest.mark.parametrize("role", [r for r in TokenRole if r is not TokenRole.REPLY])
def test_a_tag_of_one_role_never_serves_another(role: TokenRole) -> None:
    assert MINTER.read_address(at(role.value + TAG[1:])) is None


def test_a_message_id_is_no_address_and_an_address_no_message_id() -> None:
    mid = MINTER.message_id(1001, 7, NONCE)
    assert MINTER.read_address(at(mid.partition("@")[0])) is None
    assert MINTER.read_message_id(f"{TAG}@desk.example") is None
    assert MINTER.read_message_id(mid.replace("desk.example", "evil.example")) is None


@pytest.mark.parametrize("cut", range(len(TAG)))
def test_a_shortened_tag_is_worthless(cut: int) -> None:
    assert MINTER.read_address(at(TAG[:cut])) is None
    assert MINTER.read_address(at(TAG[cut + 1 :])) is None
    assert MINTER.read_address(at(TAG[:cut] + TAG[cut + 1 :])) is None


@pytest.mark.parametrize("more", ["a", "aa", "=", "======", "+x", "\0", "é", "8", "a" * 80])
def test_a_lengthened_tag_is_worthless(more: str) -> None:
    assert MINTER.read_address(at(TAG + more)) is None
    assert MINTER.read_address(at(more + TAG)) is None


def test_no_value_has_two_spellings() -> None:
    """The last letter of base32 may hold bits that decoders pass over: a tag must not be varied by them."""
    for ticket in range(1, 300):
        tag = MINTER.reply_address(ticket, 7).partition("+")[2].partition("@")[0]
        others = [tag[:-1] + letter for letter in string.ascii_lowercase + "234567" if letter != tag[-1]]
        assert not [t for t in others if MINTER.read_address(at(t))]


def test_a_hundred_thousand_mutated_tags_open_nothing() -> None:
    rng = random.Random(20261121)
    alphabet = string.ascii_lowercase + "234567"
    accepted = 0
    for _ in range(100_000):
        letters = list(TAG)
        for _ in range(rng.randint(1, 3)):
            letters[rng.randrange(len(letters))] = rng.choice(alphabet)
        mutated = "".join(letters)
        accepted += mutated != TAG and MINTER.read_address(at(mutated)) is not None
    assert accepted == 0


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=100))
def test_any_text_is_read_without_an_exception_and_opens_nothing(text: str) -> None:
    assert MINTER.read_address(text) is None
    assert MINTER.read_address(at(text)) is None
    assert MINTER.read_message_id(text) is None
    assert MINTER.read_message_id(f"{text}@desk.example") is None
    assert MINTER.owns(text) == (text.strip().casefold() in OWN)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(TokenRole))
def test_random_bytes_open_nothing(data: bytes, role: TokenRole) -> None:
    tag = role.value + base64.b32encode(data).decode().rstrip("=").lower()
    assert MINTER.read_address(at(tag)) is None
    assert MINTER.read_message_id(f"{tag}@desk.example") is None


# --- keys -------------------------------------------------------------------------------------------


def minter(*keys: tuple[int, bytes]) -> Minter:
    return Minter(Keyring(keys), "support@desk.example", OWN)


def test_after_a_rotation_old_tokens_are_read_and_new_ones_are_signed_with_the_new_key() -> None:
    old, rotated = minter((1, b"a" * 32)), minter((2, b"b" * 32), (1, b"a" * 32))
    assert rotated.read_address(old.reply_address(1001, 7)) == Token(TokenRole.REPLY, 1001, 7)
    assert old.read_address(rotated.reply_address(1001, 7)) is None
    assert minter((2, b"b" * 32)).read_address(old.reply_address(1001, 7)) is None


def test_another_desks_key_opens_nothing_even_under_the_same_id() -> None:
    assert MINTER.read_address(minter((1, b"x" * 32)).reply_address(1001, 7)) is None


def test_two_message_ids_are_never_the_same() -> None:
    assert len({MINTER.message_id(1001, 7, new_nonce()) for _ in range(1000)}) == 1000
    with pytest.raises(ValueError, match="8 bytes"):
        MINTER.message_id(1001, 7, b"short")


def test_a_key_file_is_read_with_comments_and_a_fresh_line_joins_it() -> None:
    first = Keyring.fresh_line()
    ring = Keyring.parse(f"# keys\n\n{first}  # the first\n")
    assert ring.keys[0][0] == 1
    second = Keyring.fresh_line(frozenset({1}))
    assert [kid for kid, _ in Keyring.parse(f"{second}\n{first}").keys] == [2, 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no key"),
        ("# only a comment", "holds no key"),
        ("1:abcd", "line 1 is not a key"),
        ("1:" + "zz" * 16, "line 1 is not a key"),
        ("0:" + "ab" * 16, "line 1 is not a key"),
        ("256:" + "ab" * 16, "line 1 is not a key"),
        ("ab" * 16, "line 1 is not a key"),
        ("x:" + "ab" * 16, "line 1 is not a key"),
        ("1:" + "ab" * 16 + "\n1:" + "cd" * 16, "stands twice"),
    ],
)
def test_a_wrong_key_file_says_what_is_wrong_and_shows_no_key(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        Keyring.parse(text)
    assert "abab" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("support@desk.example", True),
        ("SUPPORT@Desk.Example", True),
        ("support+anything@desk.example", True),
        ("help@desk.example", True),
        ("supporter@desk.example", False),
        ("support@desk.example.evil.example", False),
        ("support", False),
        ("@desk.example", False),
    ],
)
def test_the_desk_knows_its_own_addresses(address: str, ours: bool) -> None:
    assert MINTER.owns(address) is ours


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("support@desk.example", True),
        ("support+anything@desk.example", True),
        ("postmaster", True),
        ("Postmaster@desk.example", True),
        ("postmaster@else.example", False),
        ("webmaster@desk.example", False),
        ("", False),
    ],
)
def test_the_desks_own_addresses_and_postmaster_are_taken(address: str, taken: bool) -> None:
    assert MINTER.takes(address) is taken
