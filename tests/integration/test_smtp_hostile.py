"""Clients that vanish, dawdle, flood or pry, and a daemon that is told to stop in the middle of it all."""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
from servers import certificate
from servers.listening import MAIL, Client, Door, Running, dotted, listening
from servers.ports import free_port, wait_until
from structlog.testing import capture_logs

from gateway import log
from gateway.config import InboundSmtp
from gateway.errors import Temporary
from gateway.inbound.smtp import ByteBudget, Limits, SmtpListener

ENVELOPE = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
WHOLE = b"EHLO client.example\r\n" + ENVELOPE + dotted(MAIL) + b"QUIT\r\n"
DOT = WHOLE.index(b"\r\n.\r\n") + 5


def has_room(server: Running) -> bool:
    with Client(server.address, greet="") as client:
        return client.greeting.startswith("220")


def budget_is_whole(server: Running) -> bool:
    budget = server.listener._budget
    return budget.free == budget.total


# --- clients that vanish --------------------------------------------------------------------------


def test_a_half_close_right_after_the_dot_commits_and_is_answered() -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as client:
        client.envelope()
        client.send(dotted(MAIL))
        client.half_close()
        assert client.reply().startswith("250 2.0.0")
        assert client.reply() == ""
    assert [raw for raw, _ in door.commits] == [MAIL]


def test_a_half_close_after_a_whole_pipelined_session_is_answered_to_the_end() -> None:
    door = Door()
    with listening(door) as server, Client(server.address, greet="") as client:
        client.send(WHOLE)
        client.half_close()
        assert [client.reply()[:3] for _ in range(7)] == ["250", "250", "250", "354", "250", "221", ""]


def test_a_client_that_closes_right_after_the_dot_loses_nothing() -> None:
    door = Door()
    with listening(door) as server:
        for _ in range(30):
            with Client(server.address) as client:
                client.envelope()
                client.send(dotted(MAIL))
        door.wait(30)
        wait_until(lambda: budget_is_whole(server), "the return of the budget")


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_a_client_gone_in_mid_commit_does_not_take_the_mail_along(reset: bool) -> None:
    door = Door()
    door.gate.clear()
    with listening(door) as server:
        with Client(server.address) as client:
            client.envelope()
            client.send(dotted(MAIL))
            wait_until(lambda: len(door.begun) == 1, "the beginning of the commit")
            if reset:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.3)
        door.gate.set()
        door.wait(1)
        wait_until(lambda: budget_is_whole(server), "the return of the budget")


def test_a_time_out_in_mid_commit_does_not_take_the_mail_along() -> None:
    door = Door()
    door.gate.clear()
    with listening(door, Limits(transaction=0.5), timeout=1) as server, Client(server.address) as client:
        client.envelope()
        client.send(dotted(MAIL))
        time.sleep(1.5)
        door.gate.set()
        assert client.reply().startswith("250 2.0.0")
    assert len(door.commits) == 1


def test_a_connection_cut_at_any_byte_gives_a_whole_mail_or_none() -> None:
    rng = random.Random(20261121)
    cuts = [rng.randrange(1, len(WHOLE) + 1) for _ in range(120)] + [DOT - 1] * 10 + [DOT] * 10
    door = Door()
    with listening(door) as server:
        for turn, cut in enumerate(cuts):
            with Client(server.address, greet="") as client:
                client.send(WHOLE[:cut])
                if turn % 2:
                    client.half_close()
                    while client.reply():
                        pass
        whole = sum(1 for turn, cut in enumerate(cuts) if cut >= DOT and turn % 2)
        wait_until(lambda: budget_is_whole(server), "the return of the budget")
        with Client(server.address) as client:
            assert client.deliver().startswith("250")
    assert all(raw == MAIL for raw, _ in door.commits)
    assert whole + 1 <= len(door.commits) <= sum(cut >= DOT for cut in cuts) + 1


# --- clients that dawdle --------------------------------------------------------------------------


def ends_within(client: Client, seconds: float) -> str:
    """The last line before the end."""
    client.socket.settimeout(seconds)
    last = ""
    while line := client.line():
        last = line
    return last


def test_a_silent_client_is_let_go() -> None:
    with listening(Door(), timeout=1) as server, Client(server.address) as client:
        assert ends_within(client, 30).startswith("421 4.4.2")


def test_a_client_silent_inside_its_message_is_let_go() -> None:
    with listening(Door(), timeout=1) as server, Client(server.address) as client:
        client.envelope()
        client.send(b"Subject: half")
        assert ends_within(client, 30).startswith("421 4.4.2")
        wait_until(lambda: budget_is_whole(server), "the return of the budget")


def drip(client: Client, data: bytes, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while not stop.wait(0.1):
            client.send(data)


@pytest.mark.parametrize(
    ("before", "data"),
    [(b"", b"NOOP\r\n"), (b"", b"x"), (ENVELOPE, b"x\r\n"), (b"", b"MAIL FROM:<>\r\nRSET\r\n"), (ENVELOPE, b".")],
    ids=["noop", "endless command", "trickled message", "rset", "dots"],
)
def test_a_client_that_is_never_idle_has_a_deadline_all_the_same(before: bytes, data: bytes) -> None:
    stop = threading.Event()
    with listening(Door(), Limits(transaction=1.0), timeout=30) as server, Client(server.address) as client:
        client.send(before)
        thread = threading.Thread(target=drip, args=(client, data, stop))
        thread.start()
        began = time.monotonic()
        last = ends_within(client, 30)
        stop.set()
        thread.join()
        assert time.monotonic() - began < 20
        assert last[:3] in ("421", "250", "354")  # the goodbye is lost when the next drop meets a closed socket


def test_each_mail_starts_the_deadline_anew() -> None:
    door = Door()
    with listening(door, Limits(transaction=1.0)) as server, Client(server.address) as client:
        for _ in range(4):
            time.sleep(0.5)
            assert client.deliver().startswith("250")


def test_a_client_is_bounded_after_its_first_mail_too() -> None:
    stop = threading.Event()
    with (
        listening(Door(), Limits(transaction=1.5), timeout=1) as server,
        Client(server.address) as silent,
        Client(server.address) as busy,
    ):
        assert silent.deliver().startswith("250")
        assert busy.deliver().startswith("250")
        thread = threading.Thread(target=drip, args=(busy, b"NOOP\r\n", stop))
        thread.start()
        assert ends_within(silent, 30).startswith("421 4.4.2")
        ends_within(busy, 30)
        stop.set()
        thread.join()


def test_a_slow_message_that_goes_on_is_not_cut() -> None:
    door = Door()
    with listening(door, timeout=1) as server, Client(server.address) as client:
        client.envelope()
        for _ in range(16):
            time.sleep(0.1)
            client.send(b"a line\r\n")
        client.send(b".\r\n")
        assert client.reply().startswith("250")


def test_a_client_that_does_not_read_its_replies_is_cut() -> None:
    limits = Limits(transaction=1.0, linger=0.3, patience=10**9)
    with listening(Door(), limits, max_connections=1) as server, Client(server.address) as client:
        client.socket.settimeout(0.3)
        with contextlib.suppress(OSError):
            while True:
                client.send(b"HELP\r\n" * 1000)
        wait_until(lambda: has_room(server), "a free place", 30)


# --- clients that flood ---------------------------------------------------------------------------


def test_two_hundred_connections_and_not_one_more() -> None:
    with (
        listening(Door(), max_connections=200, max_connections_per_client=1000) as server,
        contextlib.ExitStack() as held,
    ):
        clients = [held.enter_context(Client(server.address)) for _ in range(200)]
        with Client(server.address, greet="") as refused:
            assert refused.greeting.startswith("421 4.7.0")
            assert refused.line() == ""
        assert clients[0].say("QUIT").startswith("221")
        wait_until(lambda: has_room(server), "a free place")
        assert clients[199].deliver().startswith("250")


def test_one_client_cannot_take_every_place() -> None:
    with listening(Door(), max_connections_per_client=5) as server, contextlib.ExitStack() as held:
        for _ in range(5):
            held.enter_context(Client(server.address, source="127.0.0.2"))
        with Client(server.address, greet="", source="127.0.0.2") as refused:
            assert refused.greeting.startswith("421 4.7.0")
        with Client(server.address, source="127.0.0.3") as other:
            assert other.deliver().startswith("250")


def test_messages_beyond_the_byte_budget_are_put_off() -> None:
    budget, door = ByteBudget(1 << 20), Door()
    big = b"Subject: big\r\n\r\n" + (b"x" * 76 + b"\r\n") * 9000
    door.gate.clear()
    with listening(door, budget=budget) as server, Client(server.address) as first, Client(server.address) as second:
        first.envelope()
        first.send(dotted(big))
        wait_until(lambda: len(door.begun) == 1, "the beginning of the commit")
        assert second.deliver(big).startswith("452 4.3.1")
        assert second.say("MAIL FROM:<> SIZE=1000000").startswith("250")
        assert second.say("RCPT TO:<support@desk.example>").startswith("250")
        assert second.say("DATA").startswith("452 4.3.1")
        assert second.say("RSET").startswith("250")
        door.gate.set()
        assert first.reply().startswith("250")
        assert second.deliver(big).startswith("250")
        assert budget.free == 1 << 20


def test_five_thousand_recipients_are_cut_short() -> None:
    with listening(Door()) as server, Client(server.address) as client:
        client.say("MAIL FROM:<a@client.example>")
        for sent in range(5000):
            reply = client.say(f"RCPT TO:<r{sent}@desk.example>")
            if reply.startswith("421"):
                break
        assert reply.startswith("421 4.7.0")
        assert sent < 1000


def test_guessing_recipients_is_cut_short_sooner() -> None:
    with listening(Door()) as server, Client(server.address) as client:
        client.say("MAIL FROM:<a@client.example>")
        replies = []
        while not replies or replies[-1].startswith("550"):
            replies.append(client.say("RCPT TO:<unknown@desk.example>"))
        assert replies[-1].startswith("421 4.7.0")
        assert 90 <= len(replies) <= 101


def test_a_flood_of_commands_does_not_hold_up_others() -> None:
    stop = threading.Event()

    def flood(client: Client) -> None:
        client.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            while not stop.is_set():
                client.send(b"HELP\r\n" * 10000)

    with (
        listening(Door(), Limits(patience=10**9, linger=0.1, drain=0.1)) as server,
        Client(server.address) as flooder,
        Client(server.address) as other,
    ):
        thread = threading.Thread(target=flood, args=(flooder,))
        thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(20):
            assert other.say("NOOP").startswith("250")
        stop.set()
        thread.join()
        assert time.monotonic() - began < 20


def test_greeting_for_ever_is_cut_short() -> None:
    with listening(Door()) as server, Client(server.address) as client:
        replies = []
        while len(replies) < 2000 and not (replies and replies[-1].startswith("421")):
            replies.append(client.say("EHLO again.example"))
        assert replies[-1].startswith("421 4.7.0")


def test_patience_is_regained_with_each_mail() -> None:
    with listening(Door(), Limits(patience=12)) as server, Client(server.address) as client:
        for _ in range(10):
            assert client.say("VRFY support").startswith("252")
            assert client.deliver().startswith("250")


def test_a_browser_is_sent_away() -> None:
    with listening(Door()) as server, Client(server.address, greet="") as client:
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nAccept: *\r\nA: b\r\nC: d\r\n\r\nMAIL FROM:<>\r\n")
        assert ends_within(client, 30).startswith("421 4.7.0")


def test_random_bytes_never_get_more_than_a_refusal() -> None:
    rng = random.Random(7)
    words = [b"MAIL FROM:", b"RCPT TO:", b"<", b">", b"DATA", b"EHLO x", b"SIZE=", b"\x00", b"@", b'"', b"(", b"\r\n"]
    door = Door()
    with capture_logs() as logs, listening(door) as server:
        for _ in range(150):
            with Client(server.address, greet="") as client:
                junk = b"".join(rng.choice([*words, rng.randbytes(3), b" "]) for _ in range(60))
                client.send(b"EHLO x\r\n" + junk + b"\r\nQUIT\r\n")
                client.half_close()
                while reply := client.reply():
                    assert reply[:3] in ("250", "221", "354", "500", "501", "503", "550", "553", "555", "421", "552")
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


# --- stopping -------------------------------------------------------------------------------------


def test_a_stop_says_goodbye_to_idle_clients_and_lets_a_message_end() -> None:
    door = Door()
    with listening(door) as server, Client(server.address) as idle, Client(server.address) as busy:
        address = server.address
        busy.envelope()
        busy.send(MAIL)
        server.stop.set()
        assert ends_within(idle, 30).startswith("421 4.3.2")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(address, timeout=3)
        time.sleep(0.3)
        busy.send(b"the end\r\n.\r\n")
        assert busy.reply().startswith("250 2.0.0")
        assert busy.reply().startswith("421 4.3.2")
        began = time.monotonic()
        server.end()
        assert time.monotonic() - began < 20
    assert [raw for raw, _ in door.commits] == [MAIL.replace(b".dot", b"dot") + b"the end\r\n"]


def test_a_stop_waits_for_a_commit_whose_client_has_gone() -> None:
    door = Door()
    door.gate.clear()
    with listening(door) as server:
        with Client(server.address) as client:
            client.envelope()
            client.send(dotted(MAIL))
            wait_until(lambda: len(door.begun) == 1, "the beginning of the commit")
        server.stop.set()
        time.sleep(0.3)
        assert server.thread.is_alive()
        beats = len(server.beats)
        time.sleep(0.3)
        assert len(server.beats) > beats
        door.gate.set()
        server.end(30)


def test_a_stop_waits_for_a_commit_whose_client_was_put_off() -> None:
    door = Door()
    door.gate.clear()
    with listening(door, Limits(commit=0.1)) as server:
        with Client(server.address) as client:
            assert client.deliver().startswith("451")
            assert client.say("QUIT").startswith("221")
        server.stop.set()
        time.sleep(0.5)
        assert server.thread.is_alive()
        door.gate.set()
        server.end(30)
    assert len(door.commits) == 1


@pytest.mark.parametrize("hanging", [False, True], ids=["slow client", "hanging door"])
def test_a_stop_does_not_wait_for_ever(hanging: bool) -> None:
    door = Door()
    door.gate.clear()
    with listening(door, Limits(drain=0.5)) as server, Client(server.address) as client:
        client.envelope()
        client.send(dotted(MAIL) if hanging else MAIL)
        time.sleep(0.1)
        began = time.monotonic()
        server.end(30)
        assert time.monotonic() - began < 20
        assert ends_within(client, 30).startswith("421 4.3.2")


def test_an_address_that_is_taken_is_an_error_and_not_a_silence() -> None:
    with listening(Door()) as server:
        second = SmtpListener(InboundSmtp(listen=f"127.0.0.1:{server.address[1]}"), Door())
        with pytest.raises(OSError, match="in use"):
            second.run(threading.Event(), lambda: None)


def test_a_listener_can_run_again() -> None:
    door, port = Door(), free_port()
    listener = SmtpListener(InboundSmtp(listen=f"127.0.0.1:{port}"), door)
    for _ in range(2):
        server = Running(listener)
        assert server.address == ("127.0.0.1", port)
        with Client(server.address) as client:
            assert client.deliver().startswith("250")
        server.end()
        with pytest.raises(RuntimeError):
            _ = listener.address


def test_an_ipv6_address_is_listened_on() -> None:
    door = Door()
    with listening(door, listen="[::1]:0") as server, Client(server.address) as client:
        assert server.address[0] == "::1"
        assert client.deliver().startswith("250")
    assert door.commits[0][1].peer == "::1"


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate.make(tmp_path_factory.mktemp("certificate"))


def test_starttls_protects_the_rest_of_the_session(pair: tuple[Path, Path]) -> None:
    door = Door()
    with listening(door, tls_certificate=pair[0], tls_key=pair[1]) as server, Client(server.address) as client:
        assert client.extensions[-1] == "250 STARTTLS"
        assert client.say("STARTTLS now").startswith("501 5.5.4")
        assert client.say("STARTTLS").startswith("220 2.0.0")
        client.starttls(pair[0])
        assert client.say("MAIL FROM:<>").startswith("503"), "what was said before is forgotten (RFC 3207 section 4.2)"
        extensions = client.say("EHLO client.example")
        assert "STARTTLS" not in extensions
        assert "AUTH" not in extensions
        assert client.say("STARTTLS").startswith("503 5.5.1")
        assert client.deliver().startswith("250")
        client.envelope()
        client.send(dotted(MAIL))
        client.socket.close()
        door.wait(2)


def test_plain_text_behind_starttls_is_thrown_away(pair: tuple[Path, Path]) -> None:
    with listening(Door(), tls_certificate=pair[0], tls_key=pair[1]) as server, Client(server.address) as client:
        client.send(b"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<evil@client.example>\r\n")
        assert client.reply().startswith("220")
        try:
            client.starttls(pair[0])
        except OSError:
            return
        assert client.say("RCPT TO:<support@desk.example>").startswith("503")


@pytest.mark.parametrize("junk", [b"", b"no handshake at all\r\n", b"\x16\x03\x01"], ids=["gone", "junk", "half"])
def test_a_handshake_that_fails_frees_its_place(pair: tuple[Path, Path], junk: bytes) -> None:
    with (
        capture_logs() as logs,
        listening(Door(), tls_certificate=pair[0], tls_key=pair[1], max_connections=1) as server,
    ):
        with Client(server.address) as client:
            assert client.say("STARTTLS").startswith("220")
            client.send(junk)
        wait_until(lambda: has_room(server), "a free place")
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


def test_a_handshake_that_never_ends_is_cut(pair: tuple[Path, Path]) -> None:
    settings = {"tls_certificate": pair[0], "tls_key": pair[1], "timeout": 1, "max_connections": 1}
    with listening(Door(), Limits(linger=0.3), **settings) as server, Client(server.address) as client:
        assert client.say("STARTTLS").startswith("220")
        client.send(b"\x16\x03\x01")
        wait_until(lambda: has_room(server), "a free place", 30)


def test_a_stop_in_mid_handshake_ends(pair: tuple[Path, Path]) -> None:
    with listening(Door(), tls_certificate=pair[0], tls_key=pair[1]) as server, Client(server.address) as client:
        assert client.say("STARTTLS").startswith("220")
        time.sleep(0.1)
        server.end(30)


def test_relative_paths_start_where_the_caller_says(pair: tuple[Path, Path]) -> None:
    names = {"tls_certificate": Path(pair[0].name), "tls_key": Path(pair[1].name)}
    with (
        listening(Door(), paths=lambda path: pair[0].parent / path, **names) as server,
        Client(server.address) as client,
    ):
        assert "250 STARTTLS" in client.extensions


# --- what is logged -------------------------------------------------------------------------------


def test_neither_content_nor_local_parts_are_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="mail.log")
    raw = b"Subject: CANARY\r\n\r\nCANARY\r\n"
    door = Door()
    log.configure("info")
    with capture_logs() as logs, listening(door) as server, Client(server.address) as client:
        for error in (None, Temporary("database is locked"), RuntimeError("defect")):
            door.error = error
            client.say("MAIL FROM:<CANARY@client.example>")
            client.say("RCPT TO:<unknownCANARY@elsewhere.example>")
            client.say("RCPT TO:<CANARY@desk.example>")
            client.say("DATA")
            client.send(raw + b".\r\n")
            client.reply()
        client.say("CANARY")
        client.say("MAIL FROM:<CANARY\x01@client.example>")
    told = [entry["event"] for entry in logs]
    assert {"smtp_listening", "smtp_recipient_refused", "mail_not_stored", "smtp_session_failed"} <= set(told)
    assert "CANARY" not in repr(logs) + "".join(capfd.readouterr()) + caplog.text
    assert {entry["domain"] for entry in logs if "domain" in entry} == {"elsewhere.example"}
