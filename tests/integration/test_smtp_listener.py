"""The SMTP listener over real sockets: what it answers, what it keeps, and what it survives."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers.listening import MAIL, Client, Door, dotted, listening
from servers.ports import wait_until

from gateway.errors import Permanent, Temporary
from gateway.inbound.smtp import Limits
from gateway.mail import Envelope

SECRET = "postgresql://gateway:hunter2@db.internal"


def test_a_mail_is_taken_with_its_envelope_and_exactly_its_bytes() -> None:
    door = Door()
    with listening(door) as server, smtplib.SMTP(*server.address, timeout=10) as client:
        assert client.sendmail("a@client.example", ["support@desk.example", "help+x@desk.example"], MAIL) == {}
    envelope = Envelope("a@client.example", ("support@desk.example", "help+x@desk.example"), "127.0.0.1")
    assert door.commits == [(MAIL, envelope)]
    assert door.sources == {"smtp"}


def test_the_250_waits_for_the_commit() -> None:
    door = Door()
    door.gate.clear()
    with listening(door) as server, Client(server.address) as client:
        client.envelope()
        client.send(dotted(MAIL))
        client.socket.settimeout(0.4)
        with pytest.raises(TimeoutError):
            client.reply()
        door.gate.set()
        client.socket.settimeout(10)
        assert client.reply().startswith("250 2.0.0 ")
        assert len(door.commits) == 1


def test_the_null_sender_is_empty_and_recipients_are_named_once() -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        client.envelope("support@desk.example", "support@desk.example", sender="")
        client.send(dotted(MAIL))
        assert client.reply().startswith("250")
    assert door.commits[0][1] == Envelope("", ("support@desk.example",), "127.0.0.1")


def test_only_what_is_true_is_offered() -> None:
    with listening(Door(), max_size=70000) as server, Client(server.address) as client:
        assert client.greeting == "220 mx.desk.example ESMTP"
        assert [line[4:] for line in client.extensions] == [
            "PIPELINING",
            "SIZE 70000",
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "SMTPUTF8",
        ]


FROM, TO = "MAIL FROM:<a@client.example>", "RCPT TO:<support@desk.example>"


@pytest.mark.parametrize(
    ("before", "line", "reply"),
    [
        ([], "NOOP", "250 2.0.0"),
        ([], "RSET", "250 2.0.0"),
        ([], "HELP", "214 2.0.0"),
        ([], "HELP MAIL", "214 2.0.0"),
        ([], "VRFY support", "252 2.5.2"),
        ([], "VRFY", "501 5.5.4"),
        ([], "EXPN staff", "502 5.5.1"),
        ([], "AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ([], "STARTTLS", "454 4.7.0"),
        ([], "LHLO client.example", "500 5.5.1"),
        ([], "BDAT 10 LAST", "500 5.5.1"),
        ([], "EHLO", "501 5.5.4"),
        ([], "HELO", "501 5.5.4"),
        ([], "", "500 5.5.2"),
        ([], "NOOP " + "x" * 1500, "250 2.0.0"),
        ([], "NOOP " + "x" * 3000, "500 5.5.2"),
        ([], "NOOP " + "x" * 300_000, "500 5.5.2"),
        ([], TO, "503 5.5.1"),
        ([], "DATA", "503 5.5.1"),
        ([FROM], FROM, "503 5.5.1"),
        ([FROM], "DATA", "503 5.5.1"),
        ([FROM, TO], "DATA now", "501 5.5.4"),
        ([], "MAIL", "501 5.5.4"),
        ([], "MAIL FROM:", "501 5.5.4"),
        ([], "MAIL FROM:<@>", "553 5.1.3"),
        ([], "MAIL FROM:<a\x01b@client.example>", "553 5.1.3"),
        ([], "MAIL FROM:<a\rb@client.example>", "553 5.1.3"),
        ([], "MAIL FROM:<é@client.example>", "553 5.6.7"),
        ([], "MAIL FROM:<é@client.example> SMTPUTF8", "250 2.1.0"),
        ([], "MAIL FROM:<> BODY=8BITMIME", "250 2.1.0"),
        ([], "MAIL FROM:<> BODY=BINARYMIME", "501 5.5.4"),
        ([], "MAIL FROM:<> SIZE=26214400", "250 2.1.0"),
        ([], "MAIL FROM:<> SIZE=26214401", "552 5.3.4"),
        ([], "MAIL FROM:<> SIZE=-1", "501 5.5.4"),
        ([], "MAIL FROM:<> RET=HDRS", "555 5.5.4"),
        ([FROM], "RCPT", "501 5.5.4"),
        ([FROM], "RCPT TO:<support@desk.example> NOTIFY=NEVER", "555 5.5.4"),
        ([FROM], "RCPT TO:<unknown@desk.example>", "550 5.1.1"),
        ([FROM], "RCPT TO:<victim@elsewhere.example>", "550 5.1.1"),
        ([FROM], "RCPT TO:<victim%elsewhere.example@desk.example>", "250 2.1.5"),
        ([FROM], "RCPT TO:<@desk.example:victim@elsewhere.example>", "550 5.1.1"),
        ([FROM], 'RCPT TO:<"a\x00b"@desk.example>', "553 5.1.3"),
        ([FROM], "RCPT TO:<é@desk.example>", "553 5.6.7"),
        ([], "QUIT", "221 2.0.0"),
        ([], "QUIT now", "501 5.5.4"),
    ],
)
def test_every_command_has_its_reply(before: list[str], line: str, reply: str) -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        for command in before:
            assert client.say(command).startswith("250")
        assert client.say(line).startswith(reply)
    assert door.begun == []


def test_a_byte_that_is_not_utf_8_is_no_address() -> None:
    with listening(Door()) as server, Client(server.address) as client:
        client.send(b"MAIL FROM:<a\xff@client.example> SMTPUTF8\r\n")
        assert client.reply().startswith("553 5.1.3")


@pytest.mark.parametrize("command", ["MAIL FROM:<>", "RCPT TO:<support@desk.example>", "DATA"])
def test_the_greeting_comes_first(command: str) -> None:
    with listening(Door()) as server, Client(server.address, greet="") as client:
        assert client.say(command).startswith("503 5.5.1")


def test_no_reply_repeats_what_the_client_said() -> None:
    with listening(Door()) as server, Client(server.address) as client:
        said = ["CANARY", "VRFY CANARY", "EXPN CANARY", "HELP CANARY", "MAIL FROM:<CANARY", "AUTH CANARY"]
        assert not any("CANARY" in client.say(line) for line in said)


def test_more_than_a_hundred_recipients_are_put_off() -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        client.say(FROM)
        replies = [client.say(f"RCPT TO:<r{n}@desk.example>")[:9] for n in range(103)]
        assert replies == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 3
        client.say("DATA")
        client.send(dotted(MAIL))
        assert client.reply().startswith("250")
    assert len(door.commits[0][1].recipients) == 100


@pytest.mark.parametrize(("excess", "reply"), [(0, "250 2.0.0"), (1, "552 5.3.4")])
def test_the_limit_on_size_is_exact(excess: int, reply: str) -> None:
    raw = MAIL + b".\r\n" * 30000
    raw = raw[: 65536 + excess - 2] + b"\r\n"
    raw = raw.replace(b"\r\r\n", b"x\r\n")
    assert len(raw) == 65536 + excess
    door = Door()
    with listening(door, max_size=65536) as server, Client(server.address) as client:
        assert client.deliver(raw).startswith(reply)
        assert client.deliver().startswith("250 2.0.0")
    assert [len(kept) for kept, _ in door.commits] == ([len(raw)] if not excess else []) + [len(MAIL)]


def test_what_is_too_big_is_thrown_away_as_it_comes() -> None:
    def resident() -> int:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    block = dotted(b"x" * 76 + b"\r\n")[:-3] * 10000
    with listening(Door(), max_size=65536) as server, Client(server.address) as client:
        client.envelope()
        before = resident()
        for _ in range(80):
            client.send(block)
        client.send(b".\r\n")
        assert client.reply().startswith("552 5.3.4")
        assert resident() - before < 16 << 20


def test_a_line_of_any_length_is_kept() -> None:
    raw = b"Subject: long\r\n\r\n" + b"x" * (3 << 20) + b"\r\n"
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        assert client.deliver(raw).startswith("250")
    assert door.commits[0][0] == raw


@pytest.mark.parametrize("raw", [b"\x00\xff\xfe\x80 no message at all\r\n", b"", b"\r\n", b".\r\n..\r\n", b" \r\n"])
def test_bytes_that_are_no_message_are_taken_all_the_same(raw: bytes) -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        assert client.deliver(raw).startswith("250")
    assert door.commits[0][0] == raw


def test_commands_and_messages_may_come_in_one_packet() -> None:
    one = f"{FROM}\r\n{TO}\r\nDATA\r\n".encode() + dotted(MAIL)
    door = Door()
    with listening(door) as server, Client(server.address, greet="") as client:
        client.send(b"EHLO client.example\r\n" + one + one + b"NOOP\r\nQUIT\r\n")
        replies = [client.reply()[-40:].splitlines()[-1][:3] for _ in range(11)]
        assert replies == ["250"] + ["250", "250", "354", "250"] * 2 + ["250", "221"]
        assert client.reply() == ""
    assert [raw for raw, _ in door.commits] == [MAIL, MAIL]


SMUGGLERS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\n\n",
    b"\n..\n",
    b"\r\x00\n.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n\x00.\r\n",
    b"\r\n .\r\n",
    b"\r\n. \r\n",
    b"\r\n.\t\r\n",
    b"\r\n..\r\n",
    b"\r\x0b\n.\r\n",
    b"\xc2\x85.\xc2\x85",
    b"\x0c.\x0c",
]


@pytest.mark.parametrize("end", SMUGGLERS, ids=repr)
def test_no_second_mail_can_be_smuggled_in(end: bytes) -> None:
    inner = f"{FROM}\r\nRCPT TO:<ceo@desk.example>\r\nDATA\r\n".encode() + b"Subject: smuggled\r\n\r\nx\r\n"
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        client.envelope()
        client.send(b"Subject: outer\r\n\r\nx" + end + inner + b".\r\n")
        reply = client.reply()
        assert client.say("NOOP").startswith("250"), "a reply too many"
    bare = b"".join(end.split(b"\r\n")).count(b"\r") + b"".join(end.split(b"\r\n")).count(b"\n")
    assert reply.startswith("550 5.6.11" if bare else "250 2.0.0")
    assert [envelope.recipients for _, envelope in door.commits] == ([] if bare else [("support@desk.example",)])


FAILURES = [
    ("error", Temporary(SECRET), "451 4.3.0"),
    ("error", RuntimeError(SECRET), "451 4.3.0"),
    ("error", OSError(28, SECRET), "452 4.3.1"),
    ("error", Permanent(SECRET), "554 5.0.0"),
    ("refuses", Temporary(SECRET), "451 4.3.0"),
    ("refuses", ValueError(SECRET), "451 4.3.0"),
    ("refuses", Permanent(SECRET, public="too many hops"), "554 5.0.0 too many hops"),
    ("cancels", True, "451 4.3.0"),
]


@pytest.mark.parametrize(("where", "what", "reply"), FAILURES)
def test_a_failure_behind_the_door_tells_nothing_and_can_be_tried_again(where: str, what: object, reply: str) -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        setattr(door, where, what)
        answer = client.deliver()
        assert answer.startswith(reply)
        assert "hunter2" not in answer
        setattr(door, where, None)
        assert client.deliver().startswith("250")
        assert server.listener._budget.free == server.listener._budget.total


def test_a_look_up_that_fails_is_temporary() -> None:
    door = Door(lookup_error=RuntimeError(SECRET))
    with listening(door) as server, Client(server.address) as client:
        client.say(FROM)
        answer = client.say(TO)
        assert answer.startswith("451 4.3.0")
        assert "hunter2" not in answer
        door.lookup_error = None
        assert client.say(TO).startswith("250")


def test_a_commit_that_is_late_is_451_and_is_not_taken_back() -> None:
    door = Door()
    door.gate.clear()
    with listening(door, Limits(commit=0.3)) as server, Client(server.address) as client:
        assert client.deliver().startswith("451 4.3.0")
        assert server.listener._budget.free == server.listener._budget.total - len(MAIL)
        door.gate.set()
        door.wait(1)
        assert client.deliver().startswith("250")
        assert server.listener._budget.free == server.listener._budget.total


def test_the_loop_lives_while_the_door_hangs() -> None:
    door = Door()
    door.gate.clear()
    with listening(door) as server, Client(server.address) as stuck, Client(server.address) as other:
        stuck.envelope()
        stuck.send(dotted(MAIL))
        before = len(server.beats)
        wait_until(lambda: len(server.beats) >= before + 3, "beats while the door hangs", 20)
        assert other.say("NOOP").startswith("250")


def test_many_clients_at_once_are_all_served() -> None:
    door = Door()
    with listening(door) as server:

        def work(number: int) -> None:
            with smtplib.SMTP(*server.address, timeout=20) as client:
                for turn in range(10):
                    client.sendmail("a@client.example", ["support@desk.example"], f"Subject: {number}.{turn}\r\n\r\n")

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(work, range(10)))
    assert len({raw for raw, _ in door.commits}) == len(door.commits) == 100
