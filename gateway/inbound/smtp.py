"""The listener for SMTP and LMTP: a thread's event loop that accepts, bounds and, when told, drains."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateway import log
from gateway.config import InboundSmtp, secret_source
from gateway.inbound import smtp_replies as replies
from gateway.inbound.smtp_intake import Accepts, Intake
from gateway.inbound.smtp_limits import ByteBudget, Connections, Limits, client_of
from gateway.inbound.smtp_session import LmtpSession, Session

__all__ = ["Accepts", "ByteBudget", "Limits", "SmtpListener", "budget_for"]

_TICK = 0.1  # how often the loop shows that it lives, and looks whether it shall stop
_LEAST_BUDGET = 64 << 20
_THREADS = 8


def budget_for(listeners: Iterable[InboundSmtp]) -> ByteBudget:
    """What all listeners of a process share: room for two of the largest mails."""
    return ByteBudget(max([_LEAST_BUDGET, *(2 * one.max_size for one in listeners)]))


class SmtpListener:
    """A supervised service. ``budget`` may be shared by several listeners of a process."""

    def __init__(
        self,
        settings: InboundSmtp,
        door: Accepts,
        *,
        paths: Callable[[Path], Path] = Path,
        budget: ByteBudget | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = f"{settings.protocol}:{settings.listen}"
        self.ready = threading.Event()
        self._settings = settings
        self._door = door
        self._paths = paths
        self._budget = budget or budget_for([settings])
        self._limits = limits or Limits()
        self._address: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) as bound, or (path, 0); raises RuntimeError before ``ready`` is set."""
        if self._address is None:
            raise RuntimeError(f"{self.name} is not listening yet")
        return self._address

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Serve until ``stop`` is set, then let messages in progress end. Raises OSError when it cannot listen."""
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd writes addresses and content into it
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=self._settings.protocol)
        try:
            asyncio.run(self._serve(self._intake(pool), stop, beat))
        finally:
            self.ready.clear()
            self._address = None
            pool.shutdown(wait=False)

    def _intake(self, pool: ThreadPoolExecutor) -> Intake:
        settings = self._settings
        return Intake(
            door=self._door,
            name=self.name,
            source=settings.protocol,
            hostname=settings.hostname or socket.getfqdn(),
            max_size=min(settings.max_size, self._budget.largest),  # more could never be taken
            timeout=settings.timeout,
            limits=self._limits,
            budget=self._budget,
            connections=Connections(settings.max_connections, settings.max_connections_per_client),
            pool=pool,
            tls=self._tls(),
        )

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.tls_certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        key = self._settings.tls_key
        chain = secret_source(self._paths(self._settings.tls_certificate))
        context.load_cert_chain(chain, secret_source(self._paths(key)) if key else None)
        return context

    async def _serve(self, intake: Intake, stop: threading.Event, beat: Callable[[], None]) -> None:
        asyncio.get_running_loop().set_exception_handler(self._unhandled)
        server = await self._listen(intake)
        try:
            self._address = _bound(server)
            log.smtp_listening(self._settings.listen, self._settings.protocol)
            self.ready.set()
            while not stop.is_set():
                beat()
                await asyncio.sleep(_TICK)
        finally:
            server.close()
            await _drain(intake, beat)
            if "/" in self._settings.listen:
                self._socket_path().unlink(missing_ok=True)

    async def _listen(self, intake: Intake) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        kind = LmtpSession if self._settings.protocol == "lmtp" else Session

        def admission() -> asyncio.Protocol:
            return Admission(intake, kind)

        if "/" in self._settings.listen:
            path = self._socket_path()
            _refuse_if_alive(path)
            server = await loop.create_unix_server(admission, path)
            path.chmod(0o666)  # as Dovecot's: the folder says who may enter
            return server
        host, _, port = self._settings.listen.rpartition(":")
        return await loop.create_server(admission, host.strip("[]").replace("*", "") or None, int(port))

    def _socket_path(self) -> Path:
        return self._paths(Path(self._settings.listen))

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        log.smtp_session_failed(self.name, context.get("exception") or RuntimeError(context["message"]))


class Admission(asyncio.Protocol):
    """The first protocol of each connection: hands it to a session, or sends it away."""

    def __init__(self, intake: Intake, kind: type[Session]) -> None:
        self._intake = intake
        self._kind = kind

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        host = str(peer[0]) if isinstance(peer, tuple) else ""
        if refusal := self._refusal(client_of(host)):
            log.smtp_connection_refused(self._intake.name, refusal)
            transport.write(refusal.encode() + b"\r\n")
            transport.close()
            return
        session = self._kind(self._intake, host)
        transport.set_protocol(session)
        session.connection_made(transport)

    def _refusal(self, client: str) -> str:
        if self._intake.stopping:
            return replies.STOPPING
        return "" if self._intake.connections.enter(client) else replies.TOO_MANY_CONNECTIONS


def _bound(server: asyncio.Server) -> tuple[str, int]:
    name = server.sockets[0].getsockname()
    return (name, 0) if isinstance(name, str) else (str(name[0]), int(name[1]))


def _refuse_if_alive(path: Path) -> None:
    """asyncio removes a socket file that stands in its way; it may belong to somebody who is still listening."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), str(path))


async def _drain(intake: Intake, beat: Callable[[], None]) -> None:
    """Answer idle clients 421, wait for messages in progress and for commits, then cut what is left."""
    intake.stopping = True
    for session in list(intake.sessions):
        session.stop()
    await _until_empty(intake, intake.limits.drain, beat)
    for session in list(intake.sessions):
        session.hang_up(replies.STOPPING)
        session.kill()
    await _until_empty(intake, 0.5, beat)
    for transport in list(intake.closing):
        intake.reset(transport)
    await asyncio.sleep(0)


async def _until_empty(intake: Intake, seconds: float, beat: Callable[[], None]) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while (intake.sessions or intake.commits) and asyncio.get_running_loop().time() < end:
        beat()
        await asyncio.sleep(0.02)
