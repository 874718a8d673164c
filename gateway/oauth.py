"""Access tokens for SASL XOAUTH2: fetched with a refresh token or with client credentials, and kept while they last.

A refresh token that the server rotates replaces the old one in its file atomically, before the new access
token is used: a lost one locks the desk out of its mailbox.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway import config, log
from gateway.errors import Permanent, Temporary

_TIMEOUT_SECONDS = 10
_MAX_ANSWER = 1 << 20
_EARLY_SECONDS = 300.0
"""How long before its end a token counts as spent: servers cut the connections of expired ones."""


class TokenUnavailable(Temporary):
    """The authorisation server cannot be reached, or answers nothing of use."""


class TokenRefused(Permanent):
    """The authorisation server will not give a token (RFC 6749 section 5.2); ``cause`` says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the monotonic time at which to have another."""

    value: str
    spent_at: float

    def __repr__(self) -> str:
        return f"Token(spent_at={self.spent_at})"


class Tokens:
    """Gives access tokens for one login; any thread may ask.

    ``resolve`` makes a path of the configuration absolute. With a refresh token file the grant is
    refresh_token (RFC 6749 section 6), else client_credentials (section 4.4).
    """

    def __init__(
        self,
        settings: config.OAuth2,
        resolve: Callable[[Path], Path] = Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._resolve, self._clock = settings, resolve, clock
        self._token: Token | None = None
        self._rotated = ""
        self._lock = threading.Lock()

    def token(self) -> Token:
        """A token that is good for some minutes at least.

        Raises TokenUnavailable when the server cannot be reached, TokenRefused when it says no, ConfigError when a
        secret file cannot be read.
        """
        with self._lock:
            if self._token is None or self._clock() >= self._token.spent_at:
                self._token = self._renew()
            return self._token

    def _renew(self) -> Token:
        try:
            return self._fetch()
        except TokenRefused:
            self._rotated = ""  # an admin who puts a new token into the file must be heard
            raise

    def forget(self) -> None:
        """Throw the kept token away, since a mail server refused it."""
        with self._lock:
            self._token = None

    def __call__(self) -> str:
        return self.token().value

    def _fetch(self) -> Token:
        asked_at = self._clock()
        form = self._request()
        answer = _post(self._settings.token_url, form)
        value = answer.get("access_token")
        if not isinstance(value, str) or not value or any(not "!" <= ch <= "~" for ch in value):
            raise TokenUnavailable("the token server's answer holds no usable access_token")
        self._keep_rotated(form.get("refresh_token"), answer.get("refresh_token"))
        lifetime = _seconds(answer.get("expires_in"))
        return Token(value, asked_at + max(lifetime - _EARLY_SECONDS, lifetime / 2))

    def _request(self) -> dict[str, str]:
        settings = self._settings
        form = {"client_id": settings.client_id, "grant_type": "client_credentials"}
        if settings.client_secret_file is not None:
            form["client_secret"] = config.read_secret(self._resolve(settings.client_secret_file))
        if settings.refresh_token_file is not None:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh_token(settings.refresh_token_file)}
        return form | ({"scope": settings.scope} if settings.scope else {})

    def _refresh_token(self, file: Path) -> str:
        """The file itself comes before a credential that systemd loaded from an older copy of it."""
        if self._rotated:
            return self._rotated
        path = self._resolve(file)
        try:
            return path.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError):
            return config.read_secret(path)

    def _keep_rotated(self, used: str | None, token: Any) -> None:
        file = self._settings.refresh_token_file
        if file is None or not isinstance(token, str) or not token or token == used:
            return
        try:
            store_secret(self._resolve(file), token)
            self._rotated = ""
        except OSError as error:  # it works until we end; whoever reads the log can still make the file writable
            self._rotated = token
            log.oauth_token_not_stored(str(file), error.strerror or str(error))


def store_secret(path: Path, text: str) -> None:
    """Replace a secret file so that a crash leaves the old or the new one, never a part. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _post(url: str, form: dict[str, str]) -> dict[str, Any]:
    """POST a form, read a JSON object (RFC 6749 section 5); redirects are refused, they would carry the secret away."""
    _require_safe(url)
    request = urllib.request.Request(  # noqa: S310 - its scheme was just checked
        url, urllib.parse.urlencode(form).encode(), {"Accept": "application/json"}
    )
    https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(https, _NoRedirect())
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return _object(answer.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error.code, error.read(_MAX_ANSWER)) from None
    except (OSError, http.client.HTTPException) as error:
        raise TokenUnavailable(f"the token server cannot be reached: {error}") from error


def _refusal(status: int, body: bytes) -> TokenUnavailable | TokenRefused:
    try:
        answer = _object(body)
    except TokenUnavailable:
        answer = {}
    why = " ".join(str(answer.get(key, ""))[:200] for key in ("error", "error_description")).strip()
    text = f"the token server answered {status} {why}".strip()
    return TokenRefused(text) if status in (400, 401, 403) else TokenUnavailable(text)


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TokenUnavailable("the token server's answer is no JSON object")
    return answer


def _seconds(value: Any) -> float:
    """``expires_in``; RFC 6749 lets a server leave it out, and an hour is what most give."""
    try:
        return min(max(float(value), 0.0), 86400.0)
    except (TypeError, ValueError):
        return 3600.0


def _require_safe(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        raise TokenRefused("token_url must begin with https://; nothing was sent")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
