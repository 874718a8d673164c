"""A small IMAP server over real sockets whose every answer can be replaced by something nasty."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from servers.ports import HOST, wait_until


class Hangup(Exception):
    """End this connection."""


@dataclass
class ScriptedImap:
    """Holds one folder. ``on[NAME]`` takes the place of a command: IDLE, SELECT, FETCH, SEARCH, MOVE, GREETING ...

    A replacement is called with (session, tag, rest of the line) and may write what it likes, raise Hangup, or
    return True to have the ordinary answer follow.
    """

    messages: dict[int, bytes] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 IDLE MOVE UIDPLUS NAMESPACE"
    flags: str = r"\Seen \Deleted"
    uidvalidity: int = 1
    certificate: tuple[Path, Path] | None = None
    on: dict[str, Callable[[Session, str, str], bool | None]] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    host: str = HOST

    def __post_init__(self) -> None:
        self._listener = socket.create_server((HOST, 0), backlog=50)
        self._listener.settimeout(0.05)
        self.port = int(self._listener.getsockname()[1])
        self._stop = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._open.append(connection)
            self.connections += 1
            threading.Thread(target=Session(self, connection).run, daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def count(self, command: str) -> int:
        return sum(line.startswith(command) for line in self.commands)

    def wait_for(self, command: str, times: int = 1) -> None:
        wait_until(lambda: self.count(command) >= times, f"{command} number {times}")


class Session:
    """One connection."""

    def __init__(self, server: ScriptedImap, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.file = connection.makefile("rb")

    def send(self, data: bytes | str) -> None:
        self.connection.sendall(data.encode() if isinstance(data, str) else data)

    def line(self) -> str:
        data = self.file.readline()
        if not data:
            raise Hangup
        return data.decode("utf-8", "replace").rstrip("\r\n")

    def silence(self) -> None:
        """Say nothing more; ends when the client goes away."""
        while self.file.read(1):
            pass
        raise Hangup

    def run(self) -> None:
        with contextlib.suppress(OSError, Hangup, ValueError):
            self._do("GREETING", "*", "")
            while True:
                tag, _, rest = self.line().partition(" ")
                name, _, arguments = rest.partition(" ")
                if name.upper() == "UID":
                    name, _, arguments = arguments.partition(" ")
                self.server.commands.append(f"{name.upper()} {arguments}")
                self._do(name.upper(), tag, arguments)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.file.close()
        self.connection.close()

    def _do(self, name: str, tag: str, arguments: str) -> None:
        replacement = self.server.on.get(name)
        if replacement is not None and not replacement(self, tag, arguments):
            return
        handler = getattr(self, f"do_{name.lower()}", None)
        if handler is None:
            self.send(f"{tag} BAD unknown\r\n")
        else:
            handler(tag, arguments)

    def ok(self, tag: str, text: str = "done") -> None:
        self.send(f"{tag} OK {text}\r\n")

    def do_greeting(self, tag: str, arguments: str) -> None:
        self.send("* OK ready\r\n")

    def do_capability(self, tag: str, arguments: str) -> None:
        self.send(f"* CAPABILITY {self.server.capabilities}\r\n")
        self.ok(tag)

    def do_starttls(self, tag: str, arguments: str) -> None:
        assert self.server.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server.certificate)
        self.ok(tag)
        self.file.close()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")

    def do_login(self, tag: str, arguments: str) -> None:
        self.ok(tag)

    def do_namespace(self, tag: str, arguments: str) -> None:
        self.send('* NAMESPACE (("" "/")) NIL NIL\r\n')
        self.ok(tag)

    def do_list(self, tag: str, arguments: str) -> None:
        self.send(f'* LIST (\\HasNoChildren) "/" {arguments.rpartition(" ")[2]}\r\n')
        self.ok(tag)

    def do_create(self, tag: str, arguments: str) -> None:
        self.ok(tag)

    do_subscribe = do_create

    def do_select(self, tag: str, arguments: str) -> None:
        self.send(f"* {len(self.server.messages)} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n")
        self.send(f"* OK [PERMANENTFLAGS ({self.server.flags})] limited\r\n")
        self.send(f"* OK [UIDVALIDITY {self.server.uidvalidity}] valid\r\n")
        self.ok(tag, "[READ-WRITE] selected")

    def do_noop(self, tag: str, arguments: str) -> None:
        self.ok(tag)

    def do_search(self, tag: str, arguments: str) -> None:
        uids = sorted(self.server.messages)
        found = re.fullmatch(r"UID (\d+):(\d+).*", arguments)
        if found:
            uids = [uid for uid in uids if int(found[1]) <= uid <= int(found[2])]
        elif arguments == "UID *":
            uids = uids[-1:]
        elif arguments.startswith("UID "):
            uids = [uid for uid in uids if str(uid) in arguments[4:].split(",")]
        self.send(f"* SEARCH {' '.join(map(str, uids))}\r\n".replace(" \r\n", "\r\n"))
        self.ok(tag)

    def do_fetch(self, tag: str, arguments: str) -> None:
        numbers, _, items = arguments.partition(" ")
        for uid in map(int, numbers.split(",")):
            raw = self.server.messages.get(uid)
            if raw is None:
                continue
            if "RFC822.SIZE" in items:
                self.send(f"* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)})\r\n")
            elif "HEADER" in items:
                header = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                self.send(b"* 1 FETCH (UID %d BODY[HEADER]<0> {%d}\r\n%s)\r\n" % (uid, len(header), header))
            else:
                self.send(b"* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, len(raw), raw))
        self.ok(tag)

    def do_move(self, tag: str, arguments: str) -> None:
        numbers, _, folder = arguments.partition(" ")
        for uid in map(int, numbers.split(",")):
            if self.server.messages.pop(uid, None) is not None:
                self.server.moved[uid] = folder.strip('"')
                self.send("* 1 EXPUNGE\r\n")
        self.ok(tag)

    def do_store(self, tag: str, arguments: str) -> None:
        self.ok(tag)

    def do_idle(self, tag: str, arguments: str) -> None:
        self.send("+ idling\r\n")
        self.end_idle(tag)

    def end_idle(self, tag: str) -> None:
        assert self.line() == "DONE"
        self.ok(tag)

    def do_logout(self, tag: str, arguments: str) -> None:
        self.send("* BYE see you\r\n")
        self.ok(tag)
        raise Hangup


def trickle(session: Session, data: bytes, pause: float) -> None:
    """Send octet by octet."""
    for octet in data:
        session.send(bytes([octet]))
        time.sleep(pause)
