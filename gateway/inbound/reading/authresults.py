"""Authentication-Results (RFC 8601), read and not believed: whoever uses them pins the authserv-id.

A reader of our own: the usual library refuses what Microsoft 365 writes. Only the order of the fields
tells who wrote one, so the topmost come first, with whether a Received field stands above them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from gateway.inbound.reading.source import Part
from gateway.mail import AuthResult

MAX_FIELDS = 20
MAX_METHODS = 50
MAX_HOPS = 20
_RESULTS = frozenset(
    {"pass", "fail", "none", "neutral", "softfail", "temperror", "permerror", "policy", "bestguesspass",
     "hardfail", "unknown", "discard", "nxdomain", "signed", "skipped"}
)  # fmt: skip
_DOMAIN_OF = {
    "dmarc": ("header.from", "from"),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.mail", "smtp.helo"),
    "arc": ("header.oldest-pass", "arc.chain"),
    "auth": ("smtp.auth",),
    "iprev": ("policy.iprev", "smtp.remote-ip"),
}


def results(root: Part) -> tuple[AuthResult, ...]:
    """The message's Authentication-Results fields, topmost first; ARC's copies are not among them."""
    found: list[AuthResult] = []
    hops: list[str] = []
    for field in root.fields:
        if field.name == "received" and len(hops) <= MAX_HOPS:
            if hops or not _is_local_delivery(field.raw):
                hops.append(_by(field.raw))
        elif field.name == "authentication-results" and len(found) < MAX_FIELDS:
            result = parse(field.raw, above_received=not hops)
            if result is not None:
                found.append(replace(result, hops_above=tuple(hops)))
    return tuple(found)


def _by(received: str) -> str:
    """The host that wrote a Received field (RFC 5321 section 4.4), or ""."""
    words = received[:2000].lower().split()
    return next((host.strip("();") for word, host in pairwise(words) if word == "by"), "")


def _is_local_delivery(received: str) -> bool:
    """LMTP is spoken inside one house alone (RFC 2033 section 5), so the topmost such hops are our own."""
    words = received[:2000].lower().split()
    return any(one == "with" and two.startswith("lmtp") for one, two in pairwise(words))


def parse(value: str, *, above_received: bool) -> AuthResult | None:
    """One field's value; None where it names no server (RFC 8601 section 2.2)."""
    pieces = _pieces(value)
    words = pieces[0].split() if pieces else []
    if not words or "=" in words[0]:
        return None
    methods = [m for piece in pieces[1 : MAX_METHODS + 1] if (m := _method(piece)) is not None]
    return AuthResult(words[0].strip('"').lower(), tuple(methods), above_received)


def _method(piece: str) -> tuple[str, str, str] | None:
    """``dkim=pass reason="good" header.d=example.com`` as (method, result, domain)."""
    properties = _properties(piece)
    if not properties:
        return None
    method, result = properties[0]
    method = method.partition("/")[0]
    if result not in _RESULTS:
        return None
    given = dict(reversed(properties[1:]))
    chosen = next((given[name] for name in _DOMAIN_OF.get(method, ()) if given.get(name)), "")
    return method, result, chosen.rpartition("@")[2].strip("<>.").lower()


def _properties(piece: str) -> list[tuple[str, str]]:
    """Name and value pairs of a piece whose comments are gone; values lose their quotes."""
    found = []
    for word in _joined_equals(piece).split():
        name, equals, value = word.partition("=")
        if equals and name:
            found.append((name.lower(), value.strip('"').lower()))
    return found


def _joined_equals(piece: str) -> str:
    """White space around an equals sign is allowed: ``spf = pass``."""
    return "=".join(part.strip() for part in piece.split("="))


def _pieces(value: str) -> list[str]:
    """The value cut at semicolons, without comments; spaces and semicolons in quotes do not count."""
    out: list[list[str]] = [[]]
    depth, quoted, escaped = 0, False, False
    for char in value:
        if escaped:
            escaped = False
            char = " " if quoted else char
        elif char == "\\" and (quoted or depth):
            escaped = True
            continue
        elif char == '"' and not depth:
            quoted = not quoted
            continue
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and not quoted and depth:
            depth -= 1
            continue
        if depth:
            continue
        if quoted:
            out[-1].append(char if char not in " ;=\t" else "_")
        elif char == ";":
            out.append([])
        else:
            out[-1].append(char)
    return ["".join(piece).strip() for piece in out]
