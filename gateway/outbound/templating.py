"""The Jinja2 environment of notices: a sandbox that escapes HTML always and knows no undefined names."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from types import CodeType
from zoneinfo import ZoneInfo

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.outbound import phrasing
from gateway.outbound.html import text_to_html, text_to_pre


def describe(error: TemplateError) -> str:
    """What is wrong in a template, and in which line."""
    where = ""
    if isinstance(error, TemplateSyntaxError):
        where = f"line {error.lineno}" if error.name is None else f"line {error.lineno} of {error.name}"
    else:
        traceback = error.__traceback__
        while traceback:
            if traceback.tb_frame.f_code.co_filename.endswith(".j2"):
                where = f"line {traceback.tb_lineno} of {Path(traceback.tb_frame.f_code.co_filename).name}"
            traceback = traceback.tb_next
    message = str(error.message or error).replace("'dict object' has no attribute", "there is no")
    return f"{where}: {message}" if where else message


class Compiled(BytecodeCache):
    """Templates that this process has compiled before: another Renderer, or a reload, does not compile them again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


@cache
def _compiled(_language: str, _zone: str | None) -> Compiled:
    """One for each, because filters of constants are worked out when a template is compiled."""
    return Compiled()


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """What templates of one language can reach: the loader's files, a few filters, and no way round escaping."""

    def __init__(self, loader: BaseLoader, language: str, zone: ZoneInfo) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=_escaped,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=_compiled(language, zone.key),
        )
        for unsafe in ("safe", "pprint", "xmlattr", "urlize", "tojson"):
            del self.filters[unsafe]
        del self.globals["lipsum"]
        self.filters |= {
            "when": partial(phrasing.when, locale=language, zone=zone),
            "day": partial(phrasing.when, locale=language, zone=zone, time=False),
            "filesize": partial(phrasing.filesize, locale=language),
            "status": partial(phrasing.status, locale=language),
            "re": phrasing.reply_subject,
            "line": phrasing.shorten,
            "wrap": phrasing.wrap,
            "clip": phrasing.clip,
            "mailto": phrasing.mailto,
            "signed_by": phrasing.signed,
            "paragraphs": text_to_html,
            "preformatted": text_to_pre,
        }

    def source_of(self, name: str) -> str:
        """The text of a template. Raises TemplateNotFound."""
        if self.loader is None:
            raise TemplateNotFound(name)
        return self.loader.get_source(self, name)[0]

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        """Refuses the two other doors to unescaped output: ``{% autoescape %}``, and plain text inside HTML."""
        for switch in source.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
            raise TemplateSyntaxError("autoescape cannot be switched; remove it", switch.lineno, name, filename)
        for other in source.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            named = getattr(other, "template", None)
            wanted = named.value if isinstance(named, nodes.Const) else None
            if not isinstance(wanted, str) or _escaped(name) != _escaped(wanted):
                why = "another file is named in quotes, and has the same suffix (.html.j2 in HTML, .txt.j2 in text)"
                raise TemplateSyntaxError(why, other.lineno, name, filename)
        return super()._generate(source, name, filename, defer_init)


def _escaped(name: str | None) -> bool:
    """``select_autoescape`` looks at the last suffix, which is always .j2 here."""
    return name is None or not name.endswith((".txt.j2", ".subject.j2"))
