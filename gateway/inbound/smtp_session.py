"""One SMTP (RFC 5321) or LMTP (RFC 2033) conversation, on top of aiosmtpd's command loop.

aiosmtpd ends a conversation by cancelling it, even between the dot and the reply. Here end of file, a lost
connection and time-outs only end the reading: what had been sent whole by then is committed.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as Draft

from gateway import log
from gateway.inbound import smtp_replies as replies
from gateway.inbound.smtp_envelope import Rules, declared_size, envelope_of, is_clean
from gateway.inbound.smtp_intake import Intake
from gateway.inbound.smtp_limits import Lease, client_of
from gateway.inbound.wire import DataScanner, normalised

_CHUNK = 1 << 18
_GONE = (asyncio.IncompleteReadError, ConnectionError)


class Session(SMTP):
    """One client of a listener, from the greeting to the end."""

    protocol_name = "ESMTP"
    keeps_bare_line_ends = False
    line_length_limit = 1 << 16  # how much is buffered; it bounds no line of a message, for DATA is read in pieces

    def __init__(self, intake: Intake, host: str) -> None:
        # aiosmtpd keeps one dictionary for all sessions and each new one empties it
        self.command_size_limits = defaultdict(lambda: intake.limits.command_bytes)
        self.command_size_limit = intake.limits.command_bytes
        super().__init__(
            Rules(intake),
            data_size_limit=intake.max_size,
            enable_SMTPUTF8=True,
            hostname=intake.hostname,
            ident=self.protocol_name,
            tls_context=intake.tls,
            timeout=intake.timeout,
            loop=asyncio.get_running_loop(),
        )
        self._intake = intake
        self._host = host
        self._patience = intake.limits.patience
        self._in_data = False
        self._stopping = False
        self._deadline: asyncio.TimerHandle | None = None

    # --- the connection -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._deadline is not None:  # the same client again, now behind TLS
            return
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        self._intake.sessions.add(self)
        self._start_deadline()
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(self._ended)

    def eof_received(self) -> bool:
        """The client will send no more, but may still read (a TLS connection closes as a whole)."""
        self._reader.feed_eof()
        return self._tls_protocol is None

    def connection_lost(self, error: Exception | None) -> None:
        """End the reading. None in place of ``error``: what has arrived shall still be read."""
        asyncio.StreamReaderProtocol.connection_lost(self, None)
        if self._original_transport is not None:
            self._original_transport.close()
        self.transport = None

    def stop(self) -> None:
        """Say goodbye: at once, or when the message that is being sent has been answered."""
        self._stopping = True
        if not self._in_data:
            self.hang_up(replies.STOPPING)

    def hang_up(self, reply: str) -> None:
        """Send a last reply and close, whatever the client is doing."""
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(reply.encode() + b"\r\n")
            self.transport.close()
        self.loop.call_later(self._intake.limits.linger, self.kill)

    def kill(self) -> None:
        self._raw.abort()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._disarm()
        self._intake.sessions.discard(self)
        self._intake.connections.leave(client_of(self._host))
        if isinstance(self.transport, asyncio.Transport):
            self.transport.close()
        self._intake.finish(self._raw)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, _GONE):
            log.smtp_session_failed(self._intake.name, error)

    # --- time ---------------------------------------------------------------------------------------

    def _timeout_cb(self) -> None:
        self.hang_up(replies.IDLE)

    def _start_deadline(self) -> None:
        """Bound the whole of the next transaction: a client that sends NOOP or a byte now and then is never idle."""
        self._disarm()
        self._reset_timeout()
        self._deadline = self.loop.call_later(self._intake.limits.transaction, self.hang_up, replies.TOO_SLOW)

    def _disarm(self) -> None:
        for timer in (self._timeout_handle, self._deadline):
            if timer is not None:
                timer.cancel()

    # --- replies ------------------------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Send a reply, as ``smtp_replies`` words it. Raises ConnectionResetError when there is no more talking."""
        await self._send(replies.enhanced(status if isinstance(status, str) else status.decode("ascii", "replace")))

    async def _send(self, reply: str) -> None:
        self._patience -= 10 if reply.startswith("5") else 1
        if self._patience < 0:
            self.hang_up(replies.TOO_MANY_COMMANDS)
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()
        await asyncio.sleep(0)  # neither reading nor writing waits while there is room: others want their turn

    async def handle_exception(self, error: Exception) -> str:
        """Called by the command loop. Whatever it is, the client may come again."""
        if isinstance(error, _GONE):
            self._writer.close()  # the reply that follows finds the connection closed and ends the loop
        elif not isinstance(error, TLSSetupException):
            log.smtp_session_failed(self._intake.name, error)
        return replies.TEMPORARY

    # --- commands -----------------------------------------------------------------------------------

    async def smtp_EHLO(self, hostname: str) -> None:
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        self._greeted(hostname, extended=True)
        lines = [self.hostname, *self._extensions()]
        await self._send("\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]))

    async def smtp_HELO(self, hostname: str) -> None:
        if not hostname:
            await self.push("501 Syntax: HELO hostname")
            return
        self._greeted(hostname, extended=False)
        await self._send(f"250 {self.hostname}")

    def _greeted(self, hostname: str, *, extended: bool) -> None:
        self._set_rset_state()  # type: ignore[no-untyped-call]
        assert self.session is not None
        self.session.extended_smtp = extended
        self.session.host_name = hostname

    def _extensions(self) -> list[str]:
        """RFC 2920, 1870, 6152, 2034, 6531 and 3207."""
        offered = ["PIPELINING", f"SIZE {self._intake.max_size}", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"]
        return offered + (["STARTTLS"] if self.tls_context and not self._tls_protocol else [])

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._tls_protocol:
            await self.push(replies.NO_TLS_NOW)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_VRFY(self, arg: str) -> None:
        await self.push("252 2.5.2 cannot verify, but send it and see" if arg else "501 Syntax: VRFY address")

    async def smtp_EXPN(self, arg: str) -> None:
        await self.push("502 5.5.1 EXPN is not offered")

    async def smtp_HELP(self, arg: str) -> None:
        await self.push("214 2.0.0 see RFC 5321")

    async def smtp_AUTH(self, arg: str) -> None:
        await self.push("502 5.5.1 AUTH is not offered")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """An address and what follows it; (None, None) when it is malformed (RFC 5321 section 4.1.2)."""
        try:
            address, rest = super()._getaddr(arg)
        except Exception:  # noqa: BLE001 - the standard library's parser leaks IndexError and others
            return None, None
        if address and not is_clean(address):
            return None, None
        return address, rest

    # --- the message --------------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        draft = self.envelope
        assert draft is not None
        if refusal := _not_now(draft, arg):
            await self.push(refusal)
            return
        lease = self._intake.budget.lease()
        if not lease.cover(declared_size(draft)):  # now, so that big ones come in turn and do not starve each other
            await self.push(replies.NO_ROOM)
            return
        await self._transaction(draft, lease)

    async def _transaction(self, draft: Draft, lease: Lease) -> None:
        reply = await self._message(draft, lease)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        self._start_deadline()
        await self._answer(reply, len(draft.rcpt_tos))
        if self._stopping:
            self.hang_up(replies.STOPPING)

    async def _message(self, draft: Draft, lease: Lease) -> str:
        """Receive and store; the reply. Raises when there is nobody left to hear it."""
        self._in_data = True
        try:
            return await self._received(draft, lease)
        except _GONE:
            raise
        except Exception as error:
            # Where the message ends is unknown now: what follows must not be taken for commands.
            log.smtp_session_failed(self._intake.name, error)
            self.hang_up(replies.BROKEN)
            raise ConnectionResetError from error
        finally:
            self._in_data = False

    async def _received(self, draft: Draft, lease: Lease) -> str:
        try:
            await self.push("354 end with <CR><LF>.<CR><LF>")
            scanner = await self._scan(lease)
            refusal = _refusal(scanner, bare=not self.keeps_bare_line_ends)
            raw = b"" if refusal else normalised(scanner.content())
        except BaseException:
            lease.release()
            raise
        if refusal:
            lease.release()
            log.mail_refused(self._intake.source, refusal)
            return refusal
        return await self._commit(raw, draft, lease)

    async def _scan(self, lease: Lease) -> DataScanner:
        scanner = DataScanner(self._intake.max_size, lease.cover, keep_bare=self.keeps_bare_line_ends)
        while not scanner.done:
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                raise asyncio.IncompleteReadError(b"", None)
            self._reset_timeout()
            rest = scanner.feed(chunk)
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # commands that were sent along (RFC 2920)
        return scanner

    async def _commit(self, raw: bytes, draft: Draft, lease: Lease) -> str:
        """Wait for the durable commit, but neither for ever nor with a grip on it: ``asyncio.wait`` cancels nothing."""
        self._disarm()
        task = self._intake.commit(raw, envelope_of(draft, self._host), lease)
        seconds = self._intake.limits.commit
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            log.smtp_commit_late(self._intake.name, seconds)
            return replies.TEMPORARY
        return task.result()

    async def _answer(self, reply: str, _recipients: int) -> None:
        if reply.startswith("2"):
            self._patience = self._intake.limits.patience
        await self.push(reply)


class LmtpSession(Session):
    """RFC 2033: LHLO, and after the dot a reply for each recipient. The client is trusted."""

    protocol_name = "LMTP"
    keeps_bare_line_ends = True

    async def smtp_LHLO(self, hostname: str) -> None:
        await Session.smtp_EHLO(self, hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        await self.push("500 5.5.1 this is LMTP, say LHLO")

    async def smtp_HELO(self, hostname: str) -> None:
        await self.push("500 5.5.1 this is LMTP, say LHLO")

    async def _answer(self, reply: str, recipients: int) -> None:
        for _ in range(recipients):
            await super()._answer(reply, 1)


def _not_now(draft: Draft, arg: str | None) -> str:
    if not draft.rcpt_tos:
        return "503 5.5.1 no valid recipients"
    return "501 Syntax: DATA" if arg else ""


def _refusal(scanner: DataScanner, *, bare: bool) -> str:
    if scanner.bare and bare:
        return replies.BARE_LINE_END
    if scanner.too_big:
        return replies.TOO_BIG
    return replies.NO_ROOM if scanner.no_room else ""
