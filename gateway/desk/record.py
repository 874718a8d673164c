"""A mail that came in, as a message of a ticket. Pure."""

from __future__ import annotations

from gateway.desk import decision as d
from gateway.desk.arrival import Arrival
from gateway.desk.model import Direction
from gateway.mail import Address

NOBODY = Address("", "unknown@sender.invalid")
"""RFC 2606 section 2: stands for a sender who cannot be answered."""


def incoming(arrival: Arrival, number: int, author_id: int | None) -> d.AddMessage:
    """``author_id`` None: no person wrote it, and later mail does not find the ticket by its Message-IDs."""
    mail = arrival.mail
    by_person = author_id is not None
    return d.AddMessage(
        ticket=number,
        direction=Direction.IN,
        kind=mail.kind.value,
        author=mail.sender or NOBODY,
        author_id=author_id,
        subject=mail.subject,
        text=mail.text,
        reply=mail.reply,
        to=mail.to,
        cc=mail.cc,
        files=arrival.files,
        message_id=mail.message_id or "" if by_person else "",
        references=(*mail.references, *mail.in_reply_to) if by_person else (),
        evidence=arrival.evidence,
        from_mail=True,
    )
