"""The last look at what goes to a client, in the very bytes that will leave."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from gateway.desk.notices import KINDS, Audience, Claim
from gateway.errors import Permanent

Firewall = Callable[[Claim, str], str | None]
"""Given a claim and the text about to leave: a reason to hold it, or None."""


def check(claim: Claim, raw: bytes, firewall: Firewall) -> None:
    """Raises Permanent ("held: …") when a client's notice must not leave; what staff get is not looked at."""
    if KINDS[claim.outgoing.draft.kind].audience is not Audience.CLIENT:
        return
    reason = firewall(claim, text_of(raw))
    if reason is not None:
        raise Permanent(f"held: {reason}")


def text_of(raw: bytes) -> str:
    """The text alternative of a mail that we composed; of one without it whatever body there is."""
    message = message_from_bytes(_without_files(raw), policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    return str(body.get_content()) if body is not None else raw.decode("utf-8", "replace")


def _without_files(raw: bytes) -> bytes:
    """A mail of ours up to the first file: parsing takes ten times the size of what is parsed."""
    head = raw[: raw.find(b"\r\n\r\n") + 4]
    message = message_from_bytes(head, policy=default)
    if message.get_content_subtype() != "mixed":
        return raw
    delimiter = f"--{message.get_boundary()}\r\n".encode()
    file = raw.find(b"\r\n" + delimiter, raw.find(delimiter, len(head)) + len(delimiter))
    return raw[:file] if file > 0 else raw
