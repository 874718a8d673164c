"""mail-parser's reading of the sender, as a second opinion: an address that two parsers read differently is not sound.

Attackers live in the differences between parsers (CVE-2023-27043, CVE-2019-16056).
"""

from __future__ import annotations

import logging
import re
from email.message import Message

logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False

_ADDRESS = r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9 _-]{0,60} |\"[A-Za-z0-9 _,.-]{1,60}\" ?"
_PLAIN = re.compile(rf"(?:{_NAME})?<({_ADDRESS})>|({_ADDRESS})")
_BARE_NAME = "invalid-display-name"
"""An unquoted address as display name: common, and judged by ``addresses`` when it is another address."""


def senders(raw_from: str) -> tuple[str, ...] | None:
    """The addresses that mail-parser finds in a From field, in lower case; None where it sees a defect.

    A field so plain that no two parsers can differ is not put to it: it takes longer than all else.
    """
    if plain := _PLAIN.fullmatch(raw_from):
        return ((plain[1] or plain[2]).lower(),)
    import mailparser  # a fifth of what a reader's start costs, and few mails need it

    message = Message()
    message._headers.append(("From", raw_from))  # type: ignore[attr-defined]
    try:
        parsed = mailparser.MailParser(message)
        if any(defect.get("reason") != _BARE_NAME for defect in parsed.address_header_defects):
            return None
        return tuple(address.lower() for _, address in parsed.from_)
    except Exception:  # noqa: BLE001 - the library leaks whatever the bytes provoke
        return None
