"""Notices rendered from Jinja2 templates: ours, or an admin's files of the same name.

A notice has three templates, ``<locale>/<notice>.subject.j2``, ``.txt.j2`` and ``.html.j2``. They see
their context and nothing else: a sandbox, no unescaped output, and an undefined name is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    TemplateError,
)

from gateway.config import Settings
from gateway.desk.notices import KINDS, Context, NoticeKind, mail_sample, sample
from gateway.errors import Permanent
from gateway.outbound import phrasing
from gateway.outbound.html import SafeHtml, sanitise, text_to_html
from gateway.outbound.templating import TemplateEnvironment, describe
from gateway.resources import shipped

PARTS = ("subject", "txt", "html")
FALLBACK = "en"
_LOCALE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}")
_SLOT = re.compile(r'<gw-slot id="(\d+)"></gw-slot>')


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """One notice in one language. ``overridden`` holds the files that the admin has replaced."""

    kind: NoticeKind
    locale: str
    overridden: tuple[str, ...]


class Renderer:
    """Renders every notice for one desk. Templates are read once: make a new Renderer after a change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.desk.timezone)
        self._environments: dict[str, TemplateEnvironment] = {}
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """Where templates lie, the admin's folder first."""
        override = self._settings.notices.templates
        return (*([self._settings.path(override)] if override else []), shipped("templates"))

    def locales(self) -> list[str]:
        found = {p.name for folder in self.folders if folder.is_dir() for p in folder.iterdir() if p.is_dir()}
        return sorted(name for name in found if _LOCALE.fullmatch(name))

    def language(self, kind: str, locale: str) -> str:
        """The best language that this notice has for ``locale``, which may be any text."""
        wanted = locale.strip().casefold().replace("_", "-")
        for candidate in (wanted, wanted.partition("-")[0], self._settings.desk.locale.casefold()):
            if _LOCALE.fullmatch(candidate) and self.source(candidate, kind, "txt"):
                return candidate
        return FALLBACK

    def source(self, locale: str, kind: str, part: str) -> Path | None:
        """The file of one part in exactly this language, or None."""
        paths = (folder / locale / f"{kind}.{part}.j2" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def names(self) -> list[TemplateInfo]:
        return [
            TemplateInfo(kind, locale, tuple(p for p in PARTS if self._overridden(locale, kind.name, p)))
            for kind in KINDS.values()
            for locale in self.locales()
            if self.source(locale, kind.name, "txt")
        ]

    def _overridden(self, locale: str, kind: str, part: str) -> bool:
        path = self.source(locale, kind, part)
        return path is not None and not path.is_relative_to(shipped("templates"))

    def render(self, kind: str, context: Context, *, locale: str, cids: Mapping[str, str] | None = None) -> Rendered:
        """Subject, text and HTML of a notice. ``cids`` maps a known Content-ID to the one it gets in this mail.

        Raises Permanent when a template is wrong or the context lacks a name that it uses.
        """
        language = self.language(kind, locale)
        slots: list[SafeHtml] = []
        known = cids or {}
        view = {**_with_bodies(context, slots, known), "locale": language}
        subject, text, html = (self._part(language, f"{kind}.{part}.j2", view) for part in PARTS)
        return Rendered(phrasing.one_line(subject), _tidy_text(text), self._finished(html, slots))

    def preview(self, kind: str, *, locale: str = FALLBACK) -> Rendered:
        """The notice with its sample, and this desk's own name, colour and footer."""
        return self.render(kind, self.sample(kind), locale=locale)

    def sample(self, kind: str) -> Context:
        desk, notices = self._settings.desk, self._settings.notices
        ours = {
            "desk": {"name": desk.name, "address": desk.address},
            "colour": notices.colour,
            "footer": notices.footer,
        }
        return {**mail_sample(kind), **ours, **sample(kind)}

    def environment(self, language: str) -> TemplateEnvironment:
        if language not in self._environments:
            self._environments[language] = TemplateEnvironment(self._loader(language), language, self._zone)
        return self._environments[language]

    def _loader(self, language: str) -> BaseLoader:
        places = [folder / name for name in dict.fromkeys((language, FALLBACK)) for folder in self.folders]
        return ChoiceLoader([FileSystemLoader(path) for path in (*places, *self.folders)])

    def _part(self, language: str, name: str, view: Context) -> str:
        try:
            return self.environment(language).get_template(name).render(view)
        except TemplateError as error:
            raise Permanent(f"template {language}/{name}: {describe(error)}") from error
        except Exception as error:
            raise Permanent(f"template {language}/{name}: {type(error).__name__}: {error}") from error

    def _finished(self, html: str, slots: list[SafeHtml]) -> str:
        """Styles inlined around the bodies, then the bodies put in: foreign HTML is never parsed again.

        A slot cannot be forged by text that was escaped: serialised text holds no ``<``, an attribute no ``"``.
        """
        compact = "\n".join(line.strip() for line in html.split("\n") if line.strip())
        page = self._inliner.inline(compact)
        return _SLOT.sub(lambda match: slots[int(match[1])].html, page) + "\n"


def _with_bodies(value: Any, slots: list[SafeHtml], cids: Mapping[str, str]) -> Any:
    """Every {"text": …} of the context also gets a ``body``: its HTML, or its text as HTML, safe to show."""
    if isinstance(value, Mapping):
        view = {key: _with_bodies(item, slots, cids) for key, item in value.items()}
        if isinstance(value.get("text"), str):
            view["body"] = _slot(_body(view, cids), slots)
        return view
    if isinstance(value, (list, tuple)):
        return [_with_bodies(item, slots, cids) for item in value]
    return phrasing.printable(value) if isinstance(value, str) else value


def _body(message: Mapping[str, Any], cids: Mapping[str, str]) -> SafeHtml:
    html = message.get("html")
    if html:
        return sanitise(str(html), known_cids=frozenset(cids), rename=cids)
    return text_to_html(str(message["text"]))


def _slot(safe: SafeHtml, slots: list[SafeHtml]) -> SafeHtml:
    slots.append(safe)
    return SafeHtml(f'<gw-slot id="{len(slots) - 1}"></gw-slot>')


def _tidy_text(text: str) -> str:
    lines = phrasing.clip(text, phrasing.LONGEST_TEXT + 20_000).split("\n")
    return "\n".join(_single_gaps(line if line == "-- " else line.rstrip() for line in lines)).strip("\n") + "\n"


def _single_gaps(lines: Iterator[str]) -> Iterator[str]:
    empty = False
    for line in lines:
        if line or not empty:
            yield line
        empty = not line
