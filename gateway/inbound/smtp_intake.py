"""What the sessions of one listener share: the door, the bounds, and commits that outlive their client."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from gateway import log
from gateway.errors import GatewayError, Temporary
from gateway.inbound import smtp_replies as replies
from gateway.inbound.smtp_limits import ByteBudget, Connections, Lease, Limits
from gateway.mail import Envelope

if TYPE_CHECKING:
    from gateway.store.inbox import Accepted

T = TypeVar("T")


class Accepts(Protocol):
    """Where mail goes. Called from several threads at once.

    ``submit`` gives a future that is done after the durable commit; it fails with ``errors.Temporary``
    or ``errors.Permanent``. Anything else that either of them raises is a defect, and temporary.
    """

    def knows(self, address: str) -> bool: ...

    def submit(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Future[Accepted]: ...


class Dialogue(Protocol):
    """One client's session, as its listener ends it."""

    def stop(self) -> None:
        """Take no other message; one that is under way may end."""

    def hang_up(self, reply: str) -> None:
        """Say why, and say no more."""

    def kill(self) -> None:
        """End at once, whatever is under way."""


@dataclass(eq=False)
class Intake:
    """State of one run of a listener; touched by its event loop alone, but for ``budget``."""

    door: Accepts
    name: str
    source: str
    hostname: str
    max_size: int
    timeout: float
    limits: Limits
    budget: ByteBudget
    connections: Connections
    pool: ThreadPoolExecutor
    tls: ssl.SSLContext | None = None
    stopping: bool = False
    sessions: set[Dialogue] = field(default_factory=set)
    commits: set[asyncio.Task[str]] = field(default_factory=set)
    closing: set[asyncio.Transport] = field(default_factory=set)

    async def knows(self, address: str) -> bool:
        """Ask the door; raises TimeoutError, and whatever the door raises."""
        answer = settled(self.pool.submit(self.door.knows, address))
        return await asyncio.wait_for(answer, self.limits.lookup)

    def commit(self, raw: bytes, envelope: Envelope, lease: Lease) -> asyncio.Task[str]:
        """Store a message; the task ends with the reply to give, and never fails.

        The task belongs to the listener, not to the session: neither a client that has gone nor a time-out
        takes back what was begun. ``lease`` is released when the door is done with ``raw``.
        """
        task = asyncio.get_running_loop().create_task(self._stored(raw, envelope, lease))
        self.commits.add(task)
        task.add_done_callback(self.commits.discard)
        return task

    async def _stored(self, raw: bytes, envelope: Envelope, lease: Lease) -> str:
        try:
            future = await settled(self.pool.submit(self._submit, raw, envelope, lease))
            accepted = await settled(future)
            return replies.accepted(accepted.inbox_id)
        except GatewayError as error:
            log.mail_not_stored(self.name, error.cause)
            return replies.failed(error)
        except Exception as error:  # noqa: BLE001 - a bug of ours is a temporary failure for the sender
            log.smtp_session_failed(self.name, error)
            return replies.failed(error)

    def _submit(self, raw: bytes, envelope: Envelope, lease: Lease) -> Future[Accepted]:
        try:
            future = self.door.submit(raw, envelope, source=self.source)
        except BaseException:
            lease.release()
            raise
        future.add_done_callback(lambda _: lease.release())
        return future

    def finish(self, transport: asyncio.Transport) -> None:
        """Close a connection; reset it when its client does not take the last reply in time."""
        self.closing.add(transport)
        transport.close()
        asyncio.get_running_loop().call_later(self.limits.linger, self.reset, transport)

    def reset(self, transport: asyncio.Transport) -> None:
        self.closing.discard(transport)
        transport.abort()


def settled(future: Future[T]) -> asyncio.Future[T]:
    """Await a future of another thread without ever cancelling it.

    ``asyncio.wrap_future`` would hand our own cancellation on to its maker, who may be in mid-commit.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[T] = loop.create_future()

    def done(_: Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(_copy, future, waiter)

    future.add_done_callback(done)
    return waiter


def _copy(future: Future[T], waiter: asyncio.Future[T]) -> None:
    if waiter.done():
        return
    if future.cancelled():
        waiter.set_exception(Temporary("the work was cancelled before it began"))
    elif (error := future.exception()) is not None:
        waiter.set_exception(error)
    else:
        waiter.set_result(future.result())
