"""The road that outgoing mail takes, as the settings choose it, and a look whether it is open."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gateway.config import OutboundSmtp, Settings
from gateway.outbound.maildir import MaildirTransport
from gateway.outbound.reply import Refusal, Reply, Stage
from gateway.outbound.smtp_link import Relay, SmtpLink
from gateway.outbound.smtp_transport import SmtpTransport, guarded

Row = tuple[str, bool, str]
"""What was looked at, whether it is well, and what to do when it is not."""


class Transport(Protocol):
    """Hands one mail at a time over; used by one thread."""

    def send(self, raw: bytes, sender: str, recipient: str, *, before_dot: Callable[[], None]) -> Reply:
        """One attempt. ``before_dot`` is called when the next step may deliver; what it raises is passed on."""
        ...

    def idle(self) -> None:
        """There is nothing to send at the moment."""
        ...

    def close(self) -> None: ...


def open_transport(settings: Settings, password: str | None, token: Callable[[], str] | None = None) -> Transport:
    """A new transport; nothing is connected before its first mail."""
    if settings.outbound.maildir is not None:
        return MaildirTransport(settings.path(settings.outbound.maildir.path))
    return SmtpTransport(relay(settings, password, token))


def relay(settings: Settings, password: str | None, token: Callable[[], str] | None = None) -> Relay:
    smtp = settings.outbound.smtp
    assert smtp is not None
    ca_file = settings.path(smtp.ca_file) if smtp.ca_file else None
    return Relay(smtp, hostname(smtp, settings.desk.address), ca_file, password, token)


def hostname(smtp: OutboundSmtp, desk_address: str) -> str:
    """What EHLO says (RFC 5321 section 4.1.1.1 wants a full name): configured, this host's, or the desk's domain."""
    own = smtp.hostname or socket.gethostname()
    return own if smtp.hostname or "." in own else desk_address.rpartition("@")[2]


def probe(settings: Settings, password: str | None, token: Callable[[], str] | None = None) -> list[Row]:
    """For ``gateway check``: a row for each thing looked at, up to the first that fails."""
    if settings.outbound.maildir is not None:
        return [_probe_maildir(settings.path(settings.outbound.maildir.path))]
    return _probe_relay(relay(settings, password, token))


def _probe_maildir(path: Path) -> Row:
    what = f"outgoing mail: Maildir {path}"
    try:
        MaildirTransport(path).prepare()
    except OSError as error:
        return what, False, f"cannot make the folders: {error.strerror}; choose another outbound.maildir.path"
    closed = [part for part in ("tmp", "new") if not os.access(path / part, os.W_OK | os.X_OK)]
    advice = f"{' and '.join(closed)} cannot be written by this user; change the owner of {path}" if closed else ""
    return what, not closed, advice


def _probe_relay(relay: Relay) -> list[Row]:
    smtp, link, rows = relay.smtp, SmtpLink(relay), list[Row]()
    steps = [("connect", link.greet), ("EHLO", link.hello)]
    if smtp.tls == "starttls":
        steps.append(("STARTTLS", link.secure))
    if smtp.username:
        steps.append((f"login as {smtp.username}", link.login_if_wanted))
    for name, step in steps:
        what = f"outgoing mail: {smtp.host}:{smtp.port} {name}"
        try:
            guarded(link, step)
        except Refusal as refusal:
            rows.append((what, False, _advice(refusal.reply, smtp)))
            link.abandon()
            return rows
        rows.append((what, True, ""))
    link.part()
    return rows


_ADVICE = {
    Stage.CONNECT: "check outbound.smtp.host and port, and that a firewall lets us out",
    Stage.TLS: "check outbound.smtp.tls, host (it must be the certificate's name) and ca_file",
    Stage.HELLO: "check outbound.smtp.hostname; the server does not like our EHLO",
    Stage.AUTH: "check outbound.smtp.username and its password or token",
}


def _advice(reply: Reply, smtp: OutboundSmtp) -> str:
    hint = _ADVICE[reply.stage]
    if reply.stage is Stage.CONNECT and smtp.port == 465 and smtp.tls == "starttls":
        hint = 'port 465 speaks TLS from the start: set outbound.smtp.tls = "implicit"'
    return f"{reply.line}; {hint}"
