"""What the pages show can be used as it stands: settings that load, commands that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway import cli, config
from gateway.desk import commands
from gateway.desk.verbs import VERBS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^|[/|] ?|root +)gateway (?:--config \S+ )?([a-z]+)\b", re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    return [body for found, body in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_toml_block_is_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        tomllib.loads(block)


def test_the_settings_that_the_readme_calls_enough_are_enough(tmp_path: Path) -> None:
    settings = config.parse(tomllib.loads(blocks(ROOT / "README.md", "toml")[0]), tmp_path)
    assert settings.inbound.imap[0].host
    assert settings.outbound.smtp


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_code_blocks_exist(page: Path) -> None:
    for block in blocks(page, ""):
        for name in CALL.findall(block):
            assert name in cli.COMMANDS, f"{page.name}: gateway {name}"


def test_the_readme_shows_every_verb_once_and_its_examples_are_understood() -> None:
    shown = re.findall(r"^\| `(#[^`]+)`", README, re.MULTILINE)
    parsed = [commands.parse(example) for example in shown]
    assert not [example for example, result in zip(shown, parsed, strict=True) if result.errors]
    assert sorted(result.commands[0].verb.name for result in parsed) == sorted(verb.name for verb in VERBS)
