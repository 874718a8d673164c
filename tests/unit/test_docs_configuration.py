"""docs/configuration.md names every key with its true default, and examples that would be taken."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from gateway.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
SECTION = re.compile(r"`\[+([a-z0-9_.]+)\]+`")


@dataclass(frozen=True)
class Row:
    key: str
    meaning: str
    default: str
    example: str


def model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := model_in(arg))), None)


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Dotted path and field of every key that holds a value; tables are walked into."""
    for name, field in model.model_fields.items():
        if model is Settings and name == "folder":
            continue
        inner = model_in(field.annotation)
        if inner is None:
            yield f"{path}{name}", field
        else:
            yield from fields(inner, f"{path}{name}.")


def rows() -> Iterator[Row]:
    sections: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            sections = SECTION.findall(line)
        elif line.startswith("| `"):
            key, meaning, default, example = (cell.strip() for cell in line.strip("| ").split(" | "))
            yield from (Row(f"{section}.{key.strip('`')}", meaning, default, example) for section in sections)


FIELDS = dict(fields(Settings))
ROWS = {row.key: row for row in rows()}


def taken(field: FieldInfo, cell: str) -> Any:
    """The value of a cell, as the settings would take it."""
    value = tomllib.loads(f"value = {cell.strip('`')}")["value"]
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(kind).validate_python(value)


def test_the_page_and_the_settings_have_the_same_keys() -> None:
    assert sorted(ROWS) == sorted(FIELDS)


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_the_default_on_the_page_is_the_default(key: str) -> None:
    field, cell = FIELDS[key], ROWS[key].default
    if field.is_required():
        assert cell == "required"
    elif field.default is None:
        assert cell == "none"
    else:
        assert taken(field, cell) == field.default


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_the_example_on_the_page_is_taken_and_is_not_the_default(key: str) -> None:
    field = FIELDS[key]
    assert taken(field, ROWS[key].example) != field.default


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_every_key_has_a_meaning(key: str) -> None:
    assert len(ROWS[key].meaning) > 5
