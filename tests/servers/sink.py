"""An SMTP or LMTP server that keeps what it is sent, and fails on command."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from servers.ports import HOST, wait_until


@dataclass(frozen=True)
class Received:
    """A mail that was kept and then answered 250, or (``acknowledged`` False) taken and then not acknowledged."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float
    tls: bool
    user: str
    mail_parameters: str = ""
    acknowledged: bool = True


@dataclass
class Fault:
    """What to do instead at a command. ``how``: "drop", "reset", "delay", "silent", "keep-drop" or a reply text."""

    how: str
    times: int | None
    seconds: float
    match: str


@dataclass
class SmtpSink:
    """A scripted server in threads of its own; started on creation, gone after ``close()``.

    Commands that can be made to fail: CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, ".", RSET, NOOP, QUIT.
    ``certificate`` is (certificate, key) and offers STARTTLS, or implicit TLS with ``implicit``; with ``users``
    MAIL needs AUTH first; ``tokens`` are the bearer tokens that XOAUTH2 accepts.
    """

    folder: Path | None = None
    lmtp: bool = False
    certificate: tuple[Path, Path] | None = None
    implicit: bool = False
    users: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 104857600", "ENHANCEDSTATUSCODES")
    port: int = 0
    host: str = HOST
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    _faults: dict[str, list[Fault]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._server: _Server | None = None
        self.start()

    def start(self) -> None:
        """Listen (again, on the same port)."""
        self._server = _Server((HOST, self.port), _Handler)
        self._server.sink = self
        self.port = int(self._server.server_address[1])
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sink", daemon=True)
        thread.start()

    def stop(self) -> None:
        """Cut every connection and refuse new ones; what was received stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    close = stop

    def fail(self, command: str, how: str, *, times: int | None = None, seconds: float = 0.0, match: str = "") -> None:
        """At ``command`` do ``how``, the next ``times`` times (None: always), where ``match`` is in its line.

        ``how``: "drop" closes the connection, "reset" closes it by RST, "delay" waits ``seconds`` and goes on,
        "silent" never answers, "keep-drop" (at ".") keeps the mail and closes without an answer, "4xx" and "5xx"
        are a plain 451 and 550; anything else is sent as the reply, such as "421 4.3.2 going down"
        (421 closes the connection too).
        """
        text = {"4xx": "451 4.3.0 try again later", "5xx": "550 5.7.1 refused"}.get(how, how)
        with self._lock:
            self._faults.setdefault(command.upper(), []).append(Fault(text, times, seconds, match))

    def mend(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def fault(self, command: str, line: str) -> Fault | None:
        with self._lock:
            for fault in self._faults.get(command, []):
                if fault.match.lower() in line.lower() and (fault.times is None or fault.times > 0):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def keep(self, mail: Received) -> None:
        with self._lock:
            self.messages.append(mail)
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
                with (self.folder / f"{len(self.messages):05}.eml").open("wb") as file:
                    file.write(mail.raw)
                    os.fsync(file.fileno())

    def wait_for(self, count: int, seconds: float = 60.0) -> list[Received]:
        """The messages, once there are at least ``count`` of them; raises TimeoutError."""
        wait_until(lambda: len(self.messages) >= count, f"mail number {count} at the sink", seconds)
        return list(self.messages)

    def to(self, recipient: str) -> list[Received]:
        return [mail for mail in list(self.messages) if recipient in mail.recipients]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    sink: SmtpSink

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to print about."""


class _Gone(Exception):
    pass


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.sink = self.server.sink
        self.sink.connections += 1
        connection = self.request
        self.sink._open.add(connection)
        try:
            if self.sink.certificate and self.sink.implicit:
                connection = wrap(self.sink, connection)
            session = _Session(self.sink, connection, tls=self.sink.implicit)
            try:
                session.run()
            finally:
                connection = session.connection  # STARTTLS has put another socket in its place
        except (OSError, _Gone):
            pass
        finally:
            self.sink._open.discard(self.request)
            self._close(connection)

    @staticmethod
    def _close(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.close()


def wrap(sink: SmtpSink, connection: socket.socket) -> ssl.SSLSocket:
    assert sink.certificate is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sink.certificate)
    return context.wrap_socket(connection, server_side=True)


class _Session:
    """One connection; ``run`` is the dialogue of RFC 5321 section 4."""

    def __init__(self, sink: SmtpSink, connection: socket.socket, *, tls: bool) -> None:
        self.sink, self.connection, self.tls = sink, connection, tls
        self.reader = connection.makefile("rb")
        self.user = ""
        self.reset()

    def reset(self) -> None:
        self.sender: str | None = None
        self.parameters = ""
        self.recipients: list[str] = []

    def send(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def line(self) -> str:
        data = self.reader.readline(1 << 20)
        if not data.endswith(b"\n"):
            raise _Gone
        return data.rstrip(b"\r\n").decode("utf-8", "replace")

    def disturbed(self, command: str, line: str = "") -> bool:
        """Carry out a scripted fault; True when it has answered."""
        fault = self.sink.fault(command, line)
        if fault is None:
            return False
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.how == "delay":
            return False
        if fault.how == "silent":
            while self.reader.read(1):
                pass
            raise _Gone
        if fault.how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if fault.how in ("drop", "reset", "keep-drop"):
            self.reader.close()
            raise _Gone
        self.send(fault.how)
        if fault.how.startswith("421"):
            raise _Gone
        return True

    def run(self) -> None:
        if not self.disturbed("CONNECT"):
            self.send("220 sink.example ready")
        while True:
            line = self.line()
            command = line.partition(" ")[0].upper()
            self.sink.commands.append(line if command != "AUTH" else "AUTH ...")
            name = "EHLO" if command in ("HELO", "LHLO") else command
            if self.disturbed(name, line):
                continue
            handler = getattr(self, f"on_{name.lower()}", None)
            if handler is None:
                self.send("500 5.5.2 unknown command")
            else:
                handler(line)

    def on_ehlo(self, line: str) -> None:
        offers = list(self.sink.extensions)
        if self.sink.certificate and not self.tls:
            offers.append("STARTTLS")
        if self.sink.users or self.sink.tokens:
            offers.append("AUTH PLAIN LOGIN XOAUTH2")
        self.reset()
        for offer in ["sink.example", *offers][:-1]:
            self.send(f"250-{offer}")
        self.send("250 " + ["sink.example", *offers][-1])

    def on_starttls(self, line: str) -> None:
        if not self.sink.certificate or self.tls:
            return self.send("503 5.5.1 not now")
        self.send("220 2.0.0 go")
        self.reader.close()
        self.connection = wrap(self.sink, self.connection)
        self.reader = self.connection.makefile("rb")
        self.tls = True
        return self.reset()

    def on_auth(self, line: str) -> None:
        words = line.split(" ")
        mechanism = words[1].upper() if len(words) > 1 else ""
        if mechanism == "LOGIN":
            user, password = self._ask("VXNlcm5hbWU6"), self._ask("UGFzc3dvcmQ6")
            good = self.sink.users.get(user) == password
        else:
            data = _unbase64(words[2]) if len(words) > 2 else self._ask("")
            user, good = self._judge(mechanism, data)
        self.user = user if good else ""
        self.send("235 2.7.0 welcome" if good else "535 5.7.8 wrong credentials")

    def _ask(self, challenge: str) -> str:
        self.send(f"334 {challenge}")
        return _unbase64(self.line())

    def _judge(self, mechanism: str, data: str) -> tuple[str, bool]:
        if mechanism == "PLAIN":
            _, user, password = (data.split("\0") + ["", "", ""])[:3]
            return user, bool(user) and self.sink.users.get(user) == password
        found = re.fullmatch("user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", data)
        return (found[1], found[2] in self.sink.tokens) if found else ("", False)

    def on_mail(self, line: str) -> None:
        found = re.match(r"MAIL FROM:\s*<([^>]*)>(.*)", line, re.IGNORECASE)
        if (self.sink.users or self.sink.tokens) and not self.user:
            return self.send("530 5.7.0 authentication required")
        if not found:
            return self.send("501 5.1.7 syntax")
        self.reset()
        self.sender, self.parameters = found[1], found[2].strip()
        return self.send("250 2.1.0 ok")

    def on_rcpt(self, line: str) -> None:
        found = re.match(r"RCPT TO:\s*<([^>]*)>", line, re.IGNORECASE)
        if not found or self.sender is None:
            return self.send("503 5.5.1 no MAIL yet" if found else "501 5.1.3 syntax")
        self.recipients.append(found[1])
        return self.send("250 2.1.5 ok")

    def on_data(self, line: str) -> None:
        if not self.recipients:
            return self.send("503 5.5.1 no recipients")
        self.send("354 go ahead")
        raw = self._body()
        fault_keeps = any(f.how == "keep-drop" and f.times != 0 for f in self.sink._faults.get(".", []))
        if fault_keeps:
            self._keep(raw, acknowledged=False)
        if self.disturbed(".", " ".join(self.recipients)):
            return self.reset()
        self._keep(raw, acknowledged=True)
        for _ in self.recipients if self.sink.lmtp else self.recipients[:1]:
            self.send("250 2.0.0 kept")
        return self.reset()

    def _body(self) -> bytes:
        lines = []
        while True:
            data = self.reader.readline()
            if not data:
                raise _Gone
            if data in (b".\r\n", b".\n"):
                return b"".join(lines)
            lines.append(data[1:] if data.startswith(b".") else data)

    def _keep(self, raw: bytes, *, acknowledged: bool) -> None:
        self.sink.keep(
            Received(
                sender=self.sender or "",
                recipients=tuple(self.recipients),
                raw=raw,
                at=time.time(),
                tls=self.tls,
                user=self.user,
                mail_parameters=self.parameters,
                acknowledged=acknowledged,
            )
        )

    def on_rset(self, line: str) -> None:
        self.reset()
        self.send("250 2.0.0 ok")

    def on_noop(self, line: str) -> None:
        self.send("250 2.0.0 ok")

    def on_quit(self, line: str) -> None:
        self.send("221 2.0.0 bye")
        raise _Gone


def _unbase64(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""
