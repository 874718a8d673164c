"""``gateway init`` writes a configuration that works and a key that only its owner can read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import cli, config


def init(folder: Path) -> Result:
    return CliRunner().invoke(cli.main, ["init", str(folder)])


def test_writes_a_configuration_that_loads_and_a_key_that_signs(tmp_path):
    result = init(tmp_path / "new" / "desk")
    assert (result.exit_code, result.stderr) == (0, "")
    settings = config.load(tmp_path / "new" / "desk" / "gateway.toml")
    assert len(settings.keyring().keys) == 1
    assert f"gateway --config {tmp_path}/new/desk/gateway.toml check" in result.stdout


def test_the_key_is_for_its_owner_alone(tmp_path):
    init(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "gateway.toml").stat().st_mode) & 0o007 == 0


def test_every_key_is_another(tmp_path):
    init(tmp_path / "a")
    init(tmp_path / "b")
    assert (tmp_path / "a" / "secret.key").read_text() != (tmp_path / "b" / "secret.key").read_text()


@pytest.mark.parametrize("name", ["gateway.toml", "secret.key"])
def test_never_overwrites(tmp_path, name):
    (tmp_path / name).write_text("precious")
    result = init(tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{tmp_path}/{name} exists already")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_does_not_write_through_a_dangling_link(tmp_path):
    (tmp_path / "secret.key").symlink_to(tmp_path / "elsewhere")
    assert init(tmp_path).exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = init(tmp_path / "file" / "desk")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
