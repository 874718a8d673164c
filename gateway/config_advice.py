"""What pydantic found wrong, said as advice to the person who wrote the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel

Item = Any  # pydantic_core.ErrorDetails

_NEEDED = {
    ("desk",): "is required; add [desk] with name and address",
    ("outbound",): "is required; add [outbound.smtp] or [outbound.maildir]",
}
_ARRAYS_OF_TABLES = {"agents", "teams", "companies", "contacts", "categories", "inbound.smtp", "inbound.imap"}


def key_path(loc: tuple[int | str, ...]) -> str:
    """``("inbound", "imap", 0, "tls")`` as ``inbound.imap[0].tls``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def advice(item: Item, root: type[BaseModel]) -> str:
    """What to do about one validation error of ``root``; never holds the value of a secret."""
    say = _SAID.get(item["type"])
    if say:
        return say(item, root)
    return str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")


def _unknown(item: Item, root: type[BaseModel]) -> str:
    *parents, name = item["loc"]
    near = difflib.get_close_matches(str(name), _keys(root, tuple(parents)), n=1)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key; check its spelling or remove it"


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Names that may stand in the table at ``loc``."""
    for part in loc:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) or model
    return [name for name in model.model_fields if name != "folder"]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _missing(item: Item, _root: type[BaseModel]) -> str:
    return _NEEDED.get(item["loc"], "is required; add it")


def _list(item: Item, _root: type[BaseModel]) -> str:
    path = key_path(item["loc"])
    return (
        f"must be a list of tables; write [[{path}]]" if path in _ARRAYS_OF_TABLES else 'must be a list: ["one", "two"]'
    )


def _table(item: Item, _root: type[BaseModel]) -> str:
    loc = item["loc"]
    where = key_path(tuple(part for part in loc if isinstance(part, str)))
    return f"must be a table; write [[{where}]]" if isinstance(loc[-1], int) else f"must be a table; write [{where}]"


def _fixed(text: str) -> Callable[[Item, type[BaseModel]], str]:
    """A text that may name the bounds, e.g. ``{ge}``."""
    return lambda item, _root: text.format(**item.get("ctx", {}))


_SAID: dict[str, Callable[[Item, type[BaseModel]], str]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "tuple_type": _list,
    "model_type": _table,
    "string_type": _fixed("must be text in quotes"),
    "too_short": _fixed("must not be empty"),
    "string_too_short": _fixed("must not be empty"),
    "int_type": _fixed("must be a whole number"),
    "int_parsing": _fixed("must be a whole number"),
    "int_from_float": _fixed("must be a whole number"),
    "greater_than_equal": _fixed("must be at least {ge}"),
    "less_than_equal": _fixed("must be at most {le}"),
    "literal_error": _fixed("must be {expected}"),
}
