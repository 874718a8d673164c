"""From settings to a connection that is logged in; nothing secret is sent before the TLS that was asked for."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path

from gateway import config
from gateway.inbound.imap_link import Link, LoginRefused, NoSuchPlace
from gateway.inbound.imap_wire import Pulse
from gateway.oauth import Tokens

_SHORTEST_SESSION = 5.0
"""Seconds; a server whose tokens expire at once must not make us reconnect at once."""


def tls_context(settings: config.InboundImap, resolve: Callable[[Path], Path]) -> ssl.SSLContext | None:
    """A verifying context, TLS 1.2 or newer; None for ``tls = "none"``. Raises NoSuchPlace for a bad ca_file."""
    if settings.tls == "none":
        return None
    ca_file = str(resolve(settings.ca_file)) if settings.ca_file else None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise NoSuchPlace(f"ca_file {ca_file} cannot be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Login:
    """How one mailbox is opened. ``password`` is asked at each login, so that a new one in the file is seen."""

    def __init__(
        self,
        settings: config.InboundImap,
        password: Callable[[], str | None],
        resolve: Callable[[Path], Path],
    ) -> None:
        self._settings, self._password, self._resolve = settings, password, resolve
        self._secret = ""
        self._tokens = Tokens(settings.oauth2, resolve) if settings.oauth2 else None

    def connect(self, pulse: Pulse) -> Link:
        """A connection with its TLS, not logged in. Raises Lost, NoSuchPlace."""
        settings = self._settings
        context = tls_context(settings, self._resolve)
        return Link.open(settings.host, settings.port, pulse, context=context, starttls=settings.tls == "starttls")

    def identify(self, link: Link) -> float | None:
        """Log in; returns the monotonic time at which to connect anew, since a token expires, or None.

        Raises LoginRefused, Lost, ConfigError, and what the token server makes of it.
        """
        if self._tokens is None:
            self._secret = self._password() or ""
            link.login(self._settings.username, self._secret)
            return None
        token = self._tokens.token()
        self._secret = token.value
        try:
            link.login_xoauth2(self._settings.username, token.value)
        except LoginRefused:
            self._tokens.forget()
            raise
        return max(token.spent_at, time.monotonic() + _SHORTEST_SESSION)

    def open(self, pulse: Pulse) -> tuple[Link, float | None]:
        """Both steps; the connection is closed when the second fails."""
        link = self.connect(pulse)
        try:
            return link, self.identify(link)
        except BaseException:
            link.close()
            raise

    def redact(self, text: str) -> str:
        """A server's words without what we told it: some quote the login in their refusal."""
        for ours in (self._secret, self._settings.username):
            text = text.replace(ours, "***") if ours else text
        return text
