"""The names that each template may use, written out from the samples for docs/templates.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.desk.notices import KINDS, Audience, Context, NoticeKind, mail_sample, sample

_TITLES = {Audience.CLIENT: "To clients", Audience.STAFF: "To staff", Audience.ADMIN: "To the admin"}


def documentation() -> str:
    """Markdown: the names of every mail, then those of each notice with an example of each value."""
    lines = ["### In every notice", "", *_table(mail_sample("reply")), ""]
    for audience in Audience:
        lines += [f"### {_TITLES[audience]}", ""]
        for kind in KINDS.values():
            if kind.audience is audience:
                lines += [*_heading(kind), *_table(sample(kind.name)), ""]
    return "\n".join(lines)


def _heading(kind: NoticeKind) -> list[str]:
    return [f"#### `{kind.name}`", "", f"{kind.purpose[:1].upper()}{kind.purpose[1:]}.", ""]


def _table(context: Context) -> list[str]:
    rows = [f"| `{name}` | {_cell(value)} |" for name, value in paths(context)]
    return ["| name | example |", "|---|---|", *rows]


def paths(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names with the value each has in the sample; ``name[]`` is one of a list."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, f"{prefix}.{name}" if prefix else name)
        if isinstance(value.get("text"), str):
            yield f"{prefix}.body", "the same as safe HTML, for HTML templates"
    elif isinstance(value, list) and value:
        yield from paths(value[0], f"{prefix}[]")
    else:
        yield prefix, value


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(str(value).split()) if value != [] else ""
    shown = text if len(text) <= 60 else text[:59].rstrip() + "…"
    return shown.replace("|", "\\|").replace("<", "&lt;") or "(empty)"
