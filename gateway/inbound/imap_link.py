"""A typed adapter around imapclient: the commands that we use, each bounded, each with one kind of failure.

imapclient speaks the protocol; the socket is ours (``imap_wire``), and so is IDLE, because imapclient's
cannot tell a closed connection from silence and overlooks what arrives together with the "+".
"""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from imapclient import IMAPClient, SocketTimeout

from gateway.errors import Permanent, Temporary
from gateway.inbound.imap_wire import ANSWER, CONNECT_SECONDS, QUIET_SECONDS, Interrupted, Pulse, Wire

_COMMAND_SECONDS = 120.0
_OCTETS_PER_SECOND = 10_000
"""Slower than this a message is not read; the connection is given up."""
_SLACK = 1 << 20
_HEADER_LIMIT = 1 << 18
_UNREAL = frozenset({b"\\noselect", b"\\nonexistent"})
_HEADER_PART = f"BODY.PEEK[HEADER]<0.{_HEADER_LIMIT}>"


class Lost(Temporary):
    """The connection is of no use any more: discard it and open another."""


class No(Temporary):
    """The server answered NO or BAD; the connection still works."""


class LoginRefused(Permanent):
    """The server does not believe who we are."""


class NoSuchPlace(Permanent):
    """The server, its TLS or the folder is not as configured; ``cause`` says what to change."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What SELECT told (RFC 3501 section 6.3.1)."""

    uidvalidity: int
    exists: int
    read_only: bool
    permanent_flags: frozenset[str]


class _Connection(imaplib.IMAP4):
    """imaplib over our own wire. Overrides the methods that it names as overridable, and STARTTLS."""

    def __init__(self, wire: Wire, host: str, port: int) -> None:
        self._wire = wire
        super().__init__(host, port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.sock = self._wire.sock  # type: ignore[assignment]

    def read(self, size: int) -> bytes:
        return self._wire.read(size)

    def readline(self) -> bytes:
        return self._wire.readline()

    def send(self, data: Any) -> None:
        self._wire.send(data)

    def shutdown(self) -> None:
        self._wire.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS (RFC 3501 section 6.2.1); capabilities heard before it are forgotten."""
        if "STARTTLS" not in self.capabilities:
            raise NoSuchPlace("the server offers no STARTTLS; no password was sent. Set tls to 'implicit' and its port")
        kind, data = self._simple_command("STARTTLS")
        if kind != "OK":
            raise Lost(f"STARTTLS was refused: {data!r}")
        self._wire.start_tls(context, self.host)
        self.sock = self._wire.sock  # type: ignore[assignment]
        self._get_capabilities()


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        timeout = SocketTimeout(connect=CONNECT_SECONDS, read=QUIET_SECONDS)
        super().__init__(connection.host, connection.port, ssl=False, timeout=timeout)
        self.normalise_times = False
        self._imap.debug = 0  # the library's 5 formats every octet received

    def _create_IMAP4(self) -> _Connection:
        return self._connection

    def _set_read_timeout(self) -> None:
        """The wire keeps the time."""


class Link:
    """One connection, for one thread. Methods raise Lost, or No where the server's answer is NO or BAD."""

    def __init__(self, wire: Wire, connection: _Connection) -> None:
        self._wire, self._imap = wire, connection
        self._client = _Client(connection)
        self.news = False
        """Did the server mention new mail (EXISTS, RECENT) since this was last set to False?"""

    @classmethod
    def open(cls, host: str, port: int, pulse: Pulse, *, context: ssl.SSLContext | None, starttls: bool) -> Link:
        """Connect; with ``context`` by implicit TLS or STARTTLS. Raises Lost, or NoSuchPlace without STARTTLS."""
        wire = Wire(pulse)
        try:
            with _one_failure():
                wire.connect(host, port, None if starttls else context)
                wire.allow(_COMMAND_SECONDS)
                connection = _Connection(wire, host, port)
                if starttls and context is not None:
                    connection.secure(context)
                return cls(wire, connection)
        except BaseException:
            wire.close()
            raise

    def close(self) -> None:
        """Hang up without a word: whatever state the connection is in, this ends it."""
        self._wire.close()

    def logout(self) -> None:
        """Take leave, if that is quickly done."""
        try:
            with _one_failure():
                self._wire.allow(1.0)
                self._imap.logout()
        except (Temporary, Permanent, Interrupted):
            pass  # the connection ends either way
        finally:
            self.close()

    # --- who we are

    @property
    def capabilities(self) -> frozenset[str]:
        with self._operation():
            return frozenset(str(word, "ascii", "replace") for word in self._client.capabilities())

    def login(self, username: str, password: str) -> None:
        """AUTHENTICATE PLAIN (RFC 4616) where it is offered, which can carry any character; else LOGIN."""
        offers = self.capabilities
        if "AUTH=PLAIN" in offers:
            self._authenticate("PLAIN", f"\0{username}\0{password}")
        elif "LOGINDISABLED" in offers:
            raise NoSuchPlace("the server takes no password on this connection: set tls, or use oauth2")
        elif not (username + password).isascii():
            raise NoSuchPlace("the server takes passwords in ASCII alone")
        else:
            with self._login():
                self._imap.login(self._imap._quote(username), password)  # imaplib quotes the password alone

    def login_xoauth2(self, username: str, token: str) -> None:
        """SASL XOAUTH2. The server may explain a refusal in a challenge, which is answered by an empty line."""
        self._authenticate("XOAUTH2", f"user={username}\x01auth=Bearer {token}\x01\x01")

    def _authenticate(self, mechanism: str, answer: str) -> None:
        answers = iter([answer.encode()])
        with self._login():
            self._imap.authenticate(mechanism, lambda challenge: next(answers, b""))

    @contextmanager
    def _login(self) -> Iterator[None]:
        try:
            with self._operation():
                yield
        except No as refusal:
            if "[UNAVAILABLE]" in refusal.cause:  # RFC 5530 section 3: a trouble of the server's, not of the password
                raise Lost(refusal.cause) from None
            raise LoginRefused(refusal.cause) from None

    # --- folders

    def select(self, folder: str) -> Selected:
        """SELECT, or EXAMINE where the folder is read-only. Raises No when it does not exist."""
        with self._operation():
            try:
                answer = self._client.select_folder(folder)
            except imaplib.IMAP4.readonly:
                answer = self._client.select_folder(folder, readonly=True)
            if b"UIDVALIDITY" not in answer:
                raise Lost("the server gave no UIDVALIDITY")
            return Selected(
                uidvalidity=int(answer[b"UIDVALIDITY"]),
                exists=int(answer.get(b"EXISTS", 0)),
                read_only=b"READ-WRITE" not in answer and b"READ-ONLY" in answer,
                permanent_flags=frozenset(str(f, "ascii", "replace") for f in answer.get(b"PERMANENTFLAGS", ())),
            )

    def separator(self) -> tuple[str, str, tuple[str, ...]]:
        """(delimiter, prefix of personal folders, prefixes of all namespaces) (RFC 2342)."""
        offers = self.capabilities
        with self._operation():
            spaces = tuple(self._client.namespace()) if "NAMESPACE" in offers else ()
            prefixes = tuple(prefix for space in spaces for prefix, _ in space or () if prefix)
            if spaces and spaces[0]:
                prefix, delimiter = spaces[0][0]
                return delimiter or "", prefix, prefixes
            listed = self._client.list_folders("", "")
            return _text(listed[0][1] if listed else None), "", prefixes

    def exists(self, folder: str) -> bool:
        with self._operation():
            listed: list[Any] = self._client.list_folders("", folder)
            return any(not _UNREAL & {flag.lower() for flag in flags} for flags, _, _ in listed)

    def create(self, folder: str) -> None:
        """Make a folder and show it to mail clients; that some servers know no subscriptions does not matter."""
        try:
            with self._operation():
                self._client.create_folder(folder)
        except No as refusal:
            if "ALREADYEXISTS" not in refusal.cause:  # RFC 5530 section 3: somebody was quicker
                raise
        try:
            with self._operation():
                self._client.subscribe_folder(folder)
        except No:
            pass

    # --- messages

    def newest(self) -> int:
        """The highest UID in the folder, or 0 when it is empty."""
        with self._operation():
            self._client.noop()  # a server shows new mail only between commands
        self.news = False
        with self._operation():
            return max(self._client.search("UID *"), default=0)

    def find(self, first: int, last: int, unless: str = "") -> list[int]:
        """UIDs from ``first`` to ``last`` that exist, ascending, without the keyword ``unless``."""
        with self._operation():
            criteria = f"UID {first}:{last}" + (f" UNKEYWORD {unless}" if unless else "")
            return sorted(uid for uid in set(self._client.search(criteria)) if first <= uid <= last)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Octets of each message that still exists. Some servers only guess them."""
        with self._operation():
            found = self._client.fetch(list(uids), ["RFC822.SIZE"])
            return {uid: int(item.get(b"RFC822.SIZE", 0)) for uid, item in found.items()}

    def message(self, uid: int, limit: int) -> bytes | None:
        """The whole message, unseen as before; None when it is gone. Lost when it is larger than ``limit`` octets."""
        with self._operation(_COMMAND_SECONDS + limit / _OCTETS_PER_SECOND, limit + _SLACK):
            part = _part(self._client.fetch([uid], ["BODY.PEEK[]"]).get(uid), b"BODY[")
        return part or self._nothing(uid, part)

    def header(self, uid: int) -> bytes | None:
        """The first 256 KiB of the header block; None when the message is gone."""
        with self._operation():
            part = _part(self._client.fetch([uid], [_HEADER_PART]).get(uid), b"BODY[HEADER]")
        return part or self._nothing(uid, part)

    def _nothing(self, uid: int, part: bytes | None) -> bytes | None:
        """Servers may answer NIL or "" for a message that another client has just expunged (RFC 2180 section 4.1)."""
        if not self.left_of([uid]):
            return None
        if part is None:
            raise No("the server handed over nothing for a message that exists")
        return part

    def left_of(self, uids: Sequence[int]) -> list[int]:
        """Which of these still exist."""
        with self._operation():
            self._client.noop()
        with self._operation():
            found = set(self._client.search(f"UID {','.join(map(str, uids))}"))
            return [uid for uid in uids if uid in found]

    def move(self, uids: Sequence[int], folder: str) -> None:
        """UID MOVE (RFC 6851). UIDs that are gone are no error."""
        with self._operation():
            self._client.move(list(uids), folder)

    def copy_and_expunge(self, uids: Sequence[int], folder: str) -> None:
        """MOVE's long form; UID EXPUNGE (RFC 4315) touches no message that somebody else marked as deleted."""
        with self._operation():
            self._client.copy(list(uids), folder)
            self._client.add_flags(list(uids), [b"\\Deleted"], silent=True)
            self._client.uid_expunge(list(uids))

    def mark(self, uids: Sequence[int], keyword: str) -> None:
        with self._operation():
            self._client.add_flags(list(uids), [keyword.encode()], silent=True)

    # --- waiting

    def listen(self, seconds: float, *, idle: bool) -> None:
        """Wait up to ``seconds``, or until the server speaks of new mail (``news``) or we are told to stop.

        With ``idle`` in IDLE (RFC 2177); without, silently, but a connection that ends is noticed.
        Raises No when the server refuses IDLE.
        """
        with self._operation():
            tag = self._begin_idle() if idle else None
            end = time.monotonic() + seconds
            while not self._spoke_of_mail() and self._wire.heard(end - time.monotonic()):
                self._take_in()
            if tag is not None:
                self._wire.allow(QUIET_SECONDS)
                self._wire.send(b"DONE\r\n")
                self._client._checkok("IDLE", *self._imap._command_complete("IDLE", tag))

    def _take_in(self) -> None:
        """Read one response, keep what matters and forget the rest: flags that others change all day."""
        self._wire.allow(QUIET_SECONDS)
        self._imap._get_response()
        self._refuse_bye()
        if not self._spoke_of_mail():
            self._imap.untagged_responses.clear()

    def _begin_idle(self) -> bytes:
        """Send IDLE and wait for "+"; untagged responses may come first."""
        tag: bytes = self._imap._command("IDLE")
        while self._imap._get_response() is not None:
            self._refuse_bye()
            if self._imap.tagged_commands[tag]:
                kind, data = cast("tuple[str, list[bytes]]", self._imap.tagged_commands.pop(tag))
                raise imaplib.IMAP4.error(f"IDLE was answered {kind} {_text(data[-1])}")
        return tag

    def _spoke_of_mail(self) -> bool:
        heard: dict[str, Any] = self._imap.untagged_responses
        return "EXISTS" in heard or "RECENT" in heard

    def _refuse_bye(self) -> None:
        if "BYE" in self._imap.untagged_responses:
            raise Lost(f"the server said goodbye: {_text(self._imap.untagged_responses['BYE'][-1])}")

    @contextmanager
    def _operation(self, seconds: float = _COMMAND_SECONDS, octets: int = ANSWER) -> Iterator[None]:
        """Bound what happens inside, and forget what the server said along the way, or a year of it adds up."""
        self._wire.allow(seconds, octets)
        with _one_failure():
            yield
            self._refuse_bye()
        self.news = self.news or self._spoke_of_mail()
        self._imap.untagged_responses.clear()


@contextmanager
def _one_failure() -> Iterator[None]:
    """The libraries' many exceptions (abort, error, OSError, ValueError, AttributeError ...) as Lost or No."""
    try:
        yield
    except (Interrupted, Temporary, Permanent):
        raise
    except ssl.SSLCertVerificationError as error:
        raise NoSuchPlace(f"the server's certificate is not trusted: {error.verify_message}; see ca_file") from error
    except imaplib.IMAP4.abort as error:
        raise Lost(str(error)) from error
    except imaplib.IMAP4.error as error:
        raise No(str(error)) from error
    except OSError as error:
        raise Lost(error.strerror or str(error) or type(error).__name__) from error
    except Exception as error:  # a hostile or broken server can make the libraries raise anything
        raise Lost(f"unusable answer: {type(error).__name__}: {error}") from error


def _part(item: Any, name: bytes) -> bytes | None:
    """The body part of a FETCH answer, whatever partial range its key names; None when it is NIL or missing."""
    for key, value in (item or {}).items():
        if isinstance(key, bytes) and key.upper().startswith(name) and isinstance(value, bytes):
            return value
    return None


def _text(value: Any) -> str:
    return str(value, "ascii", "replace") if isinstance(value, bytes) else ""
