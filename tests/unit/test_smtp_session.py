"""A session without a network: what arrives in one turn of the event loop with the end of the connection."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from gateway.inbound.smtp import Admission
from gateway.inbound.smtp_intake import Intake, settled
from gateway.inbound.smtp_limits import ByteBudget, Connections, Limits
from gateway.inbound.smtp_session import Session
from gateway.mail import Envelope
from gateway.store.inbox import Accepted

BEFORE = b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"


class Line(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self, host: str = "192.0.2.7") -> None:
        super().__init__({"peername": (host, 25)})
        self.written = b""
        self.closed = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


class Door:
    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Envelope]] = []

    def knows(self, address: str) -> bool:
        return True

    def submit(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Future[Accepted]:
        self.taken.append((raw, envelope))
        future: Future[Accepted] = Future()
        future.set_result(Accepted(7, duplicate=False))
        return future


async def until(written: bytes, line: Line) -> None:
    for _ in range(500):
        if written in line.written:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(line.written)


def intake_of(door: Door, pool: ThreadPoolExecutor) -> Intake:
    return Intake(
        door=door,
        name="smtp:test",
        source="smtp",
        hostname="mx.desk.example",
        max_size=1 << 20,
        timeout=30,
        limits=Limits(linger=0.0),
        budget=ByteBudget(),
        connections=Connections(9, 2),
        pool=pool,
    )


async def _conversation(end: Exception | None, door: Door) -> Line:
    with ThreadPoolExecutor(2) as pool:
        intake = intake_of(door, pool)
        intake.connections.enter("192.0.2.7")
        line, session = Line(), Session(intake, "192.0.2.7")
        session.connection_made(line)
        session.data_received(BEFORE)
        await until(b"354", line)
        session.data_received(b"Subject: x\r\n\r\nx\r\n.\r\n")
        session.connection_lost(end)
        while intake.sessions or intake.commits:
            await asyncio.sleep(0.01)
        assert len(intake.connections) == 0
        assert intake.budget.free == intake.budget.total
        await asyncio.sleep(0.01)
        return line


@pytest.mark.parametrize("end", [None, ConnectionResetError("reset by peer")], ids=["close", "reset"])
def test_a_message_whose_dot_came_with_the_end_of_the_connection_is_committed(end: Exception | None) -> None:
    door = Door()
    line = asyncio.run(_conversation(end, door))
    assert door.taken == [(b"Subject: x\r\n\r\nx\r\n", Envelope("", ("support@desk.example",), "192.0.2.7"))]
    assert line.written.endswith(b"354 end with <CR><LF>.<CR><LF>\r\n")
    assert line.closed


def test_waiting_for_a_thread_never_cancels_its_work() -> None:
    async def give_up(future: Future[int]) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(settled(future), 0.01)

    future: Future[int] = Future()
    asyncio.run(give_up(future))
    assert not future.cancelled()
    future.set_result(1)  # and nobody minds that the loop has gone


class Spent(ByteBudget):
    """Breaks while a message is being received, as a machine without memory would."""

    def _take(self, count: int, *, small: bool) -> bool:
        if count > 0:
            raise MemoryError
        return True


async def _broken_in_mid_message(door: Door) -> Line:
    with ThreadPoolExecutor(2) as pool:
        intake = intake_of(door, pool)
        intake.budget = Spent()
        intake.connections.enter("192.0.2.7")
        line, session = Line(), Session(intake, "192.0.2.7")
        session.connection_made(line)
        session.data_received(BEFORE)
        await until(b"354", line)
        session.data_received(b"Subject: x\r\n\r\n")
        session.data_received(BEFORE + b"smuggled\r\n.\r\n")
        await until(b"421", line)
        while intake.sessions:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        return line


def test_a_message_that_breaks_us_is_not_read_on_as_commands() -> None:
    door = Door()
    line = asyncio.run(_broken_in_mid_message(door))
    assert line.written.split(b"\r\n")[-2].startswith(b"421 4.3.0")
    assert door.taken == []
    assert line.closed


async def _greetings(*hosts: str, stopping: bool = False) -> list[bytes]:
    """What clients from ``hosts`` are first told; all of them stay."""
    with ThreadPoolExecutor(1) as pool:
        intake = intake_of(Door(), pool)
        intake.stopping = stopping
        lines = [Line(host) for host in hosts]
        for line in lines:
            Admission(intake, Session).connection_made(line)
        await asyncio.sleep(0)
        for session in list(intake.sessions):
            session.kill()
        while intake.sessions:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return [line.written[:9] for line in lines]


def test_an_ipv6_network_counts_as_one_client() -> None:
    hosts = ("2001:db8:1:1::a", "2001:db8:1:1::b", "2001:db8:1:1::c", "2001:db8:1:2::a")
    assert asyncio.run(_greetings(*hosts)) == [b"220 mx.de", b"220 mx.de", b"421 4.7.0", b"220 mx.de"]


def test_who_comes_in_while_we_stop_is_sent_away() -> None:
    assert asyncio.run(_greetings("192.0.2.7", stopping=True)) == [b"421 4.3.2"]
