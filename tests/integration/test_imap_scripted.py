"""The watcher against servers that misbehave: nothing is lost or spun on, and nothing hangs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import certificate
from servers.imap_script import Hangup, ScriptedImap, Session, trickle
from servers.ledger import Ledger, running
from servers.ports import wait_until

from gateway.config import InboundImap
from gateway.inbound.imap import ImapWatcher
from gateway.inbound.imap_link import Lost
from gateway.inbound.imap_wire import Interrupted, Pulse, Wire

MAIL = b"From: a@client.example\r\nSubject: hi\r\n\r\nhello\r\n"


@pytest.fixture
def server() -> Iterator[ScriptedImap]:
    made = ScriptedImap()
    yield made
    made.close()


def watcher(server: ScriptedImap, ledger: Ledger, **more: Any) -> ImapWatcher:
    basic = {"name": "support", "host": server.host, "port": server.port, "tls": "none", "username": "me@desk.example"}
    settings = InboundImap(**{**basic, "password": "pw", **more})
    return ImapWatcher(settings, ledger, ledger, password=lambda: "pw", random=lambda: 0.0)


def first_scan(ledger: Ledger) -> None:
    wait_until(lambda: ledger.oks > 0, "first scan")


# --- IDLE


def test_mail_announced_together_with_the_plus_is_seen_at_once(server: ScriptedImap) -> None:
    def idle(session: Session, tag: str, _: str) -> None:
        server.on.pop("IDLE")
        server.messages[1] = MAIL
        session.send("+ idling\r\n* 1 EXISTS\r\n")
        session.end_idle(tag)

    server.on["IDLE"] = idle
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1, 40)
    assert server.moved == {1: "Processed"}
    assert server.connections == 1


def test_mail_announced_before_the_plus_is_seen_at_once(server: ScriptedImap) -> None:
    def idle(session: Session, tag: str, _: str) -> None:
        server.on.pop("IDLE")
        server.messages[1] = MAIL
        session.send("* OK still here\r\n* 1 EXISTS\r\n+ idling\r\n")
        session.end_idle(tag)

    server.on["IDLE"] = idle
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1, 40)
    assert server.connections == 1


def test_a_server_that_announces_at_every_idle_what_is_there_is_not_asked_all_the_time(server: ScriptedImap) -> None:
    def idle(session: Session, tag: str, _: str) -> None:
        session.send("+ idling\r\n* 1 EXISTS\r\n")
        session.end_idle(tag)

    server.on["IDLE"] = idle
    ledger = Ledger()
    with running(watcher(server, ledger)):
        server.wait_for("IDLE")
        time.sleep(1.5)
        assert server.count("IDLE") <= 3
        server.messages[1] = MAIL
        ledger.wait_for(1, 40)


def test_mail_that_comes_during_the_last_search_needs_no_wake(server: ScriptedImap) -> None:
    def search(session: Session, tag: str, arguments: str) -> bool:
        if arguments == "UID *" and 1 not in server.messages and not server.moved:
            session.send("* SEARCH\r\n* 1 EXISTS\r\n")  # the answer is older than the news
            session.ok(tag)
            server.messages[1] = MAIL
            return False
        return True

    server.on["SEARCH"] = search
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1, 40)


def test_a_polled_server_that_shows_new_mail_only_at_noop_is_asked(server: ScriptedImap) -> None:
    server.capabilities = "IMAP4rev1 MOVE"
    arrived: dict[int, bytes] = {}

    def noop(session: Session, tag: str, _: str) -> bool:
        server.messages.update(arrived)
        arrived.clear()
        return True

    server.on["NOOP"] = noop
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        first_scan(ledger)
        arrived[1] = MAIL
        ledger.wait_for(1, 40)


def test_chatter_in_idle_does_not_start_searches(server: ScriptedImap) -> None:
    def idle(session: Session, tag: str, _: str) -> None:
        session.send("+ idling\r\n")
        for _ in range(500):
            session.send("* OK Still here\r\n* 3 FETCH (FLAGS (\\Seen))\r\n* 2 EXPUNGE\r\n")
        session.end_idle(tag)

    server.on["IDLE"] = idle
    ledger = Ledger()
    with running(watcher(server, ledger)):
        server.wait_for("IDLE")
        time.sleep(0.7)
        assert server.count("SEARCH") == 1
        assert server.connections == 1


def test_a_refused_idle_means_polling_on_a_new_connection(server: ScriptedImap) -> None:
    server.on["IDLE"] = lambda session, tag, _: session.send(f"{tag} NO not today\r\n")
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        wait_until(lambda: server.connections == 2 and ledger.oks >= 2, "second connection")
        server.messages[1] = MAIL
        ledger.wait_for(1, 40)
    assert server.count("IDLE") == 1


def hang_up(session: Session, tag: str, _: str) -> None:
    raise Hangup


def bye(session: Session, tag: str, _: str) -> None:
    session.send("* BYE Session invalidated - AccessTokenExpired\r\n")
    session.silence()


def idle_then(what: bytes) -> Callable[[Session, str, str], None]:
    def idle(session: Session, tag: str, _: str) -> None:
        session.send("+ idling\r\n")
        time.sleep(0.05)
        session.send(what)
        raise Hangup

    return idle


@pytest.mark.parametrize(
    "behaviour",
    [
        hang_up,
        bye,
        idle_then(b""),
        idle_then(b"* BYE going down\r\n"),
        idle_then(b"* 1 EXI"),
        idle_then(b"\xff\xfe\x00\r\n"),
        idle_then(b"* 1 FETCH (FLAGS {999999999999}\r\n"),
        idle_then(b"a7 OK what\r\n"),
    ],
    ids=["eof", "bye", "eof in idle", "bye in idle", "partial line", "garbage", "literal bomb", "foreign tag"],
)
def test_a_connection_that_ends_in_idle_is_replaced_without_spinning(
    server: ScriptedImap, behaviour: Callable[[Session, str, str], None]
) -> None:
    server.on["IDLE"] = behaviour
    ledger = Ledger()
    with running(watcher(server, ledger)):
        server.wait_for("IDLE", 2)
        began, connections = time.process_time(), server.connections
        time.sleep(1.5)
        assert server.connections <= connections + 2
        assert time.process_time() - began < 0.5
        server.on.pop("IDLE")
        server.messages[1] = MAIL
        ledger.wait_for(1, 40)
    assert ledger.errors
    assert len(ledger.keys) == 1


# --- hostile and broken answers


COMMANDS = ("GREETING", "CAPABILITY", "LOGIN", "NAMESPACE", "SELECT", "NOOP", "SEARCH", "FETCH", "LIST", "MOVE")
FAILURES = [("eof", command) for command in COMMANDS] + [
    (how, command)
    for how in ("bye", "garbage", "flood", "literal bomb")
    for command in ("GREETING", "SEARCH", "FETCH", "MOVE")
]


@pytest.mark.parametrize(("how", "command"), FAILURES)
def test_any_command_may_fail_once_and_the_mail_is_taken_exactly_once(
    server: ScriptedImap, how: str, command: str
) -> None:
    def fail(session: Session, tag: str, arguments: str) -> None:
        server.on.pop(command)
        if how == "bye":
            session.send("* BYE no more\r\n")
        elif how == "garbage":
            session.send(b"\x00\x80 }{ ((\r\n")
        elif how == "flood":
            session.send(b"* 1 EXISTS\r\n" * 200_000)
        elif how == "literal bomb":
            session.send(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nx")
        raise Hangup

    server.messages[1] = MAIL
    server.on[command] = fail
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1, 40)
        wait_until(lambda: server.moved == {1: "Processed"}, "the move")
    assert len(ledger.keys) == 1


def test_random_answers_never_end_the_watcher(server: ScriptedImap) -> None:
    chance = random.Random(20261121)
    pieces = [
        b"* ",
        b"OK ",
        b"\r\n",
        b"{5}\r\n",
        b"(",
        b")",
        b'"',
        b"NIL ",
        b"1 FETCH ",
        b"SEARCH ",
        b"+ ",
        b"\x80",
        b"]",
    ]

    def noise(session: Session, tag: str, _: str) -> bool:
        if chance.random() < 0.4:
            session.send(b"".join(chance.choices(pieces, k=chance.randrange(1, 12))))
            session.send(f"{tag} OK x\r\n" if chance.random() < 0.5 else "")
            raise Hangup
        return True

    for name in ("CAPABILITY", "LOGIN", "NAMESPACE", "SELECT", "NOOP", "SEARCH", "FETCH", "LIST", "MOVE", "IDLE"):
        server.on[name] = noise
    server.messages = dict.fromkeys(range(1, 6), MAIL)
    ledger = Ledger()
    with running(watcher(server, ledger)) as run:
        wait_until(lambda: server.connections >= 6, "six connections", 30)
        server.on.clear()
        wait_until(lambda: len(server.moved) == 5, "all moved", 90)
        run.end()
    assert len(ledger.keys) == len(set(ledger.keys)) == 5


def test_a_message_that_kills_the_connection_does_not_hold_up_the_others(server: ScriptedImap) -> None:
    def fetch(session: Session, tag: str, arguments: str) -> bool:
        if arguments.startswith("2 ") and "BODY.PEEK[]" in arguments:
            raise Hangup
        return True

    server.messages = {1: MAIL, 2: MAIL.replace(b"hello", b"deadly"), 3: MAIL}
    server.on["FETCH"] = fetch
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(3, 40)
        wait_until(lambda: len(server.moved) == 3, "moves")
    assert server.moved[2] == "Unreadable"
    (stand_in,) = [raw for raw in ledger.raws if b"X-Gateway-Truncated" in raw]
    assert b"Subject: hi\r\n" in stand_in
    assert b"deadly" not in stand_in


def test_a_message_larger_than_the_server_said_is_not_read_into_memory(server: ScriptedImap) -> None:
    def fetch(session: Session, tag: str, arguments: str) -> bool:
        if "RFC822.SIZE" in arguments:
            session.send("* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n")
            session.ok(tag)
            return False
        return True

    server.messages[1] = MAIL + b"x" * 3_000_000
    server.on["FETCH"] = fetch
    ledger = Ledger()
    with running(watcher(server, ledger, max_size=65_536)):
        ledger.wait_for(1, 40)
    assert b"X-Gateway-Truncated" in ledger.raws[0]


def test_a_slightly_wrong_size_is_forgiven(server: ScriptedImap) -> None:
    def fetch(session: Session, tag: str, arguments: str) -> bool:
        if "RFC822.SIZE" in arguments:
            session.send("* 1 FETCH (UID 1)\r\n")
            session.ok(tag)
            return False
        return True

    server.messages[1] = MAIL
    server.on["FETCH"] = fetch
    ledger = Ledger()
    with running(watcher(server, ledger)):
        ledger.wait_for(1)
    assert ledger.raws == [MAIL]


def test_a_server_that_will_not_move_does_not_stop_the_mail(server: ScriptedImap) -> None:
    server.on["MOVE"] = lambda session, tag, _: session.send(f"{tag} NO [OVERQUOTA] full\r\n")
    server.messages = {1: MAIL}
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        ledger.wait_for(1)
        server.messages[2] = MAIL
        ledger.wait_for(2, 40)
        server.on.clear()
        wait_until(lambda: set(server.moved) == {1, 2}, "moves when there is room again")
    assert len(ledger.keys) == 2
    assert ledger.duplicates == []


def test_without_any_way_to_mark_mail_the_cursor_alone_remembers(server: ScriptedImap) -> None:
    server.capabilities = "IMAP4rev1"
    server.messages = {1: MAIL, 5: MAIL}
    ledger = Ledger()
    with running(watcher(server, ledger, scan_interval=1)):
        ledger.wait_for(2)
        first_scan(ledger)
    server.messages[6] = MAIL
    with running(watcher(server, ledger, scan_interval=1)):
        ledger.wait_for(3)
        time.sleep(0.2)
    assert [key.rpartition(":")[2] for key in ledger.keys] == ["1", "5", "6"]
    assert ledger.duplicates == []
    assert ledger.saves == [(1, 5), (1, 6)]
    assert server.count("STORE") == server.count("EXPUNGE") == server.count("COPY") == 0


def test_a_changed_uidvalidity_forgets_the_cursor(server: ScriptedImap) -> None:
    server.uidvalidity = 8
    server.messages = {1: MAIL}
    ledger = Ledger(places={(f"me@desk.example@127.0.0.1:{server.port}", "INBOX"): (7, 100)})
    with running(watcher(server, ledger)):
        ledger.wait_for(1)
        wait_until(lambda: ledger.saves[-1:] == [(8, 1)], "the new place")


def test_a_cursor_that_was_kept_is_honoured(server: ScriptedImap) -> None:
    server.messages = {1: MAIL, 2: MAIL}
    ledger = Ledger(places={(f"me@desk.example@127.0.0.1:{server.port}", "INBOX"): (1, 1)})
    with running(watcher(server, ledger)):
        ledger.wait_for(1)
        first_scan(ledger)
    assert [key.rpartition(":")[2] for key in ledger.keys] == ["2"]


# --- logging in


def test_no_password_is_sent_where_the_server_disables_login(server: ScriptedImap) -> None:
    server.capabilities += " LOGINDISABLED"
    ledger = Ledger()
    with running(watcher(server, ledger)):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    assert server.count("LOGIN") == server.count("AUTHENTICATE") == 0


def test_a_login_that_is_unavailable_is_tried_again_soon(server: ScriptedImap) -> None:
    def login(session: Session, tag: str, _: str) -> None:
        server.on.pop("LOGIN")
        session.send(f"{tag} NO [UNAVAILABLE] try later\r\n")

    server.on["LOGIN"] = login
    ledger = Ledger()
    with running(watcher(server, ledger)):
        wait_until(lambda: ledger.oks > 0, "second login", 40)


def test_a_server_that_quotes_our_credentials_does_not_bring_them_into_log_or_notice(
    server: ScriptedImap, capfd: pytest.CaptureFixture[str]
) -> None:
    server.on["LOGIN"] = lambda session, tag, arguments: session.send(f"{tag} NO wrong: LOGIN {arguments}\r\n")
    ledger = Ledger()
    settings = InboundImap(name="s", host=server.host, port=server.port, tls="none", username="me@x", password="x")
    with running(ImapWatcher(settings, ledger, ledger, password=lambda: "canary-7", random=lambda: 0.0)):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    seen = "".join(capfd.readouterr()) + ledger.errors[0]
    assert "wrong: LOGIN" in seen
    assert "canary-7" not in seen
    assert "me@x" not in seen


def test_plain_carries_any_password(server: ScriptedImap) -> None:
    import base64

    answers: list[str] = []

    def authenticate(session: Session, tag: str, _: str) -> None:
        session.send("+ \r\n")
        answers.append(base64.b64decode(session.line()).decode())
        session.ok(tag)

    server.capabilities += " AUTH=PLAIN"
    server.on["AUTHENTICATE"] = authenticate
    ledger = Ledger()
    settings = InboundImap(name="s", host=server.host, port=server.port, tls="none", username="me", password="x")
    with running(ImapWatcher(settings, ledger, ledger, password=lambda: 'zażółć "\\', random=lambda: 0.0)):
        first_scan(ledger)
    assert answers == ['\0me\0zażółć "\\']


def test_words_smuggled_in_front_of_the_tls_handshake_end_the_connection(server: ScriptedImap, tmp_path: Path) -> None:
    server.certificate = certificate.make(tmp_path)
    server.capabilities += " STARTTLS"

    def starttls(session: Session, tag: str, _: str) -> None:
        session.send(f"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
        session.silence()

    server.on["STARTTLS"] = starttls
    ledger = Ledger()
    with running(watcher(server, ledger, tls="starttls", ca_file=server.certificate[0])):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    assert "ahead of the TLS handshake" in ledger.errors[0]
    assert server.count("LOGIN") == 0


def test_a_greeting_that_claims_to_know_us_does_not_avoid_starttls(server: ScriptedImap, tmp_path: Path) -> None:
    server.certificate = certificate.make(tmp_path)
    server.capabilities += " STARTTLS"
    server.on["GREETING"] = lambda session, tag, _: session.send("* PREAUTH hello\r\n")
    ledger = Ledger()
    with running(watcher(server, ledger, tls="starttls", ca_file=server.certificate[0])):
        wait_until(lambda: len(ledger.errors) > 0, "refusal")
    assert server.count("LOGIN") == server.count("SELECT") == 0


# --- hanging


@pytest.mark.parametrize("command", ["GREETING", "LOGIN", "SELECT", "SEARCH", "IDLE", "LOGOUT"])
def test_a_server_that_says_nothing_can_be_left(server: ScriptedImap, command: str) -> None:
    reached = threading.Event()

    def hang(session: Session, tag: str, _: str) -> None:
        reached.set()
        session.silence()

    server.on[command] = hang
    ledger = Ledger()
    with running(watcher(server, ledger)) as run:
        if command != "LOGOUT":
            assert reached.wait(40)
        else:
            server.wait_for("IDLE")
        before = len(run.beats)
        wait_until(lambda: len(run.beats) >= before + 3, "beats while the server says nothing", 20)
        assert run.end() < 20


def test_a_handshake_that_never_ends_can_be_left(server: ScriptedImap) -> None:
    server.on["GREETING"] = lambda session, tag, _: session.silence()
    ledger = Ledger()
    with running(watcher(server, ledger, tls="implicit")) as run:
        wait_until(lambda: server.connections == 1, "connection")
        time.sleep(0.7)
        assert run.end() < 20


@pytest.fixture
def wire(server: ScriptedImap) -> Iterator[Wire]:
    made = Wire(Pulse(threading.Event(), lambda: None))
    server.on["GREETING"] = lambda session, tag, _: trickle(session, b"* OK slow " + b"." * 1000, 0.1)
    made.connect(server.host, server.port)
    yield made
    made.close()


def test_an_answer_that_trickles_is_cut_off_at_the_deadline(wire: Wire) -> None:
    wire.allow(1.0)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.readline()
    assert 0.9 < time.monotonic() - began < 20


def test_a_literal_larger_than_the_budget_is_refused_before_it_is_read(wire: Wire) -> None:
    wire.allow(60, 1000)
    with pytest.raises(Exception, match="announced 5000 octets"):
        wire.read(5000)


def test_a_wire_is_interrupted_after_the_grace(server: ScriptedImap) -> None:
    stop = threading.Event()
    wire = Wire(Pulse(stop, lambda: None))
    server.on["GREETING"] = lambda session, tag, _: session.silence()
    wire.connect(server.host, server.port)
    wire.allow(60)
    stop.set()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        wire.readline()
    assert time.monotonic() - began < 20
    wire.close()


def test_a_name_without_a_server_is_lost_not_a_crash(free_port: int) -> None:
    ledger = Ledger()
    settings = InboundImap(name="s", host="127.0.0.1", port=free_port, tls="none", username="me", password="x")
    with running(ImapWatcher(settings, ledger, ledger, password=lambda: "x", random=lambda: 0.0)):
        wait_until(lambda: len(ledger.errors) >= 2, "two attempts", 40)
    assert "refused" in ledger.errors[0].lower()
    assert issubclass(Lost, Exception)
