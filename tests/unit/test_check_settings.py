"""The checks that look at settings and files alone, and how rows are gathered and printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import cli, config
from gateway.cli import check_settings as checks
from gateway.cli.check_rows import Row, State, fail, ok, run
from gateway.errors import ConfigError, Permanent
from gateway.threading.token import Keyring

BASE: dict[str, Any] = {
    "desk": {"name": "Acme", "address": "support@desk.example"},
    "outbound": {"maildir": {"path": "outgoing"}},
    "agents": [{"handle": "olivia", "name": "Olivia", "address": "olivia@desk.example", "role": "admin"}],
}
AGENT = {"handle": "joe", "name": "Joe", "address": "joe@desk.example"}
KEY = f"1:{'0f' * 32}"
IMAP = {"name": "support", "host": "imap.example", "username": "u"}


def settings(folder: Path, **sections: Any) -> config.Settings:
    return config.parse(BASE | sections, folder)


def secret(folder: Path, name: str, text: str, mode: int = 0o600) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(mode)


def states(rows) -> list[State]:
    return [row.state for row in rows]


def test_every_row_of_every_check_whatever_one_of_them_does():
    def broken(_settings):
        yield ok("first")
        raise ZeroDivisionError("by zero")

    def wrong(_settings):
        raise ConfigError([("a", "one"), ("", "two")])

    def down(_settings):
        raise Permanent("no answer")

    rows = list(run([("broken", broken), ("wrong", wrong), ("down", down), ("fine", lambda _: [ok("fine")])], None))
    assert rows == [
        ok("first"),
        fail("broken", "ZeroDivisionError: by zero"),
        fail("a", "one"),
        fail("wrong", "two"),
        fail("down", "no answer"),
        ok("fine"),
    ]


@pytest.mark.parametrize(
    ("text", "mode", "state"),
    [
        (KEY, 0o600, State.OK),
        (KEY, 0o640, State.OK),
        (KEY, 0o644, State.FAIL),
        ("not a key", 0o600, State.FAIL),
        ("", 0o600, State.FAIL),
    ],
)
def test_signing_key(tmp_path, text, mode, state):
    secret(tmp_path, "secret.key", text, mode)
    assert states(run([("key", checks.signing_key)], settings(tmp_path))) == [state]


def test_a_signing_key_that_is_not_there(tmp_path):
    (row,) = checks.signing_key(settings(tmp_path))
    assert (row.state, row.what) == (State.FAIL, f"signing key {tmp_path}/secret.key")
    assert "gateway init" in row.advice


def test_a_credential_of_the_same_name_wins(tmp_path, monkeypatch):
    (tmp_path / "credentials").mkdir()
    secret(tmp_path / "credentials", "secret.key", Keyring.fresh_line(), 0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert list(checks.signing_key(settings(tmp_path))) == [ok(f"signing key {tmp_path}/credentials/secret.key")]


@pytest.mark.parametrize(
    ("text", "mode", "state"), [("pw", 0o600, State.OK), ("pw", 0o604, State.WARN), ("\n", 0o600, State.FAIL)]
)
def test_password_files(tmp_path, text, mode, state):
    secret(tmp_path, "imap.password", text, mode)
    found = settings(tmp_path, inbound={"imap": [IMAP | {"password_file": "imap.password"}]})
    assert states(checks.secret_files(found)) == [state]


def test_a_password_file_that_is_not_there(tmp_path):
    found = settings(tmp_path, inbound={"imap": [IMAP | {"password_file": "imap.password"}]})
    assert list(checks.secret_files(found)) == [
        fail(f"inbound.imap[0].password_file {tmp_path}/imap.password", "cannot be read: No such file or directory")
    ]


def test_a_password_in_the_configuration_is_worth_a_thought_and_is_not_shown(tmp_path):
    (row,) = checks.secret_files(settings(tmp_path, inbound={"imap": [IMAP | {"password": "hunter2"}]}))
    assert row.state is State.WARN
    assert "hunter2" not in repr(row)


@pytest.mark.parametrize(
    ("agents", "default_owner", "expected"),
    [
        ([], "", [State.FAIL]),
        (BASE["agents"], "", [State.OK]),
        ([AGENT], "", [State.OK, State.WARN]),
        ([*BASE["agents"], AGENT], "", [State.OK, State.WARN]),
        ([*BASE["agents"], AGENT], "joe", [State.OK]),
        ([*BASE["agents"], AGENT | {"role": "lead"}], "", [State.OK]),
    ],
)
def test_somebody_works_here_and_somebody_gets_what_no_rule_fits(tmp_path, agents, default_owner, expected):
    found = settings(tmp_path, agents=agents, routing={"default_owner": default_owner})
    assert states(checks.people(found)) == expected


def test_names_that_are_more_often_slips(tmp_path):
    found = settings(
        tmp_path,
        companies=[{"name": "Client & Sons"}],
        contacts=[{"address": "a@client.example", "company": "Client and Sons"}],
    )
    assert [row.what for row in checks.names(found)] == ["contacts[0].company"]


@pytest.mark.parametrize(
    ("host", "tls", "rows"), [("127.0.0.1", "none", 0), ("mx.example", "none", 1), ("mx", "implicit", 0)]
)
def test_passwords_that_cross_the_network_in_clear(tmp_path, host, tls, rows):
    found = settings(tmp_path, inbound={"imap": [IMAP | {"host": host, "tls": tls, "password": "p"}]})
    assert len(list(checks.encryption(found))) == rows


def test_nobody_is_acknowledged_when_nobody_can_be_authenticated(tmp_path):
    asked = settings(tmp_path, notices={"acknowledge": "authenticated"})
    assert states(checks.authenticity(asked)) == [State.OK, State.WARN]
    told = settings(tmp_path, notices={"acknowledge": "authenticated"}, security={"authserv_ids": ["mx.desk.example"]})
    assert states(checks.authenticity(told)) == [State.OK]


@pytest.mark.parametrize(
    ("listen", "protocol", "warned"),
    [("0.0.0.0:25", "smtp", True), ("127.0.0.1:25", "smtp", False), ("0.0.0.0:24", "lmtp", False)],
)
def test_a_listener_open_to_the_world_beside_dmarc_is_warned_of(tmp_path, listen, protocol, warned):
    found = settings(
        tmp_path,
        inbound={"smtp": [{"listen": listen, "protocol": protocol}]},
        security={"authserv_ids": ["mx.desk.example"]},
    )
    assert (State.WARN in states(checks.authenticity(found))) is warned


def check(folder: Path, *options: str):
    CliRunner().invoke(cli.main, ["init", str(folder)])
    return CliRunner().invoke(cli.main, ["--config", str(folder / "gateway.toml"), "check", "--offline", *options])


def test_a_fresh_configuration_passes(tmp_path):
    result = check(tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"ok    signing key {tmp_path}/secret.key\n" in result.stdout
    assert not [line for line in result.stdout.splitlines() if not line.startswith("ok ")]


def test_one_failed_row_is_status_1_and_json_is_nothing_but_json(tmp_path):
    secret(tmp_path, "secret.key", "not a key")
    (tmp_path / "gateway.toml").write_bytes((Path(__file__).parents[2] / "config" / "gateway.toml").read_bytes())
    result = check(tmp_path, "--json")
    rows = [Row(State(row["state"]), row["what"], row["advice"]) for row in json.loads(result.stdout)]
    assert result.exit_code == 1
    assert [row.what for row in rows if row.state is State.FAIL] == ["desk.secret_file"]
