"""Finds what is wrong with templates before a mail needs them: for ``gateway check``.

Every notice is rendered in every language with three contexts: its sample, a bare one (nothing that may be
absent is there) and a full one, so that both sides of a condition are seen.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, meta, nodes

from gateway.desk.notices import KINDS, Context
from gateway.errors import Permanent
from gateway.outbound.render import FALLBACK, PARTS, Renderer
from gateway.resources import shipped

Problem = tuple[str, str]
"""The file, and what to do about it."""
_KEPT = frozenset(("state", "address"))


def problems(renderer: Renderer) -> list[Problem]:
    """Every mistake in the templates, ours and the admin's; an empty list when each notice can be sent."""
    found = [*_strange_files(renderer), *_missing_parts(renderer)]
    shared = _shared_names(renderer)
    for locale in renderer.locales():
        for kind in KINDS:
            if renderer.source(locale, kind, "txt"):
                found += _unknown_names(renderer, locale, kind, shared)
                found += _failures(renderer, locale, kind)
    return list(dict.fromkeys(found))


def _strange_files(renderer: Renderer) -> Iterator[Problem]:
    """Files of the admin's folder that no notice will ever read."""
    known = {f"{kind}.{part}.j2" for kind in KINDS for part in PARTS}
    for folder in renderer.folders:
        if folder == shipped("templates"):
            continue
        if not folder.is_dir():
            yield str(folder), "this folder does not exist; make it, or remove notices.templates"
            continue
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(("_", "."))):
            if path.name not in known:
                near = difflib.get_close_matches(path.name, known, 1)
                advice = f"; did you mean {near[0]}?" if near else "; `gateway template list` shows the names"
                yield str(path), f"no notice has a template of this name{advice}"
            elif path.parent.parent != folder:
                yield str(path), "a template lies in a folder named after its language, such as en/"


def _missing_parts(renderer: Renderer) -> Iterator[Problem]:
    """A notice in two languages at once reads badly: all three parts, or none."""
    for locale in renderer.locales():
        for kind in KINDS:
            present = [part for part in PARTS if renderer.source(locale, kind, part)]
            missing = [part for part in PARTS if part not in present]
            if missing and (present or locale == FALLBACK):
                for part in missing:
                    yield f"{locale}/{kind}.{part}.j2", "is missing; add it, so that all parts are in one language"


def _shared_names(renderer: Renderer) -> frozenset[str]:
    """What the layouts import, and every template that extends them can use: ``ui``, ``words`` and the like."""
    names = {"self"}
    environment = renderer.environment(FALLBACK)
    for name in environment.list_templates(filter_func=lambda n: n.startswith("_") and n.endswith(".j2")):
        try:
            tree = environment.parse(environment.source_of(name), name)
        except TemplateError:
            continue  # reported where it is rendered
        names |= {node.target for node in tree.find_all(nodes.Import)}
        for node in tree.find_all(nodes.FromImport):
            names |= {item if isinstance(item, str) else item[1] for item in node.names}
    return frozenset(names)


def _unknown_names(renderer: Renderer, locale: str, kind: str, shared: frozenset[str]) -> Iterator[Problem]:
    """Names that stand only in a branch which no context takes."""
    environment = renderer.environment(locale)
    known = set(renderer.sample(kind)) | shared | {"locale"}
    for part in PARTS:
        path = renderer.source(locale, kind, part)
        if path is None:
            continue
        try:
            tree = environment.parse(path.read_text(encoding="utf-8"))
        except (TemplateError, OSError, UnicodeDecodeError):
            continue  # reported where it is rendered
        for name in sorted(meta.find_undeclared_variables(tree) - known - set(environment.globals)):
            near = difflib.get_close_matches(name, known, 1)
            yield _shown(path, renderer), f"{name} is not known to this notice" + (f"; use {near[0]}" if near else "")


def _failures(renderer: Renderer, locale: str, kind: str) -> Iterator[Problem]:
    for context in variants(renderer.sample(kind)):
        try:
            renderer.render(kind, context, locale=locale)
        except Permanent as error:
            file, _, why = error.cause.removeprefix("template ").partition(": ")
            yield file, why
            return


def _shown(path: Path, renderer: Renderer) -> str:
    base = next((f for f in renderer.folders if path.is_relative_to(f)), path.parent)
    return str(path.relative_to(base)) if base == shipped("templates") else str(path)


def variants(sample: Context) -> list[Context]:
    """The sample, a bare context and a full one, all of the sample's shape."""
    return [sample, _bare(sample, ""), _full(sample)]


def _bare(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return []
    if isinstance(value, bool):
        return False
    return "" if isinstance(value, str) and key not in _KEPT and not _is_date(value) else value


def _full(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _full(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_full(item) for item in value]
    if isinstance(value, bool):
        return True
    return "<full>" if value == "" else value


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
