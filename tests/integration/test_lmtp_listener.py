"""LMTP (RFC 2033): a reply for each recipient, whatever happens after the dot; over TCP and unix sockets."""

from __future__ import annotations

import errno
import smtplib
import socket
import stat
import struct
import threading
from pathlib import Path

import pytest
from servers.listening import MAIL, Client, Door, dotted, listening
from servers.ports import wait_until

from gateway.config import InboundSmtp
from gateway.errors import Permanent, Temporary
from gateway.inbound.smtp import ByteBudget, Limits, SmtpListener

LHLO = "LHLO mta.example"
THREE = ("one@desk.example", "two@desk.example", "three@desk.example")


def replies_after_dot(client: Client, data: bytes = dotted(MAIL)) -> list[str]:
    """Deliver to three recipients; the replies, of which there must be exactly three."""
    client.envelope(*THREE)
    client.send(data)
    replies = [client.reply() for _ in THREE]
    assert client.say("NOOP").startswith("250 2.0.0 OK"), "a reply too many"
    return replies


def test_each_recipient_has_its_reply_and_the_mail_is_handed_over_once() -> None:
    door = Door()
    with listening(door, protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        assert client.greeting == "220 mx.desk.example LMTP"
        assert {"250-PIPELINING", "250-ENHANCEDSTATUSCODES"} < set(client.extensions)
        assert [reply[:9] for reply in replies_after_dot(client)] == ["250 2.0.0"] * 3
    assert [(raw, envelope.recipients) for raw, envelope in door.commits] == [(MAIL, THREE)]
    assert door.sources == {"lmtp"}


def test_a_recipient_named_twice_is_answered_twice() -> None:
    door = Door()
    with listening(door, protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        client.envelope("one@desk.example", "one@desk.example")
        client.send(dotted(MAIL))
        assert [client.reply()[:3] for _ in range(2)] == ["250", "250"]
        assert client.say("NOOP").startswith("250")
    assert door.commits[0][1].recipients == ("one@desk.example",)


def test_refused_recipients_have_no_reply_after_the_dot() -> None:
    with listening(Door(), protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        client.say("MAIL FROM:<>")
        assert client.say("RCPT TO:<unknown@desk.example>").startswith("550 5.1.1")
        assert client.say("DATA").startswith("503 5.5.1")
        assert client.say("RCPT TO:<one@desk.example>").startswith("250")
        client.say("DATA")
        client.send(dotted(MAIL))
        assert client.reply().startswith("250 2.0.0 accepted")
        assert client.say("NOOP").startswith("250 2.0.0 OK")


@pytest.mark.parametrize(
    ("where", "what", "reply"),
    [
        ("error", Temporary("secret"), "451 4.3.0"),
        ("error", OSError(errno.ENOSPC, "secret"), "452 4.3.1"),
        ("error", Permanent("secret"), "554 5.0.0"),
        ("error", RuntimeError("secret"), "451 4.3.0"),
        ("refuses", RuntimeError("secret"), "451 4.3.0"),
        ("cancels", True, "451 4.3.0"),
    ],
)
def test_every_failure_is_told_for_each_recipient(where: str, what: object, reply: str) -> None:
    door = Door()
    setattr(door, where, what)
    with listening(door, protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        assert [told[:9] for told in replies_after_dot(client)] == [reply] * 3


def test_a_late_commit_is_told_for_each_recipient() -> None:
    door = Door()
    door.gate.clear()
    with listening(door, Limits(commit=0.2), protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        assert [told[:9] for told in replies_after_dot(client)] == ["451 4.3.0"] * 3


def test_too_big_is_told_for_each_recipient() -> None:
    big = (b"x" * 76 + b"\r\n") * 1000
    with listening(Door(), protocol="lmtp", max_size=65536) as server, Client(server.address, greet=LHLO) as client:
        assert [told[:9] for told in replies_after_dot(client, dotted(big))] == ["552 5.3.4"] * 3


def test_a_spent_budget_is_told_for_each_recipient() -> None:
    door, budget = Door(), ByteBudget(70000)
    big = (b"x" * 76 + b"\r\n") * 700
    door.gate.clear()
    with (
        listening(door, budget=budget, protocol="lmtp") as server,
        Client(server.address, greet=LHLO) as first,
        Client(server.address, greet=LHLO) as second,
    ):
        first.envelope(*THREE)
        first.send(dotted(big))
        wait_until(lambda: len(door.begun) == 1, "the beginning of the commit")
        assert [told[:9] for told in replies_after_dot(second, dotted(big))] == ["452 4.3.1"] * 3
        door.gate.set()
        assert first.reply().startswith("250")


def test_bare_line_ends_are_made_whole() -> None:
    door = Door()
    with listening(door, protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        told = replies_after_dot(client, b"Subject: a\rb\n\nbody\n.\nmore\r\n.\r\n")
        assert [reply[:3] for reply in told] == ["250"] * 3
    assert [raw for raw, _ in door.commits] == [b"Subject: a\r\nb\r\n\r\nbody\r\n.\r\nmore\r\n"]


@pytest.mark.parametrize("command", ["EHLO client.example", "HELO client.example"])
def test_smtp_greetings_are_refused(command: str) -> None:
    with listening(Door(), protocol="lmtp") as server, Client(server.address, greet="") as client:
        assert client.say(command).startswith("500 5.5.1")
        assert client.say("MAIL FROM:<>").startswith("503 5.5.1")
        assert client.say("LHLO").startswith("501 5.5.4")


def test_a_unix_socket_takes_more_clients_than_one_address_may_have(tmp_path: Path) -> None:
    door, place = Door(), tmp_path / "lmtp.sock"
    with listening(door, listen=str(place), protocol="lmtp", max_connections_per_client=1) as server:
        assert server.address == (str(place), 0)
        assert stat.S_IMODE(place.stat().st_mode) == 0o666
        with Client(server.address, greet=LHLO) as first, smtplib.LMTP(str(place)) as second:
            assert first.deliver().startswith("250")
            assert second.sendmail("", [THREE[0]], MAIL) == {}
    assert [envelope.peer for _, envelope in door.commits] == ["", ""]
    assert not place.exists()


def test_a_relative_socket_path_starts_where_the_caller_says(tmp_path: Path) -> None:
    with listening(Door(), listen="./in.sock", protocol="lmtp", paths=lambda path: tmp_path / path) as server:
        assert server.address == (str(tmp_path / "in.sock"), 0)


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    place = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    door = Door()
    with listening(door, listen=str(place), protocol="lmtp") as server, Client(server.address, greet=LHLO) as client:
        assert client.deliver().startswith("250")


def test_a_socket_that_somebody_listens_on_is_not_taken_away(tmp_path: Path) -> None:
    place = tmp_path / "lmtp.sock"
    with listening(Door(), listen=str(place), protocol="lmtp") as server:
        with pytest.raises(OSError, match="in use"):
            SmtpListener(InboundSmtp(listen=str(place), protocol="lmtp"), Door()).run(threading.Event(), lambda: None)
        with Client(server.address, greet=LHLO) as client:
            assert client.deliver().startswith("250")


def test_a_client_that_resets_between_replies_harms_nobody() -> None:
    door = Door()
    door.gate.clear()
    with listening(door, protocol="lmtp") as server:
        with Client(server.address, greet=LHLO) as client:
            client.envelope(*THREE)
            client.send(dotted(MAIL))
            wait_until(lambda: len(door.begun) == 1, "the beginning of the commit")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        door.gate.set()
        door.wait(1)
        with Client(server.address, greet=LHLO) as client:
            assert client.deliver().startswith("250")
