"""``gateway template`` shows each notice as its reader would see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import cli
from gateway.desk.notices import KINDS


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    CliRunner().invoke(cli.main, ["init", str(tmp_path)])
    return tmp_path / "gateway.toml"


def template(desk: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["--config", str(desk), "template", *arguments])


def test_lists_every_notice(desk):
    result = template(desk, "list")
    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_previews_text_and_html(desk, name):
    text, html = template(desk, "preview", name), template(desk, "preview", name, "--html")
    assert (text.exit_code, html.exit_code) == (0, 0), text.stderr + html.stderr
    assert text.stdout.startswith("Subject: ")
    assert "<html" in html.stdout


def test_shows_the_file_that_an_admin_put_in_its_place(desk):
    desk.write_text(desk.read_text().replace('#templates = "templates"', 'templates = "mine"'))
    own = desk.parent / "mine" / "en" / "received.subject.j2"
    own.parent.mkdir(parents=True)
    own.write_text("Thanks, {{ client.first_name }}")
    assert template(desk, "preview", "received").stdout.startswith("Subject: Thanks, Casey\n")
    own_lines = [line for line in template(desk, "list").stdout.splitlines() if line.endswith("[yours: subject]")]
    assert [line.split()[:3] for line in own_lines] == [["received", "client", "en"]]


def test_a_template_that_is_wrong_is_one_line(desk):
    desk.write_text(desk.read_text().replace('#templates = "templates"', 'templates = "mine"'))
    own = desk.parent / "mine" / "en" / "received.subject.j2"
    own.parent.mkdir(parents=True)
    own.write_text("{{ client.frist_name }}")
    result = template(desk, "preview", "received")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "frist_name" in result.stderr


def test_an_unknown_notice_is_wrong_usage(desk):
    assert template(desk, "preview", "nothing").exit_code == 2
