"""Capabilities in addresses and Message-IDs: minted and verified here, nowhere else.

A tag is ``role letter + base32(key id, numbers, MAC)`` in lower case, because mail systems fold the
case of a local part (RFC 5321 section 2.4 warns of it). The MAC is the first 128 bits of HMAC-SHA-256
(RFC 2104, truncated as section 5 there allows) over the role and the numbers, so that a tag of one
role, ticket or person never serves another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import ConfigError

_CONTEXT = b"ticket-gateway/1:"
_MAC_BYTES = 16
_NONCE_BYTES = 8
_LONGEST_TAG = 80


class TokenRole(StrEnum):
    """First letter of a tag, and what it allows."""

    REPLY = "r"
    """Write on a ticket: a client's reply, or an agent's answer to the client."""
    NOTE = "n"
    """Write an internal note on a ticket."""
    COMMAND = "c"
    """An agent's own address for new conversations; bound to no ticket."""
    BOUNCE = "b"
    """Envelope sender of one notice (VERP); ``ticket`` holds the notice's id."""
    MESSAGE = "m"
    """A Message-ID that we minted."""


@dataclass(frozen=True, slots=True)
class Token:
    role: TokenRole
    ticket: int
    person: int


@dataclass(frozen=True, slots=True)
class Keyring:
    """Signing keys by key id, the newest first; the first one signs, all of them verify."""

    keys: tuple[tuple[int, bytes], ...]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """One ``id:hex`` a line, the newest first; empty lines and # comments are passed over.

        Raises ConfigError when a line is malformed, too short (128 bits) or an id stands twice.
        """
        keys: list[tuple[int, bytes]] = []
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.partition("#")[0].strip()
            if entry:
                keys.append(_key(entry, number))
        if not keys:
            raise ConfigError([("desk.secret_file", "holds no key; run `gateway init` in an empty folder to make one")])
        if len({kid for kid, _ in keys}) != len(keys):
            raise ConfigError([("desk.secret_file", "a key id stands twice; every key needs an id of its own")])
        return cls(tuple(keys))

    @classmethod
    def fresh_line(cls, taken: frozenset[int] = frozenset()) -> str:
        """A new key as a line of the file, with the smallest id that is free."""
        kid = next(k for k in range(1, 256) if k not in taken)
        return f"{kid}:{secrets.token_hex(32)}"

    def sign(self, role: TokenRole, body: bytes) -> bytes:
        kid, key = self.keys[0]
        head = bytes([kid]) + body
        return head + _mac(key, role, head)

    def verify(self, role: TokenRole, signed: bytes) -> bytes | None:
        """The body that was signed, or None. Constant time in the MAC."""
        if len(signed) <= 1 + _MAC_BYTES:
            return None
        head, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
        key = next((k for kid, k in self.keys if kid == head[0]), None)
        if key is None or not hmac.compare_digest(_mac(key, role, head), mac):
            return None
        return head[1:]


def _key(entry: str, number: int) -> tuple[int, bytes]:
    kid, colon, digits = entry.partition(":")
    try:
        key = bytes.fromhex(digits)
        if colon and 0 < int(kid) < 256 and len(key) >= _MAC_BYTES:
            return int(kid), key
    except ValueError:
        pass
    raise ConfigError(
        [
            (
                "desk.secret_file",
                f"line {number} is not a key; write `id:hex` with an id of 1 to 255 and 32 or more digits",
            )
        ]
    )


def _mac(key: bytes, role: TokenRole, head: bytes) -> bytes:
    return hmac.new(key, _CONTEXT + role.value.encode() + b":" + head, hashlib.sha256).digest()[:_MAC_BYTES]


@dataclass(frozen=True, slots=True)
class Minter:
    """Mints and reads tags for one desk. ``own`` are all its addresses, casefolded, ``address`` the first."""

    keyring: Keyring
    address: str
    own: frozenset[str]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def reply_address(self, ticket: int, person: int) -> str:
        return self._plus(TokenRole.REPLY, ticket, person)

    def note_address(self, ticket: int, person: int) -> str:
        return self._plus(TokenRole.NOTE, ticket, person)

    def command_address(self, person: int) -> str:
        return self._plus(TokenRole.COMMAND, 0, person)

    def bounce_address(self, notice: int) -> str:
        """Envelope sender that leads a bounce back to its notice (VERP)."""
        return self._plus(TokenRole.BOUNCE, notice, 0)

    def message_id(self, ticket: int, person: int, nonce: bytes) -> str:
        """A signed Message-ID without angle brackets (RFC 5322 section 3.6.4). ``nonce``: 8 bytes."""
        if len(nonce) != _NONCE_BYTES:
            raise ValueError(f"a nonce has {_NONCE_BYTES} bytes")
        body = _varint(ticket) + _varint(person) + nonce
        return f"{_tag(TokenRole.MESSAGE, self.keyring.sign(TokenRole.MESSAGE, body))}@{self.domain}"

    def read_address(self, address: str) -> Token | None:
        """The token in one of our plus-addresses, or None for any other address and any forgery."""
        local, _, domain = address.strip().casefold().rpartition("@")
        base, plus, tag = local.partition("+")
        if not plus or f"{base}@{domain}" not in self.own:
            return None
        return self._read(tag, frozenset(TokenRole) - {TokenRole.MESSAGE}, trailing=0)

    def read_message_id(self, message_id: str) -> Token | None:
        """The token in a Message-ID that we minted, or None."""
        local, _, domain = message_id.strip().strip("<>").casefold().rpartition("@")
        if domain not in {a.rpartition("@")[2] for a in self.own}:
            return None
        return self._read(local, frozenset({TokenRole.MESSAGE}), trailing=_NONCE_BYTES)

    def owns(self, address: str) -> bool:
        """Is this one of the desk's addresses, with or without a plus tag?"""
        local, _, domain = address.strip().casefold().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" in self.own

    def takes(self, address: str) -> bool:
        """Is mail for this address ours to take? Our own, and postmaster's (RFC 5321 section 4.5.1)."""
        local, at, domain = address.strip().casefold().partition("@")
        ours = not at or domain in {a.rpartition("@")[2] for a in self.own}
        return (local == "postmaster" and ours) or self.owns(address)

    def _plus(self, role: TokenRole, ticket: int, person: int) -> str:
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{_tag(role, self.keyring.sign(role, _varint(ticket) + _varint(person)))}@{domain}"

    def _read(self, tag: str, roles: frozenset[TokenRole], trailing: int) -> Token | None:
        if not 2 <= len(tag) <= _LONGEST_TAG or tag[0] not in {r.value for r in roles}:
            return None
        role = TokenRole(tag[0])
        signed = _decode(tag[1:])
        body = self.keyring.verify(role, signed) if signed is not None else None
        if body is None:
            return None
        ticket, rest = _read_varint(body)
        person, rest = _read_varint(rest)
        return Token(role, ticket, person) if len(rest) == trailing else None


def new_nonce() -> bytes:
    return secrets.token_bytes(_NONCE_BYTES)


def _tag(role: TokenRole, signed: bytes) -> str:
    return role.value + base64.b32encode(signed).decode().rstrip("=").lower()


def _decode(text: str) -> bytes | None:
    """Strict base32: one spelling for each value, so that a tag cannot be varied and stay valid."""
    try:
        value = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return value if base64.b32encode(value).decode().rstrip("=").lower() == text else None


def _varint(number: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _read_varint(data: bytes) -> tuple[int, bytes]:
    number = shift = 0
    for index, byte in enumerate(data[:9]):
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, data[index + 1 :]
    return 0, b"\0" * 99  # over-long: no caller accepts such a rest
