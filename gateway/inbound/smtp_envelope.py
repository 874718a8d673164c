"""Senders, recipients and announced sizes: what is taken, and how it reads as our envelope."""

from __future__ import annotations

from typing import Any

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as Draft

from gateway import log
from gateway.inbound import smtp_replies as replies
from gateway.inbound.smtp_intake import Intake
from gateway.mail import Envelope


class Rules:
    """Which senders and recipients are taken; aiosmtpd calls these by name."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def handle_MAIL(self, _server: SMTP, _session: Any, draft: Draft, sender: str, options: list[str]) -> str:
        if not sender.isascii() and not draft.smtp_utf8:
            return replies.NEEDS_SMTPUTF8
        draft.mail_from = sender
        draft.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, _server: SMTP, _session: Any, draft: Draft, address: str, _options: list[str]) -> str:
        if not address.isascii() and not draft.smtp_utf8:
            return replies.NEEDS_SMTPUTF8
        if len(draft.rcpt_tos) >= self._intake.limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        if not await self._intake.knows(address):
            log.smtp_recipient_refused(self._intake.name, address)
            return replies.UNKNOWN_RECIPIENT
        draft.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"


def envelope_of(draft: Draft, peer: str) -> Envelope:
    sender = "" if draft.mail_from in (None, "<>") else str(draft.mail_from)
    return Envelope(sender=sender, recipients=tuple(dict.fromkeys(draft.rcpt_tos)), peer=peer)


def declared_size(draft: Draft) -> int:
    """The size that MAIL announced (RFC 1870), else 0; aiosmtpd has checked its form."""
    sizes = [option[5:] for option in draft.mail_options if option.startswith("SIZE=")]
    return int(sizes[-1]) if sizes else 0


def is_clean(address: str) -> bool:
    """No control character and no byte that was not UTF-8 (aiosmtpd makes those lone surrogates)."""
    return not any(ch < " " or "\x7f" <= ch <= "\x9f" or "\ud800" <= ch <= "\udfff" for ch in address)
