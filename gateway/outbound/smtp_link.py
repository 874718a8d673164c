"""One connection to the relay: smtplib with every reply bounded and every wait under a deadline."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import OutboundSmtp
from gateway.errors import GatewayError, Temporary
from gateway.outbound.reply import Outcome, Refusal, Stage, judge, ours, unanswered

if TYPE_CHECKING:
    from typing_extensions import Buffer

_LINE_MAX = 4096  # RFC 5321 section 4.5.3.1.5 says 512; servers are not that exact
_LINES_MAX = 128
_BLOCK = 1 << 16
_QUIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Relay:
    """Where outgoing mail goes, and as whom. ``token`` gives a fresh OAuth 2.0 access token."""

    smtp: OutboundSmtp
    hostname: str
    ca_file: Path | None = None
    password: str | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)

    @property
    def dialogue_seconds(self) -> int:
        """The most that everything before the body may take, the connection included."""
        return self.smtp.connect_timeout + 2 * self.smtp.command_timeout

    def tls_context(self) -> ssl.SSLContext:
        """Verified, TLS 1.2 or newer (RFC 8314 section 4.1). Raises Refusal when ``ca_file`` cannot be read."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        except OSError as error:
            text = f"cannot read outbound.smtp.ca_file {self.ca_file}: {error.strerror or error}"
            raise Refusal(ours(Outcome.MISCONFIGURED, Stage.TLS, text)) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class SmtpLink(smtplib.SMTP):
    """A session, kept for many mails by one thread. ``stage`` tells how far the present attempt has come.

    Methods raise Refusal for an answer that ends the attempt, OSError (smtplib's errors are OSErrors) for a
    lost connection, a deadline that passed or a reply that is not SMTP. After either of the latter: ``abandon``.
    """

    def __init__(self, relay: Relay) -> None:
        super().__init__(local_hostname=relay.hostname)
        self.relay = relay
        self.stage = Stage.CONNECT
        self.mails = 0
        self.last_used = time.monotonic()
        self._incoming = bytearray()
        self._deadline = self._end_of_dialogue = time.monotonic() + relay.dialogue_seconds

    # --- waiting, within bounds ---------------------------------------------------------------------

    def begin_dialogue(self) -> None:
        """All that comes before the next body shares one budget, so that a slow drip cannot outlast the lease."""
        self._end_of_dialogue = time.monotonic() + self.relay.dialogue_seconds

    def _within(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _remaining(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def send(self, s: Buffer | str) -> None:
        """Send all of it before the deadline. A reply that nobody asked for means that we are out of step."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self._incoming:
            raise smtplib.SMTPServerDisconnected("the server spoke out of turn")
        data = memoryview(s.encode("utf-8") if isinstance(s, str) else s)
        for start in range(0, len(data), _BLOCK):
            self.sock.settimeout(self._remaining())
            self.sock.sendall(data[start : start + _BLOCK])

    def getreply(self) -> tuple[int, bytes]:
        """One whole reply (RFC 5321 section 4.2.1), of bounded size: the server may be anybody."""
        lines: list[bytes] = []
        while len(lines) < _LINES_MAX:
            line = self._line()
            if not (line[:3].isdigit() and line[:1] in b"2345" and line[3:4] in (b"", b" ", b"-")):
                raise smtplib.SMTPServerDisconnected("the server's answer is not SMTP")
            if lines and line[:3] != lines[0][:3]:
                raise smtplib.SMTPServerDisconnected("the lines of the server's answer contradict each other")
            lines.append(line)
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(part[4:].strip() for part in lines)
        raise smtplib.SMTPServerDisconnected("the server's answer is too long")

    def _line(self) -> bytes:
        while (end := self._incoming.find(b"\n")) < 0:
            if len(self._incoming) > _LINE_MAX:
                raise smtplib.SMTPServerDisconnected("a line of the server's answer is too long")
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("not connected")
            self.sock.settimeout(self._remaining())
            data = self.sock.recv(_LINE_MAX)
            if not data:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._incoming += data
        line = bytes(self._incoming[:end])
        del self._incoming[: end + 1]
        return line.rstrip(b"\r")

    def still_answers(self) -> bool:
        """RSET: a kept session is there, and clear of what a refused mail left (RFC 5321 section 4.1.1.5)."""
        self.begin_dialogue()
        self._within(self.relay.smtp.connect_timeout)
        try:
            code, _ = self.docmd("RSET")
        except OSError:
            return False
        return code // 100 == 2

    def ask(self, stage: Stage, command: str, argument: str = "", *, expected: int = 2) -> bytes:
        """Send a command; the text of its reply when the code begins with ``expected``, else Refusal."""
        self._enter(stage)
        code, message = self.docmd(command, argument)
        return _expect(stage, expected, code, message)

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._within(min(self.relay.smtp.command_timeout, self._end_of_dialogue - time.monotonic()))

    # --- opening --------------------------------------------------------------------------------------

    def greet(self) -> None:
        """Connect, with TLS at once when it is implicit (RFC 8314 section 3.3), and hear the greeting."""
        smtp = self.relay.smtp
        self.stage = Stage.CONNECT
        self.sock = socket.create_connection((smtp.host, smtp.port), smtp.connect_timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the dot must not wait for an ACK
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if smtp.tls == "implicit":
            self._wrap()
        self._enter(Stage.CONNECT)
        _expect(Stage.CONNECT, 2, *self.getreply())

    def hello(self) -> None:
        self._enter(Stage.HELLO)
        _expect(Stage.HELLO, 2, *self.ehlo())

    def secure(self) -> None:
        """STARTTLS when it was chosen (RFC 3207): never optional, and nothing heard before it is believed."""
        if self.relay.smtp.tls != "starttls":
            return
        self.stage = Stage.TLS
        if not self.has_extn("starttls"):
            text = "the server does not offer STARTTLS; set outbound.smtp.tls to what it offers"
            raise Refusal(ours(Outcome.MISCONFIGURED, Stage.TLS, text, "5.7.10"))
        self.ask(Stage.TLS, "STARTTLS")
        if self._incoming:
            raise smtplib.SMTPServerDisconnected("the server spoke before TLS had begun")
        self._wrap()
        self.hello()

    def _wrap(self) -> None:
        self._enter(Stage.TLS)
        assert self.sock is not None
        self.sock.settimeout(self._remaining())
        context = self.relay.tls_context()
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=self.relay.smtp.host)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise
        except ssl.SSLError as error:
            text = getattr(error, "verify_message", "") or error.reason or str(error)
            raise Refusal(ours(Outcome.MISCONFIGURED, Stage.TLS, f"TLS failed: {text}", "5.7.10")) from None

    def login_if_wanted(self) -> None:
        """AUTH XOAUTH2, PLAIN or LOGIN (RFC 4954), inside TLS unless the settings say tls = "none"."""
        user = self.relay.smtp.username
        if not user:
            return
        self.stage = Stage.AUTH
        if self.relay.smtp.tls != "none" and not isinstance(self.sock, ssl.SSLSocket):
            raise Refusal(ours(Outcome.MISCONFIGURED, Stage.AUTH, "no credentials are sent without TLS", "5.7.11"))
        offered = {word.upper() for word in self.esmtp_features.get("auth", "").split()}
        if self.relay.token is not None:
            self._login_xoauth2(user, _fresh(self.relay.token))
        elif "PLAIN" in offered:
            self.ask(Stage.AUTH, "AUTH PLAIN", _base64(f"\0{user}\0{self.relay.password or ''}"))
        elif "LOGIN" in offered:
            self.ask(Stage.AUTH, "AUTH LOGIN", expected=3)
            self.ask(Stage.AUTH, _base64(user), expected=3)
            self.ask(Stage.AUTH, _base64(self.relay.password or ""))
        else:
            text = "the server offers no login that we know; remove outbound.smtp.username, or use another port"
            raise Refusal(ours(Outcome.MISCONFIGURED, Stage.AUTH, text, "5.7.4"))

    def _login_xoauth2(self, user: str, token: str) -> None:
        """A refusal comes as a 334 whose detail has to be answered before the 535."""
        self._enter(Stage.AUTH)
        code, message = self.docmd("AUTH XOAUTH2", _base64(f"user={user}\x01auth=Bearer {token}\x01\x01"))
        if code == 334:
            code, message = self.docmd("")
        _expect(Stage.AUTH, 2, code, message)

    # --- one mail -------------------------------------------------------------------------------------

    @property
    def size_limit(self) -> int:
        """Octets that the server takes (RFC 1870 section 4); 0: it does not say."""
        value = self.esmtp_features.get("size", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0

    def body(self, text: bytes) -> None:
        """Send the dot-stuffed text, without the dot. A server that hangs up in the middle may have said why."""
        self._within(self.relay.smtp.data_timeout)
        try:
            self.send(text)
        except OSError:
            self._last_words()
            raise

    def _last_words(self) -> None:
        """Raises Refusal when an answer had been sent before the connection broke."""
        self._within(2)
        try:
            code, message = self.getreply()
        except OSError:
            return
        if code >= 400:
            raise Refusal(judge(Stage.DATA, code, message))

    def dot(self) -> tuple[int, bytes]:
        """The end of the data, and what the server says to it. From here on, silence is ambiguous (RFC 1047)."""
        self.stage = Stage.DOT
        self._within(self.relay.smtp.data_timeout)
        self.send(b".\r\n")
        return self.getreply()

    # --- closing --------------------------------------------------------------------------------------

    def part(self) -> None:
        """QUIT, for politeness alone: no answer to it changes what was said before."""
        self._within(_QUIT_SECONDS)
        try:
            self.docmd("QUIT")
        except (OSError, ValueError):
            pass
        self.abandon()

    def abandon(self) -> None:
        """Close at once. A body whose dot was not sent is discarded by the server (RFC 5321 section 4.1.1.4)."""
        try:
            self.close()
        except OSError:
            pass


def unheard(stage: Stage, error: OSError | ValueError) -> Refusal:
    """The refusal that a lost connection or a passed deadline amounts to; a ValueError is a host that is no name."""
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return Refusal(ours(Outcome.MISCONFIGURED, stage, str(error)))
    return Refusal(ours(unanswered(stage), stage, error.strerror or str(error) or type(error).__name__, "4.4.2"))


def _fresh(token: Callable[[], str]) -> str:
    try:
        return token()
    except (GatewayError, OSError) as error:
        ours_to_mend = not isinstance(error, Temporary | OSError)
        outcome = Outcome.MISCONFIGURED if ours_to_mend else Outcome.TEMPORARY
        raise Refusal(ours(outcome, Stage.AUTH, f"no access token: {error}")) from None


def _expect(stage: Stage, expected: int, code: int, message: bytes) -> bytes:
    if code // 100 != expected:
        raise Refusal(judge(stage, code, message))
    return message


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
