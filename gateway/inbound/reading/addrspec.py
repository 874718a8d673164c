"""An addr-spec (RFC 5322 section 3.4.1): local part and domain, and whether they are plain and well-formed."""

from __future__ import annotations

import re
import unicodedata

from gateway.inbound.reading import charset, encodedwords

MAX_LENGTH = 254
"""Characters of an addr-spec (RFC 5321 section 4.5.3.1.3)."""
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?\.?")
_LITERAL = re.compile(r"\[[0-9A-Za-z.:]{2,60}\]")
_GAP = re.compile(r"[^\s.]\s+[^\s.]")
"""White space in a local part that is not beside a dot (RFC 5322 section 4.4)."""


def parse(text: str) -> tuple[str | None, bool]:
    """The addr-spec in ``text`` with its domain in lower case, and whether it is plain and well-formed."""
    spec = "".join(c for c in text.strip() if not unicodedata.category(c).startswith("C"))
    sound = len(spec) == len(text.strip())
    if spec.lower().startswith("mailto:"):
        spec, sound = spec[7:], False
    if spec.startswith("@") and ":" in spec:
        spec, sound = spec.partition(":")[2].strip(), False
    if "(" in spec and not spec.startswith('"'):
        spec, sound = _without_comments(spec), False
    local, at, domain = spec.rpartition("@")
    local, domain = local.strip(), domain.strip()
    if not at or not local or not domain or len(spec) > 1000:
        return None, False
    local, local_sound = _local_part(local)
    domain, domain_sound = _domain(domain)
    if not local or not domain:
        return None, False
    address = f"{local}@{domain}"
    return address, sound and local_sound and domain_sound and len(address) <= MAX_LENGTH


def _without_comments(text: str) -> str:
    """Comments may stand anywhere in an obsolete addr-spec (RFC 5322 section 4.4)."""
    out, depth = [], 0
    for char in text:
        depth += char == "("
        if not depth:
            out.append(char)
        depth -= char == ")" and depth > 0
    return "".join(out)


def _local_part(local: str) -> tuple[str, bool]:
    if local.startswith('"') and local.endswith('"') and len(local) > 1:
        inner = local[1:-1]
        if _ATOM.fullmatch(inner) and not _bad_dots(inner):
            return inner, True
        return charset.clean_line(local), False
    if _GAP.search(local):
        return "", False
    cleaned = "".join(charset.clean_line(encodedwords.decode(local)).split())
    return cleaned, cleaned == local and _ATOM.fullmatch(local) is not None and not _bad_dots(local)


def _bad_dots(local: str) -> bool:
    return local.startswith(".") or local.endswith(".") or ".." in local


def _domain(domain: str) -> tuple[str, bool]:
    """The domain in lower case; an internationalised one in its ASCII form (RFC 5890) where it has one."""
    if _LITERAL.fullmatch(domain):
        return domain.lower(), False
    if domain.isascii():
        lower = "".join(domain.split()).lower().rstrip(".")
        return lower.strip("<>"), lower == domain.lower() and _DOMAIN.fullmatch(lower) is not None and ".." not in lower
    normal = unicodedata.normalize("NFC", charset.clean_line(domain)).lower()
    try:
        ascii_form = normal.encode("idna").decode("ascii")
        return ascii_form, normal == domain and ascii_form.encode("ascii").decode("idna") == normal
    except (UnicodeError, ValueError):
        return "".join(normal.split()), False
