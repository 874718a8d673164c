"""The SMTP transport against servers that behave, fail at every command, and mean harm."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import certificate
from servers.ports import HOST, free_port, wait_until
from servers.postfix import Postfix
from servers.sink import SmtpSink

from gateway.config import Desk, Maildir, Outbound, OutboundSmtp, Settings
from gateway.errors import Permanent, Temporary
from gateway.outbound.reply import Outcome, Reply, Stage, judge
from gateway.outbound.smtp_link import Relay, SmtpLink
from gateway.outbound.smtp_transport import IDLE_SECONDS, MAILS_PER_CONNECTION, SmtpTransport
from gateway.outbound.transport import open_transport, probe

RAW = b"Message-ID: <1@desk.example>\nSubject: Hi\n\nHello\n.dot\n..two\n"
WIRE = b"Message-ID: <1@desk.example>\r\nSubject: Hi\r\n\r\nHello\r\n.dot\r\n..two\r\n"
SENDER, RECIPIENT = "support+b1@desk.example", "casey@client.example"

Transports = Callable[..., SmtpTransport]

# The sink leaves the TLS socket of a STARTTLS session to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


def settings(port: int, **smtp: Any) -> Settings:
    chosen = {"host": HOST, "tls": "none", "connect_timeout": 5, "command_timeout": 3, "data_timeout": 3} | smtp
    if "username" in chosen:
        chosen["password"] = "given to the transport by its maker"
    desk = Desk(name="Acme", address="support@desk.example")
    return Settings(desk=desk, outbound=Outbound(smtp=OutboundSmtp(port=port, **chosen)))


@pytest.fixture
def transports() -> Iterator[Transports]:
    """A maker of transports that are closed with the test."""
    made: list[SmtpTransport] = []

    def make(
        port: int, password: str | None = None, token: Callable[[], str] | None = None, **smtp: Any
    ) -> SmtpTransport:
        transport = open_transport(settings(port, **smtp), password, token)
        assert isinstance(transport, SmtpTransport)
        made.append(transport)
        return transport

    yield make
    for transport in made:
        transport.close()


def nothing() -> None:
    pass


def deliver(transport: SmtpTransport, raw: bytes = RAW, recipient: str = RECIPIENT) -> Reply:
    return transport.send(raw, SENDER, recipient, before_dot=nothing)


# --- when all is well -----------------------------------------------------------------------------


def test_a_mail_arrives_unchanged_with_its_envelope(smtp_sink: SmtpSink, transports: Transports) -> None:
    reply = deliver(transports(smtp_sink.port))
    assert (reply.outcome, reply.line) == (Outcome.DELIVERED, "250 2.0.0 kept")
    (mail,) = smtp_sink.messages
    assert (mail.sender, mail.recipients, mail.raw) == (SENDER, (RECIPIENT,), WIRE)
    assert mail.mail_parameters == f"SIZE={len(WIRE)}"


def test_the_null_sender_is_sent_as_such(smtp_sink: SmtpSink, transports: Transports) -> None:
    transports(smtp_sink.port).send(RAW, "", RECIPIENT, before_dot=nothing)
    assert smtp_sink.messages[0].sender == ""


def test_many_mails_share_one_connection_and_a_refused_one_does_not_end_it(
    smtp_sink: SmtpSink, transports: Transports
) -> None:
    transport = transports(smtp_sink.port)
    smtp_sink.fail("RCPT", "550 5.1.1 no such user", times=1, match="nobody@")
    outcomes = [deliver(transport, recipient=f"{who}@client.example").outcome for who in ("a", "nobody", "b")]
    assert outcomes == [Outcome.DELIVERED, Outcome.PERMANENT, Outcome.DELIVERED]
    assert smtp_sink.connections == 1
    assert [mail.recipients for mail in smtp_sink.messages] == [("a@client.example",), ("b@client.example",)]


def test_a_connection_is_changed_after_a_hundred_mails(smtp_sink: SmtpSink, transports: Transports) -> None:
    transport = transports(smtp_sink.port)
    for _ in range(MAILS_PER_CONNECTION + 1):
        assert deliver(transport).outcome is Outcome.DELIVERED
    assert smtp_sink.connections == 2
    assert smtp_sink.commands.count("QUIT") == 1


def test_a_stale_connection_is_replaced_unnoticed(smtp_sink: SmtpSink, transports: Transports) -> None:
    transport = transports(smtp_sink.port)
    deliver(transport)
    smtp_sink.stop()
    smtp_sink.start()
    assert deliver(transport).outcome is Outcome.DELIVERED
    smtp_sink.fail("RSET", "421 4.4.2 idle for too long", times=1)
    assert deliver(transport).outcome is Outcome.DELIVERED
    assert smtp_sink.connections == 3
    assert len(smtp_sink.messages) == 3


def test_a_connection_that_has_nothing_to_do_is_ended_politely(smtp_sink: SmtpSink, transports: Transports) -> None:
    transport = transports(smtp_sink.port)
    deliver(transport)
    transport.idle()
    assert "QUIT" not in smtp_sink.commands
    assert transport._link is not None
    transport._link.last_used -= IDLE_SECONDS + 1
    transport.idle()
    assert smtp_sink.commands[-1] == "QUIT"
    assert deliver(transport).outcome is Outcome.DELIVERED


def test_a_real_postfix_takes_relays_and_refuses(
    postfix: Callable[..., Postfix], smtp_sink: SmtpSink, transports: Transports
) -> None:
    server = postfix({"client.example": f"smtp:{HOST}:{smtp_sink.port}"}, extra="message_size_limit = 3000000")
    transport = transports(server.port, command_timeout=20, data_timeout=60)
    big = b"Subject: big\r\n\r\n" + b".line of text\r\n" * 150_000
    assert deliver(transport, raw=big).outcome is Outcome.DELIVERED
    refused = deliver(transport, recipient="someone@elsewhere.example")
    assert (refused.outcome, refused.status) == (Outcome.PERMANENT, "5.7.1")
    assert deliver(transport, raw=big * 2).status == "5.3.4"
    assert deliver(transport).outcome is Outcome.DELIVERED
    received = smtp_sink.wait_for(2)
    assert sorted(len(mail.raw.partition(b"\r\n\r\n")[2]) for mail in received) == sorted(
        len(raw.partition(b"\r\n\r\n")[2]) for raw in (big, WIRE)
    )


def test_one_server_down_and_up_again(smtp_sink: SmtpSink, transports: Transports) -> None:
    transport = transports(smtp_sink.port)
    smtp_sink.stop()
    reply = deliver(transport)
    assert (reply.outcome, reply.stage) == (Outcome.TEMPORARY, Stage.CONNECT)
    assert "refused" in reply.text
    smtp_sink.start()
    assert deliver(transport).outcome is Outcome.DELIVERED


def test_a_message_above_the_server_s_limit_is_not_even_offered(smtp_sink: SmtpSink, transports: Transports) -> None:
    smtp_sink.extensions = ("SIZE 1000",)
    reply = deliver(transports(smtp_sink.port), raw=b"Subject: big\n\n" + b"x\n" * 600)
    assert (reply.outcome, reply.status) == (Outcome.PERMANENT, "5.3.4")
    assert not any(command.startswith("MAIL") for command in smtp_sink.commands)


def test_extensions_are_asked_for_where_they_apply(smtp_sink: SmtpSink, transports: Transports) -> None:
    transport = transports(smtp_sink.port)
    deliver(transport, raw="Subject: ü\n\n".encode(), recipient="jürgen@client.example")
    assert smtp_sink.messages[0].mail_parameters.split()[1:] == ["BODY=8BITMIME", "SMTPUTF8"]


def test_an_international_address_is_refused_where_the_server_cannot_take_it(
    smtp_sink: SmtpSink, transports: Transports
) -> None:
    smtp_sink.extensions = ()
    transport = transports(smtp_sink.port)
    reply = deliver(transport, recipient="jürgen@client.example")
    assert (reply.outcome, reply.status) == (Outcome.PERMANENT, "5.6.7")
    assert deliver(transport, recipient="casey@bücher.example").outcome is Outcome.DELIVERED
    assert smtp_sink.messages[0].recipients == ("casey@xn--bcher-kva.example",)


# --- 28 cells: every command, every way to fail ------------------------------------------------------

T, P, M, A, D = (
    Outcome.TEMPORARY,
    Outcome.PERMANENT,
    Outcome.MISCONFIGURED,
    Outcome.AMBIGUOUS,
    Outcome.DELIVERED,
)
WAYS = ("drop", "421 4.3.2 going down", "4xx", "5xx")
CONTRACT = {
    "CONNECT": (T, T, T, M),
    "EHLO": (T, T, T, M),
    "MAIL": (T, T, T, P),
    "RCPT": (T, T, T, P),
    "DATA": (T, T, T, P),
    ".": (A, T, T, P),
    "QUIT": (D, D, D, D),
}
CELLS = [
    (command, how, outcome)
    for command, outcomes in CONTRACT.items()
    for how, outcome in zip(WAYS, outcomes, strict=True)
]


@pytest.mark.parametrize(("command", "how", "outcome"), CELLS)
def test_every_failure_at_every_command_ends_as_the_contract_says(
    smtp_sink: SmtpSink, transports: Transports, command: str, how: str, outcome: Outcome
) -> None:
    transport = transports(smtp_sink.port)
    smtp_sink.fail(command, how, times=1)
    dots: list[int] = []
    reply = transport.send(RAW, SENDER, RECIPIENT, before_dot=lambda: dots.append(1))
    if command == "QUIT":
        transport.close()
    assert reply.outcome is outcome
    assert bool(dots) == (command in (".", "QUIT"))
    assert len(smtp_sink.messages) == (1 if outcome is D else 0)
    assert deliver(transport).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_silent_server_is_given_up_at_its_stage(smtp_sink: SmtpSink, transports: Transports, command: str) -> None:
    transport = transports(smtp_sink.port, command_timeout=1, data_timeout=1)
    smtp_sink.fail(command, "silent", times=1)
    reply = deliver(transport)
    assert reply.outcome is (A if command == "." else T)
    assert "timed out" in reply.text
    assert deliver(transport).outcome is Outcome.DELIVERED


def test_a_mail_that_was_taken_but_not_confirmed_is_ambiguous(smtp_sink: SmtpSink, transports: Transports) -> None:
    smtp_sink.fail(".", "keep-drop", times=1)
    assert deliver(transports(smtp_sink.port)).outcome is Outcome.AMBIGUOUS


def test_a_slow_answer_to_the_dot_is_waited_for_longer_than_a_command(
    smtp_sink: SmtpSink, transports: Transports
) -> None:
    smtp_sink.fail(".", "delay", seconds=1.5)
    assert deliver(transports(smtp_sink.port, command_timeout=1, data_timeout=30)).outcome is Outcome.DELIVERED
    assert len(smtp_sink.messages) == 1


def test_an_answer_to_the_dot_that_comes_too_late_is_not_taken_for_the_next_mail_s(
    smtp_sink: SmtpSink, transports: Transports
) -> None:
    transport = transports(smtp_sink.port, data_timeout=1)
    smtp_sink.fail(".", "delay", seconds=1.5, times=1)
    assert deliver(transport).outcome is Outcome.AMBIGUOUS
    time.sleep(1)
    assert deliver(transport).outcome is Outcome.DELIVERED
    assert (smtp_sink.connections, len(smtp_sink.messages)) == (2, 2)


def test_nothing_is_delivered_when_the_last_step_is_called_off(smtp_sink: SmtpSink, transports: Transports) -> None:
    def called_off() -> None:
        raise LookupError

    transport = transports(smtp_sink.port)
    with pytest.raises(LookupError):
        transport.send(RAW, SENDER, RECIPIENT, before_dot=called_off)
    assert deliver(transport).outcome is Outcome.DELIVERED
    assert len(smtp_sink.messages) == 1


@pytest.mark.parametrize("address", ["casey@client.example>\r\nDATA", "nobody", "a b@client.example"])
def test_an_impossible_address_never_reaches_the_wire(
    smtp_sink: SmtpSink, transports: Transports, address: str
) -> None:
    reply = deliver(transports(smtp_sink.port), recipient=address)
    assert (reply.outcome, reply.status) == (Outcome.PERMANENT, "5.1.3")
    assert smtp_sink.connections == 0


# --- TLS and logins -----------------------------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Callable[..., SmtpSink]]:
    """A maker of sinks with a certificate for a name, and the user olivia."""
    made: list[SmtpSink] = []

    def make(name: str = "localhost", **options: Any) -> SmtpSink:
        folder = tmp_path / f"tls{len(made)}"
        folder.mkdir()
        pair = certificate.make(folder, name)
        made.append(SmtpSink(certificate=pair, **({"users": {"olivia": "pässword"}} | options)))
        return made[-1]

    yield make
    for sink in made:
        sink.close()
        wait_until(lambda sink=sink: not sink._open, "end of the sessions")  # type: ignore[misc]


def trust(sink: SmtpSink) -> dict[str, Any]:
    assert sink.certificate is not None
    return {"host": "localhost", "ca_file": sink.certificate[0], "username": "olivia"}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_goes_out_over_tls_as_a_user(secured: Callable[..., SmtpSink], transports: Transports, tls: str) -> None:
    sink = secured(implicit=tls == "implicit")
    reply = deliver(transports(sink.port, "pässword", tls=tls, **trust(sink)))
    assert reply.outcome is Outcome.DELIVERED
    assert (sink.messages[0].tls, sink.messages[0].user) == (True, "olivia")


def test_login_and_xoauth2_work_where_plain_is_not_offered(
    secured: Callable[..., SmtpSink], transports: Transports
) -> None:
    sink = secured(tokens={"fresh"})
    assert deliver(transports(sink.port, None, lambda: "fresh", tls="starttls", **trust(sink))).outcome is D
    reply = deliver(transports(sink.port, None, lambda: "stale", tls="starttls", **trust(sink)))
    assert (reply.outcome, reply.line) == (Outcome.MISCONFIGURED, "535 5.7.8 wrong credentials")


@pytest.mark.parametrize(
    ("error", "outcome"), [(Temporary("away"), Outcome.TEMPORARY), (Permanent("revoked"), Outcome.MISCONFIGURED)]
)
def test_a_token_that_cannot_be_had_leaves_the_mail_waiting(
    secured: Callable[..., SmtpSink], transports: Transports, error: Exception, outcome: Outcome
) -> None:
    def token() -> str:
        raise error

    sink = secured()
    assert deliver(transports(sink.port, None, token, tls="starttls", **trust(sink))).outcome is outcome


def test_a_wrong_password_is_reported_and_not_the_mail_s_fault(
    secured: Callable[..., SmtpSink], transports: Transports
) -> None:
    sink = secured()
    reply = deliver(transports(sink.port, "wrong", tls="starttls", **trust(sink)))
    assert (reply.outcome, reply.stage, reply.code) == (Outcome.MISCONFIGURED, Stage.AUTH, 535)


def said(sink: SmtpSink) -> list[str]:
    return [command.partition(" ")[0].upper() for command in sink.commands]


def test_a_stripped_starttls_means_no_credentials_and_no_mail(smtp_sink: SmtpSink, transports: Transports) -> None:
    smtp_sink.users["olivia"] = "secret"
    reply = deliver(transports(smtp_sink.port, "secret", tls="starttls", username="olivia"))
    assert (reply.outcome, reply.stage) == (Outcome.MISCONFIGURED, Stage.TLS)
    assert said(smtp_sink) == ["EHLO"]


def test_a_refused_starttls_means_no_credentials_and_no_mail(
    secured: Callable[..., SmtpSink], transports: Transports
) -> None:
    sink = secured()
    sink.fail("STARTTLS", "454 4.7.0 not now", times=1)
    reply = deliver(transports(sink.port, "pässword", tls="starttls", **trust(sink)))
    assert (reply.outcome, reply.stage) == (Outcome.TEMPORARY, Stage.TLS)
    assert said(sink) == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    secured: Callable[..., SmtpSink], transports: Transports, tls: str
) -> None:
    sink = secured(implicit=tls == "implicit")
    reply = deliver(transports(sink.port, "pässword", tls=tls, username="olivia", host="localhost"))
    assert (reply.outcome, reply.stage) == (Outcome.MISCONFIGURED, Stage.TLS)
    assert "self-signed" in reply.text.replace("self signed", "self-signed")
    assert "AUTH" not in said(sink)


def test_a_certificate_of_another_name_is_refused(secured: Callable[..., SmtpSink], transports: Transports) -> None:
    sink = secured("other.example")
    reply = deliver(transports(sink.port, "pässword", tls="starttls", **trust(sink)))
    assert (reply.outcome, reply.stage) == (Outcome.MISCONFIGURED, Stage.TLS)
    assert "AUTH" not in said(sink)


def test_a_missing_ca_file_is_named(secured: Callable[..., SmtpSink], transports: Transports, tmp_path: Path) -> None:
    sink = secured()
    reply = deliver(transports(sink.port, tls="starttls", host="localhost", ca_file=tmp_path / "gone.pem"))
    assert reply.outcome is Outcome.MISCONFIGURED
    assert "gone.pem" in reply.text


def test_credentials_go_without_tls_only_where_that_was_chosen(smtp_sink: SmtpSink, transports: Transports) -> None:
    smtp_sink.users["olivia"] = "secret"
    assert deliver(transports(smtp_sink.port, "secret", tls="none", username="olivia")).outcome is D
    assert smtp_sink.messages[0].user == "olivia"


# --- servers that mean harm -----------------------------------------------------------------------------

Script = Callable[[socket.socket], None]


@pytest.fixture
def hostile() -> Iterator[Callable[[Script], int]]:
    """A maker of raw servers: ``hostile(script)`` runs ``script(connection)`` for each client; gives the port."""
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    script(connection)

    def start(script: Script) -> int:
        listener = socket.create_server((HOST, 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, script), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def saying(*answers: bytes) -> Script:
    """Greets with the first answer and gives one more for each thing that is sent."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            connection.sendall(answer)
            if not connection.recv(1 << 16):
                return

    return script


def endless(data: bytes, pause: float = 0.0) -> Script:
    def script(connection: socket.socket) -> None:
        while True:
            connection.sendall(data)
            time.sleep(pause)

    return script


HOSTILE = {
    "a line without end": endless(b"2" * 4096),
    "lines without end": endless(b"220-more\r\n" * 100),
    "a drip without end": endless(b"2", 0.05),
    "nonsense": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "a code that is none": saying(b"999 hello\r\n"),
    "a code in other digits": saying("２２０ hello\r\n".encode()),
    "an empty line": saying(b"\r\n"),
    "lines that contradict each other": saying(b"220-yes\r\n550 no\r\n"),
    "two answers to the greeting": saying(b"220 hello\r\n250 ok\r\n250 ok\r\n"),
    "null bytes": saying(b"\0" * 9000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reply_that_is_not_smtp_ends_soon_and_leaves_the_mail_waiting(
    hostile: Callable[[Script], int], transports: Transports, name: str
) -> None:
    seconds = 1 if "drip" in name else 20
    transport = transports(hostile(HOSTILE[name]), command_timeout=seconds, connect_timeout=seconds)
    began = time.monotonic()
    assert deliver(transport).outcome is Outcome.TEMPORARY
    assert time.monotonic() - began < 5


@given(st.lists(st.sampled_from([b"250", b"220", b"-", b" ", b"\r", b"\n", b"\r\n", b"x", b"\xff", b"4.7.1", b"999"])))
def test_whatever_bytes_come_they_are_a_reply_or_an_error_of_the_connection(pieces: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    relay = Relay(OutboundSmtp(host=HOST, tls="none"), "desk.example")
    with ours, theirs:
        link = SmtpLink(relay)
        link.sock = ours
        theirs.sendall(b"".join(pieces))
        theirs.shutdown(socket.SHUT_WR)
        try:
            code, message = link.getreply()
        except OSError:
            return
        assert 200 <= code <= 599
        assert judge(Stage.RCPT, code, message).text.isprintable()


OK = b"250 ok\r\n"


def test_an_answer_given_before_the_dot_counts_for_nothing(
    hostile: Callable[[Script], int], transports: Transports
) -> None:
    dots: list[int] = []
    port = hostile(saying(b"220 hi\r\n", OK, OK, OK, b"354 go\r\n250 taken\r\n"))
    reply = transports(port).send(RAW, SENDER, RECIPIENT, before_dot=lambda: dots.append(1))
    assert reply.outcome is Outcome.TEMPORARY
    assert dots == []


def test_what_follows_the_answer_to_the_dot_does_not_take_it_back(
    hostile: Callable[[Script], int], transports: Transports
) -> None:
    def script(connection: socket.socket) -> None:
        heard = b""
        for answer in (b"220 hi\r\n", OK, OK, OK, b"354 go\r\n"):
            connection.sendall(answer)
            heard = connection.recv(1 << 16)
        while not heard.endswith(b"\r\n.\r\n"):
            heard += connection.recv(1 << 16)
        connection.sendall(b"250 taken\r\n421 too many mails, closing\r\n")

    transport = transports(hostile(script))
    assert deliver(transport).outcome is Outcome.DELIVERED
    assert deliver(transport).outcome is Outcome.DELIVERED


def test_commands_answered_ahead_of_starttls_are_not_believed(
    hostile: Callable[[Script], int], transports: Transports
) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        connection.recv(1 << 16)
        connection.sendall(b"250-hi\r\n250 STARTTLS\r\n")
        connection.recv(1 << 16)
        connection.sendall(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n")
        heard.append(connection.recv(1 << 16))

    transport = transports(hostile(script), "secret", tls="starttls", username="olivia")
    reply = deliver(transport)
    assert (reply.outcome, reply.stage) == (Outcome.TEMPORARY, Stage.TLS)
    assert heard in ([], [b""])


def test_a_server_that_hangs_up_amid_the_body_is_heard_if_it_said_why(
    hostile: Callable[[Script], int], transports: Transports
) -> None:
    def script(connection: socket.socket) -> None:
        for answer in (b"220 hi\r\n", OK, OK, OK, b"354 go\r\n"):
            connection.sendall(answer)
            connection.recv(64)
        connection.sendall(b"552 5.3.4 too big\r\n")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.3)

    reply = deliver(transports(hostile(script)), raw=b"Subject: big\n\n" + b"x" * 70 * 1000 * 1000)
    assert reply.outcome in (Outcome.PERMANENT, Outcome.TEMPORARY)
    assert reply.stage is Stage.DATA


def test_text_of_a_hostile_reply_cannot_reach_a_terminal(
    hostile: Callable[[Script], int], transports: Transports
) -> None:
    port = hostile(saying(b"220 hi\r\n", OK, b"550 5.7.1 \x1b]0;owned\x07\xe2\x80\xae" + b"x" * 3000 + b"\r\n"))
    reply = deliver(transports(port))
    assert reply.outcome is Outcome.PERMANENT
    assert reply.text.isprintable()
    assert len(reply.text) <= 500


# --- gateway check ----------------------------------------------------------------------------------------


def test_check_shows_each_step_that_works(secured: Callable[..., SmtpSink]) -> None:
    sink = secured()
    rows = probe(settings(sink.port, tls="starttls", **trust(sink)), "pässword")
    assert [(what.rpartition(f"{sink.port} ")[2], well, advice) for what, well, advice in rows] == [
        ("connect", True, ""),
        ("EHLO", True, ""),
        ("STARTTLS", True, ""),
        ("login as olivia", True, ""),
    ]
    assert sink.messages == []


def test_check_says_what_to_do_about_the_first_step_that_fails(secured: Callable[..., SmtpSink]) -> None:
    sink = secured()
    assert probe(settings(free_port()), None)[-1][2].endswith("that a firewall lets us out")
    what, well, advice = probe(settings(sink.port, tls="starttls", **trust(sink)), "wrong")[-1]
    assert (what.endswith("login as olivia"), well) == (True, False)
    assert advice.startswith("535 5.7.8 wrong credentials; check outbound.smtp.username")


def test_check_of_a_maildir_makes_it(tmp_path: Path) -> None:
    desk = Desk(name="Acme", address="support@desk.example")
    tree = Settings(desk=desk, outbound=Outbound(maildir=Maildir(path=Path("out"))), folder=tmp_path)
    assert probe(tree, None) == [(f"outgoing mail: Maildir {tmp_path / 'out'}", True, "")]
    assert (tmp_path / "out/new").is_dir()
    (tmp_path / "file").write_text("")
    tree = Settings(desk=desk, outbound=Outbound(maildir=Maildir(path=tmp_path / "file")))
    ((_, well, advice),) = probe(tree, None)
    assert not well
    assert "choose another outbound.maildir.path" in advice
