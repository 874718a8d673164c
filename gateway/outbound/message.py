"""Bytes and addresses as they may go onto an SMTP wire. Pure, and linear in the length."""

from __future__ import annotations


def canonical(raw: bytes) -> bytes:
    """``raw`` with every line ended by CRLF, the last one too.

    A bare CR or LF must not be sent (RFC 5321 section 2.3.8): servers disagree about it, and smuggling lives on that.
    """
    if raw.endswith(b"\r\n") and raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        return raw  # 25 MB need no copies to become what they are
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    return text.replace(b"\n", b"\r\n")


def dot_stuffed(text: bytes) -> bytes:
    """Transparency (RFC 5321 section 4.5.2). ``text`` is canonical."""
    stuffed = text.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def wire_address(address: str) -> str:
    """An address as it stands between the angle brackets, an international domain in its ASCII form (RFC 5891).

    "" is the null reverse-path. Raises ValueError when it could break out of the command or cannot be an address.
    """
    if not address:
        return ""
    local, at, domain = address.rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    if not (at and local and domain) or len(address.encode("utf-8", "surrogatepass")) > 254:
        raise ValueError("it is not a mail address")
    if any(ch in "<>" or not ch.isprintable() or (ch == " " and not quoted) for ch in local):
        raise ValueError("it holds characters that no address may hold")
    if any(ch in '<>() ",;' or not ch.isprintable() for ch in domain):
        raise ValueError("its domain holds characters that no domain may hold")
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("its domain cannot be written in ASCII") from None
