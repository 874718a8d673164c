"""The servers that other tests lean on do what they promise, and leave nothing behind."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from servers.dovecot import Dovecot
from servers.ports import greets, wait_until
from servers.postfix import Postfix
from servers.postgres import Postgres
from servers.sink import SmtpSink

MAIL = b"From: a@client.example\r\nTo: support@desk.example\r\nSubject: hi\r\n\r\nhello\r\n.dot\r\n"


def test_dovecot_keeps_delivered_mail_over_a_restart(dovecot: Dovecot) -> None:
    dovecot.add_user("support@desk.example", "pw")
    dovecot.deliver(MAIL, "support@desk.example")
    dovecot.stop()
    assert not greets(dovecot.port, b"* OK")
    dovecot.start()
    assert b"\r\n\r\nhello\r\n.dot\r\n" in dovecot.raw_mails("support@desk.example")[0]


def test_dovecot_changes_uidvalidity(dovecot: Dovecot) -> None:
    dovecot.add_user("support@desk.example", "pw")
    dovecot.deliver(MAIL, "support@desk.example")
    new = dovecot.uidvalidity_bump("support@desk.example")
    with dovecot.client("support@desk.example") as client:
        assert client.select_folder("INBOX")[b"UIDVALIDITY"] == new


def test_dovecot_leaves_nothing_behind() -> None:
    server = Dovecot()
    server.close()
    assert not server.folder.exists()
    assert not greets(server.port, b"* OK")


def test_sink_keeps_mail_with_its_envelope(smtp_sink: SmtpSink, tmp_path: Path) -> None:
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client:
        client.sendmail("", ["a@x.example", "b@x.example"], MAIL)
    (mail,) = smtp_sink.wait_for(1)
    assert (mail.sender, mail.recipients, mail.raw) == ("", ("a@x.example", "b@x.example"), MAIL)
    assert (tmp_path / "sink/00001.eml").read_bytes() == MAIL


@pytest.mark.parametrize(("how", "code"), [("4xx", 451), ("5xx", 550)])
def test_sink_refuses_at_the_dot_and_then_recovers(smtp_sink: SmtpSink, how: str, code: int) -> None:
    smtp_sink.fail(".", how, times=1)
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail("s@x.example", ["a@x.example"], MAIL)
        assert refusal.value.smtp_code == code
        client.sendmail("s@x.example", ["a@x.example"], MAIL)
    assert len(smtp_sink.messages) == 1


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_sink_drops_the_connection_at_a_command(smtp_sink: SmtpSink, command: str) -> None:
    smtp_sink.fail(command, "drop")
    with (
        pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError)),
        smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client,
    ):
        client.sendmail("s@x.example", ["a@x.example"], MAIL)
    assert smtp_sink.messages == []


def test_sink_can_keep_a_mail_and_not_say_so(smtp_sink: SmtpSink) -> None:
    smtp_sink.fail(".", "keep-drop", times=1)
    with (
        pytest.raises(smtplib.SMTPServerDisconnected),
        smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client,
    ):
        client.sendmail("s@x.example", ["a@x.example"], MAIL)
    assert [mail.acknowledged for mail in smtp_sink.messages] == [False]


def test_postgres_gives_an_empty_database(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_postgres_survives_a_restart(postgres_server: Postgres, postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE kept (n integer)")
    postgres_server.stop()
    postgres_server.start()
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_postfix_relays_to_a_sink(postfix: Callable[..., Postfix], smtp_sink: SmtpSink) -> None:
    server = postfix({"desk.example": f"smtp:127.0.0.1:{smtp_sink.port}"})
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.sendmail("a@client.example", ["support+token@desk.example"], MAIL)
    (mail,) = smtp_sink.wait_for(1)
    assert mail.recipients == ("support+token@desk.example",)
    assert b"Received: from" in mail.raw


def test_postfix_delivers_to_dovecot_by_lmtp_and_refuses_other_domains(
    postfix: Callable[..., Postfix], dovecot: Dovecot
) -> None:
    dovecot.add_user("support@desk.example")
    server = postfix({"desk.example": f"lmtp:127.0.0.1:{dovecot.lmtp_port}"})
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.sendmail("a@client.example", ["support@desk.example"], MAIL)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@client.example", ["someone@elsewhere.example"], MAIL)
    wait_until(lambda: len(dovecot.raw_mails("support@desk.example")) == 1, "delivery")
