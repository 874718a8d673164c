"""The command group: what it prints and how it ends when things go wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

from gateway import __version__, cli
from gateway.errors import ConfigError, Permanent

GOOD = """
    [desk]
    name = "Acme Support"
    address = "support@desk.example"
    [outbound.maildir]
    path = "outgoing"
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Runs ``gateway probe`` whose body is the function given; it stands for any command module."""

    def run(body, *arguments: str) -> Result:
        module = ModuleType("gateway.cli.probe")
        module.probe = click.command("probe")(click.pass_context(body))
        monkeypatch.setitem(sys.modules, "gateway.cli.probe", module)
        monkeypatch.setitem(cli.COMMANDS, "probe", "A command of this test.")
        return CliRunner().invoke(cli.main, [*arguments, "probe"])

    return run


def write(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(textwrap.dedent(text))
    return path


def test_help_names_every_command():
    result = CliRunner().invoke(cli.main, ["--help"])
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in cli.COMMANDS)


def test_help_imports_no_command_and_no_heavy_library():
    program = "import sys, gateway.cli as c; c.main(['--help'], standalone_mode=False); print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "sqlalchemy", "jinja2", "gateway.config", "gateway.cli.init"} & set(loaded)


def test_commands_that_look_load_neither_the_daemon_nor_the_composer():
    program = "import sys, gateway.cli.status, gateway.cli.ticket, gateway.cli.queue; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"gateway.app", "jinja2", "alembic", "imapclient"} & set(loaded)


def test_version():
    assert CliRunner().invoke(cli.main, ["--version"]).stdout == f"gateway, version {__version__}\n"


def test_unknown_command_is_wrong_usage():
    result = CliRunner().invoke(cli.main, ["frobnicate"])
    assert result.exit_code == 2
    assert "No such command 'frobnicate'" in result.stderr


def test_a_command_whose_module_is_missing_leaves_the_others_working(monkeypatch):
    monkeypatch.setitem(cli.COMMANDS, "missing_module", "Not there.")
    assert CliRunner().invoke(cli.main, ["missing_module"]).exit_code == 2
    assert CliRunner().invoke(cli.main, ["--help"]).exit_code == 0


def test_every_mistake_of_the_configuration_is_a_line_and_status_2(run):
    def body(ctx):
        raise ConfigError([("desk.name", "is required; add it"), ("", "no file")])

    result = run(body)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "desk.name: is required; add it\nno file\n"


def test_a_failure_is_one_line_and_status_1(run):
    def body(ctx):
        raise Permanent("the database\nis locked")

    result = run(body)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "the database is locked\n")


def test_settings_are_read_when_asked_for_and_once(run, tmp_path):
    path = write(tmp_path, GOOD)

    def body(ctx):
        first = cli.settings(ctx)
        path.unlink()
        assert cli.settings(ctx) is first
        click.echo(first.desk.address)

    result = run(body, "--config", str(path))
    assert (result.exit_code, result.stdout) == (0, "support@desk.example\n")


def test_a_command_that_asks_for_no_settings_needs_no_configuration(run, tmp_path):
    result = run(lambda ctx: click.echo("done"), "--config", str(tmp_path / "nowhere.toml"))
    assert (result.exit_code, result.stdout) == (0, "done\n")


def test_configuration_that_cannot_be_read_is_status_2(run, tmp_path):
    result = run(cli.settings, "--config", str(tmp_path / "nowhere.toml"))
    assert result.exit_code == 2
    assert "nowhere.toml: No such file or directory" in result.stderr


def test_environment_names_the_configuration(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_CONFIG", str(write(tmp_path, GOOD)))
    assert run(lambda ctx: click.echo(cli.settings(ctx).desk.name)).stdout == "Acme Support\n"
