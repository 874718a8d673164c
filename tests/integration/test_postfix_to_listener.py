"""A real Postfix hands its mail to our listeners, and keeps what we put off."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

import pytest
from servers.listening import Door, listening
from servers.ports import wait_until
from servers.postfix import Postfix

from gateway.errors import Temporary

BODY = (
    b"From: a@client.example\r\nTo: support@desk.example\r\nSubject: hi\r\n\r\nhello\r\n.dot\r\n"
    + b"x" * 3000
    + b"\r\n"
)


def send(server: Postfix, *recipients: str, sender: str = "a@client.example", raw: bytes = BODY) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=20) as client:
        client.sendmail(sender, list(recipients), raw)


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_delivers_and_retries_what_was_put_off(postfix: Callable[..., Postfix], protocol: str) -> None:
    door = Door(error=Temporary("database is down"))
    with listening(door, protocol=protocol) as listener:
        server = postfix({"desk.example": f"{protocol}:127.0.0.1:{listener.address[1]}"})
        send(server, "support@desk.example", "help+token@desk.example")
        wait_until(lambda: len(door.begun) >= 1 and "status=deferred" in server.log(), "the first try")
        assert len(server.queue()) == 1
        door.error = None
        server.flush()
        door.wait(1)
        wait_until(lambda: not server.queue(), "an empty queue")
    raw, envelope = door.commits[0]
    assert (envelope.sender, set(envelope.recipients)) == (
        "a@client.example",
        {"support@desk.example", "help+token@desk.example"},
    )
    assert b"\r\n\r\nhello\r\n.dot\r\n" in raw
    assert "4.3.0" in server.log()


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_bounces_only_the_recipient_we_do_not_know(postfix: Callable[..., Postfix], protocol: str) -> None:
    door = Door()
    with listening(door, protocol=protocol) as listener:
        server = postfix({"desk.example": f"{protocol}:127.0.0.1:{listener.address[1]}", "client.example": "discard:"})
        send(server, "support@desk.example", "unknown@desk.example")
        door.wait(1)
        wait_until(lambda: "status=bounced" in server.log(), "the bounce")
    assert [envelope.recipients for _, envelope in door.commits] == [("support@desk.example",)]
    assert "5.1.1" in server.log()


def test_postfix_reuses_a_connection_for_a_burst(postfix: Callable[..., Postfix]) -> None:
    door = Door()
    with listening(door) as listener:
        server = postfix({"desk.example": f"smtp:127.0.0.1:{listener.address[1]}"})
        for number in range(40):
            send(server, "support@desk.example", sender="", raw=b"Subject: %d\r\n\r\nx\r\n" % number)
        door.wait(40)
        wait_until(lambda: not server.queue(), "an empty queue")
    assert len(door.commits) == 40
    assert {envelope.sender for _, envelope in door.commits} == {""}
