"""Where settings, paths and secrets come from. What is refused, and how, is in tests/bad_configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.errors import ConfigError

BASE: dict[str, Any] = {
    "desk": {"name": "Acme", "address": "Support@Desk.Example"},
    "outbound": {"maildir": {"path": "outgoing"}},
}


def parse(folder: Path = Path("/etc/desk"), **sections: Any) -> config.Settings:
    return config.parse(BASE | sections, folder)


def test_addresses_are_compared_without_case():
    assert parse().desk.address == "support@desk.example"


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path):
    settings = parse(tmp_path)
    assert settings.path(Path("a/b")) == tmp_path / "a" / "b"
    assert settings.path(Path("/var/a")) == Path("/var/a")


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///gateway.db", "sqlite:////etc/desk/gateway.db"),
        ("sqlite:////var/lib/gateway.db", "sqlite:////var/lib/gateway.db"),
        ("postgresql://gateway@db/gateway", "postgresql://gateway@db/gateway"),
    ],
)
def test_the_database_is_found_from_anywhere(url, resolved):
    assert parse(database={"url": url}).database_url() == resolved


@pytest.mark.parametrize(
    ("written", "seconds"), [(90, 90), ("30s", 30), ("5m", 300), ("2h", 7200), ("14d", 1209600), (" 5 m ", 300), (0, 0)]
)
def test_durations(written, seconds):
    assert parse(lifecycle={"reopen_within": written}).lifecycle.reopen_within == seconds


@pytest.mark.parametrize("written", ["help@desk.example", ["help@desk.example"]])
def test_one_text_is_a_list_of_one(written):
    desk = BASE["desk"] | {"aliases": written}
    assert parse(desk=desk).desk.aliases == ("help@desk.example",)


def test_a_secret_is_the_first_line_of_its_file(tmp_path):
    (tmp_path / "imap.password").write_bytes("pä ss\r\nrest\n".encode())
    assert config.read_secret(tmp_path / "imap.password") == "pä ss"


def test_a_credential_of_the_same_name_wins(tmp_path, monkeypatch):
    (tmp_path / "imap.password").write_text("file")
    (tmp_path / "credentials").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert config.read_secret(tmp_path / "imap.password") == "file"
    (tmp_path / "credentials" / "imap.password").write_text("credential")
    assert config.read_secret(tmp_path / "imap.password") == "credential"


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"\xff\xfe", "is not UTF-8")])
def test_a_secret_that_cannot_be_read(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ConfigError, match=reason):
        config.read_secret(tmp_path / "secret")


def test_the_keyring_holds_every_line_of_the_secret_file(tmp_path):
    (tmp_path / "secret.key").write_text(f"# new\n2:{'ab' * 32}\n1:{'cd' * 32}\n")
    assert [kid for kid, _ in parse(tmp_path).keyring().keys] == [2, 1]


def test_a_password_is_never_shown():
    box = {"name": "s", "host": "h", "username": "u", "password": "hunter2"}
    assert "hunter2" not in repr(parse(inbound={"imap": [box]}))


def test_the_named_file_comes_before_the_environment_and_that_before_the_usual_places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    usual = tmp_path / "config" / "gateway.toml"
    usual.parent.mkdir()
    usual.write_text("")
    assert config.find(None) == Path("config/gateway.toml")
    monkeypatch.setenv("GATEWAY_CONFIG", "/other.toml")
    assert config.find(None) == Path("/other.toml")
    assert config.find("named.toml") == Path("named.toml")


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        parse().desk.name = "other"  # type: ignore[misc]
