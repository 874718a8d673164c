"""Hands mails to the relay, one recipient an envelope, over one kept connection."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.outbound.message import canonical, dot_stuffed, wire_address
from gateway.outbound.reply import Outcome, Refusal, Reply, Stage, judge, ours
from gateway.outbound.smtp_link import Relay, SmtpLink, unheard

MAILS_PER_CONNECTION = 100
IDLE_SECONDS = 60.0


class SmtpTransport:
    """One connection and so one thread. It is opened for the first mail and when the server has given it up."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self._link: SmtpLink | None = None

    def send(self, raw: bytes, sender: str, recipient: str, *, before_dot: Callable[[], None]) -> Reply:
        """One attempt (RFC 5321 section 3.3). ``before_dot`` runs when only the final dot is missing.

        Whatever ``before_dot`` raises is passed on, and the mail has then not been delivered.
        """
        text = canonical(raw)
        try:
            envelope = wire_address(sender), wire_address(recipient)
        except ValueError as error:
            return ours(Outcome.PERMANENT, Stage.RCPT, f"the address cannot be used: {error}", "5.1.3")
        try:
            link = self._ready()
            _envelope(link, *envelope, text)
        except Refusal as refusal:
            return self._refused(refusal.reply)
        try:
            before_dot()
        except BaseException:
            self._abandon()
            raise
        return self._finish(link)

    def idle(self) -> None:
        """Nothing to send at the moment: leave the server when this has lasted for a while."""
        if self._link is not None and time.monotonic() - self._link.last_used > IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        if self._link is not None:
            self._link.part()
            self._link = None

    def _ready(self) -> SmtpLink:
        """The kept connection if it still answers, else a new one. Raises Refusal."""
        if self._link is not None and self._still_good(self._link):
            return self._link
        link = self._link = SmtpLink(self.relay)
        for step in (link.greet, link.hello, link.secure, link.login_if_wanted):
            guarded(link, step)
        return link

    def _still_good(self, link: SmtpLink) -> bool:
        if link.mails >= MAILS_PER_CONNECTION or time.monotonic() - link.last_used > IDLE_SECONDS:
            self.close()
        elif not link.still_answers():
            self._abandon()
        return self._link is not None

    def _finish(self, link: SmtpLink) -> Reply:
        try:
            reply = judge(Stage.DOT, *link.dot())
        except (OSError, ValueError) as error:
            return self._refused(unheard(Stage.DOT, error).reply)
        link.last_used = time.monotonic()
        return self._refused(reply) if reply.outcome is not Outcome.DELIVERED else reply

    def _refused(self, reply: Reply) -> Reply:
        """Keep the connection only where the server has given a clear answer and stays."""
        if self._link is not None:
            self._link.last_used = time.monotonic()
        if reply.stage.before_mail or reply.code < 400 or reply.code == 421:
            self._abandon()
        return reply

    def _abandon(self) -> None:
        if self._link is not None:
            self._link.abandon()
            self._link = None


def guarded(link: SmtpLink, step: Callable[[], None]) -> None:
    """Run one step; a lost connection becomes the Refusal of the stage it was lost at."""
    try:
        step()
    except (OSError, ValueError) as error:
        raise unheard(link.stage, error) from None


def _envelope(link: SmtpLink, sender: str, recipient: str, text: bytes) -> None:
    """Everything up to the final dot. Raises Refusal."""
    limit = link.size_limit
    if limit and len(text) > limit:
        why = f"the message has {len(text)} bytes, the mail server takes {limit}"
        raise Refusal(ours(Outcome.PERMANENT, Stage.MAIL, why, "5.3.4"))
    parameters = _mail_parameters(link, sender, recipient, text)

    def dialogue() -> None:
        link.mails += 1
        link.ask(Stage.MAIL, "MAIL", f"FROM:<{sender}>{parameters}")
        link.ask(Stage.RCPT, "RCPT", f"TO:<{recipient}>")
        link.ask(Stage.DATA, "DATA", expected=3)
        link.body(dot_stuffed(text))

    guarded(link, dialogue)


def _mail_parameters(link: SmtpLink, sender: str, recipient: str, text: bytes) -> str:
    """SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531) where they are offered and apply."""
    parameters = ""
    if link.has_extn("size"):
        parameters += f" SIZE={len(text)}"
    if link.has_extn("8bitmime") and not text.isascii():
        parameters += " BODY=8BITMIME"
    if not (sender + recipient).isascii():
        if not link.has_extn("smtputf8"):
            why = "the mail server cannot take an address with characters outside ASCII"
            raise Refusal(ours(Outcome.PERMANENT, Stage.MAIL, why, "5.6.7"))
        parameters += " SMTPUTF8"
    return parameters
