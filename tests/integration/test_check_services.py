"""The checks that open sockets and files."""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.cli import check_services as checks
from gateway.cli.check_rows import State, run


def settings(folder: Path, **sections: Any) -> config.Settings:
    base = {
        "desk": {"name": "Acme", "address": "support@desk.example"},
        "outbound": {"maildir": {"path": "outgoing"}},
    }
    return config.parse(base | sections, folder)


def listening_at(folder: Path, listen: str) -> config.Settings:
    return settings(folder, inbound={"smtp": [{"listen": listen}]})


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0", "smtp.sock", "./run.sock"])
def test_a_place_that_is_free(tmp_path, listen):
    if "/" not in listen and ":" not in listen:
        listen = f"{tmp_path}/{listen}"
    if listen.startswith("[::1]") and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    assert [row.state for row in checks.listeners(listening_at(tmp_path, listen))] == [State.OK]


def test_a_place_in_use_may_be_the_daemon_itself(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        (row,) = checks.listeners(listening_at(tmp_path, f"127.0.0.1:{other.getsockname()[1]}"))
    assert row.state is State.WARN


@pytest.mark.parametrize("listen", ["192.0.2.1:2525", "/nowhere/smtp.sock", "no-such-host.invalid:25"])
def test_a_place_where_nobody_can_listen(tmp_path, listen):
    assert [row.state for row in run([("l", checks.listeners)], listening_at(tmp_path, listen))] == [State.FAIL]


def test_a_certificate_that_is_none(tmp_path):
    (tmp_path / "cert.pem").write_text("not a certificate")
    listener = {"listen": "127.0.0.1:0", "tls_certificate": "cert.pem", "tls_key": "cert.pem"}
    (row,) = checks.listeners(settings(tmp_path, inbound={"smtp": [listener]}))
    assert (row.state, row.what) == (State.FAIL, f"inbound.smtp[0].tls_certificate {tmp_path}/cert.pem")


def test_looking_does_not_make_the_database(tmp_path):
    (row,) = checks.database(settings(tmp_path))
    assert row.state is State.OK
    assert not list(tmp_path.iterdir())


def test_a_database_that_is_current(tmp_path):
    from gateway.store import open_store

    found = settings(tmp_path)
    open_store(found.database_url()).close()
    rows = list(checks.database(found))
    assert len(rows) > 2
    assert {row.state for row in rows} == {State.OK}


@pytest.mark.parametrize(
    ("revision", "state", "words"),
    [("0001", State.WARN, "`gateway database upgrade`"), ("9999", State.FAIL, "made by a newer gateway")],
)
def test_a_database_of_another_version(tmp_path, revision, state, words):
    from gateway.store import open_store

    found = settings(tmp_path)
    open_store(found.database_url()).close()
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    (row,) = [row for row in checks.database(found) if row.state is not State.OK]
    assert (row.state, row.what) == (state, "database: schema")
    assert words in row.advice


def test_a_database_whose_folder_is_not_there(tmp_path):
    (row,) = checks.database(settings(tmp_path, database={"url": "sqlite:///nowhere/gateway.db"}))
    assert row.state is State.FAIL


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "gateway.db").write_bytes(os.urandom(8192))
    assert State.FAIL in [row.state for row in run([("database", checks.database)], settings(tmp_path))]


def test_a_folder_of_templates_that_is_not_there(tmp_path):
    rows = run([("templates", checks.templates)], settings(tmp_path, notices={"templates": "nowhere"}))
    assert next(iter(rows)).advice == f"there is no folder {tmp_path}/nowhere"


def test_the_shipped_templates_are_well(tmp_path):
    assert [row.state for row in checks.templates(settings(tmp_path))] == [State.OK]


def test_a_template_with_a_mistake_is_named(tmp_path):
    own = tmp_path / "mine" / "en" / "received.subject.j2"
    own.parent.mkdir(parents=True)
    own.write_text("{{ client.frist_name }}")
    (row,) = checks.templates(settings(tmp_path, notices={"templates": "mine"}))
    assert row.state is State.FAIL
    assert "received" in row.what
    assert "frist_name" in row.advice


def test_outgoing_mail_into_a_maildir(tmp_path):
    assert [row.state for row in checks.relay(settings(tmp_path))] == [State.OK]


def test_a_relay_whose_password_cannot_be_read(tmp_path):
    outbound = {"smtp": {"host": "127.0.0.1", "username": "u", "password_file": "nowhere"}}
    rows = list(run([("relay", checks.relay)], settings(tmp_path, outbound=outbound)))
    assert [row.state for row in rows] == [State.FAIL]
    assert "cannot read the secret file" in rows[0].advice


def mailbox(port: int, password: str = "pw") -> dict[str, Any]:
    return {
        "name": "support",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "username": "support@desk.example",
        "password": password,
    }


def test_a_mailbox_that_can_be_read(tmp_path, dovecot):
    dovecot.add_user("support@desk.example")
    rows = list(checks.mailboxes(settings(tmp_path, inbound={"imap": [mailbox(dovecot.port)]})))
    assert {row.state for row in rows} == {State.OK}
    assert f"mailbox support connect: 127.0.0.1:{dovecot.port}, tls none" in [row.what for row in rows]


def test_a_login_that_is_refused(tmp_path, dovecot):
    dovecot.add_user("support@desk.example")
    rows = list(checks.mailboxes(settings(tmp_path, inbound={"imap": [mailbox(dovecot.port, "wrong")]})))
    assert [row.state for row in rows] == [State.OK, State.FAIL]
    assert "wrong" not in repr(rows)


def test_servers_that_are_not_there_are_told_one_by_one(tmp_path, free_port):
    found = settings(
        tmp_path,
        inbound={"imap": [mailbox(free_port)]},
        outbound={"smtp": {"host": "127.0.0.1", "port": free_port, "tls": "none"}},
    )
    rows = list(run(checks.CHECKS[-2:], found))
    assert [row.state for row in rows] == [State.FAIL, State.FAIL]


def test_a_relay_that_answers(tmp_path, smtp_sink):
    found = settings(tmp_path, outbound={"smtp": {"host": "127.0.0.1", "port": smtp_sink.port, "tls": "none"}})
    assert {row.state for row in checks.relay(found)} == {State.OK}
