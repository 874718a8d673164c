"""Every refusal of the configuration, with the words it is refused with.

Each ``NN-name.toml`` begins with one ``# expect:`` line for each message, in order; ``{file}`` stands for its path.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway import cli, config
from gateway.errors import ConfigError

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.toml"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    return [line.replace("{file}", str(path)) for line in wanted]


def refusals(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    return [cli.line(key, advice) for key, advice in caught.value.problems]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_refused_with_advice(path):
    assert expected(path), "a bad configuration needs its expected messages"
    assert refusals(path) == expected(path)


def test_numbers_are_unique():
    numbers = [path.name.partition("-")[0] for path in CASES]
    assert len(numbers) > 80
    assert sorted(set(numbers)) == numbers


def test_a_command_prints_every_mistake_and_ends_with_status_2():
    path = HERE / "86-all-at-once.toml"
    result = CliRunner().invoke(cli.main, ["--config", str(path), "check"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == expected(path)


def test_no_refusal_shows_a_password(tmp_path):
    path = tmp_path / "gateway.toml"
    shutil.copy(HERE / "36-imap-two-proofs.toml", path)
    path.write_text(path.read_text().replace('password = "p"', 'password = "hunter2"\npassword_fil = "hunter2"'))
    assert "hunter2" not in "\n".join(refusals(path))


def test_a_file_that_is_not_there(tmp_path):
    path = tmp_path / "gateway.toml"
    assert refusals(path) == [f"cannot read {path}: No such file or directory"]


def test_no_configuration_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    monkeypatch.setattr(config, "DEFAULT_PATHS", (Path("config/gateway.toml"),))
    with pytest.raises(ConfigError, match=r"no configuration found at config/gateway\.toml; run `gateway init DIR`"):
        config.find(None)
