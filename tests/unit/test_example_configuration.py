"""config/gateway.toml names every setting, shows the true defaults, and works as it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from gateway import config

EXAMPLE = Path(__file__).parents[2] / "config" / "gateway.toml"
OURS = {"folder"}


def everything() -> dict[str, Any]:
    """The file with every setting uncommented."""
    return tomllib.loads(re.sub(r"^#(?=\[|[a-z_0-9]+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE))


def one_road(data: dict[str, Any]) -> dict[str, Any]:
    """The alternatives that exclude each other, reduced to one of each."""
    del data["outbound"]["maildir"]
    for login in (data["inbound"]["imap"][0], data["outbound"]["smtp"]):
        del login["password"], login["oauth2"]
    data["outbound"]["smtp"]["username"] = "support@example.com"
    return data


def section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := section(arg))), None)


def fields(model: type[BaseModel], data: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, field, value in the file or KeyError) of every setting that is not a section."""
    for name, field in model.model_fields.items():
        inner = section(field.annotation)
        value = data.get(name, KeyError)
        where = f"{path}.{name}".lstrip(".")
        if inner and value is not KeyError:
            for table in value if isinstance(value, list) else [value]:
                yield from fields(inner, table, where)
        elif name not in OURS:
            yield where, field, value


SETTINGS = list(fields(config.Settings, everything()))


def test_finds_the_settings():
    assert len(SETTINGS) > 90


@pytest.mark.parametrize(("path", "field", "value"), SETTINGS, ids=[path for path, *_ in SETTINGS])
def test_every_setting_is_shown_with_its_default(path, field, value):
    assert value is not KeyError, "is not in config/gateway.toml"
    if field.is_required() or field.default is None or path in {"agents.role", "outbound.smtp.username"}:
        return
    kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    assert TypeAdapter(kind).validate_python(value) == field.default


def test_holds_nothing_that_is_no_setting_and_loads_with_everything_uncommented():
    settings = config.parse(one_road(everything()), EXAMPLE.parent)
    assert settings.inbound.imap[0].name == "support"
    assert settings.outbound.smtp


def test_works_as_it_stands():
    settings = config.load(EXAMPLE)
    assert settings.outbound.maildir
    assert [agent.role for agent in settings.agents] == ["admin"]


def test_every_line_is_a_setting_a_table_or_prose():
    """A commented setting that is misspelt, e.g. with a blank, would pass for prose."""
    for line in EXAMPLE.read_text().splitlines():
        assert not re.match(r"^# ?\w+ ?= ?[\[\"0-9tf]", line) or re.match(r"^#[a-z_0-9]+ = ", line), line
