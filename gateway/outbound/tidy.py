"""A linear pass over foreign HTML that bounds it before the real parser sees it.

The HTML parsing algorithm is quadratic in nesting, and its re-opening of formatting elements
multiplies: a mail of some kilobytes can cost seconds and gigabytes. This pass reads the text once
(tokens as in the HTML standard, section 13.2.5), and writes a balanced stream with few tags of few
kinds, nested a little. It is no sanitiser: ``html.sanitise`` runs the real one on what comes out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_CHARACTERS = 300_000
MAX_TAGS = 8_000
MAX_DEPTH = 80
MAX_FORMATTING = 20
CUT = "[…]"
"""Stands where a text was shortened."""

FORMATTING = words("a b big code del em font i ins mark s small strike strong sub sup tt u")
BLOCKS = words(
    "abbr address article blockquote center cite dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header kbd li "
    "main ol p pre q samp section span table tbody td tfoot th thead tr ul var"
)
VOID = words("br hr img wbr")
TAGS = FORMATTING | BLOCKS | VOID
DROPPED = words(
    "applet audio canvas embed head iframe math noembed noframes noscript object plaintext script select style svg "
    "template textarea title video xmp"
)
"""Elements that go with all they hold."""
ATTRIBUTES = words(
    "align alt bgcolor border cellpadding cellspacing color colspan dir height href lang rowspan src start style title "
    "type valign width"
)
_END_OPTIONAL = words("dd dt li p tbody td tfoot th thead tr")
_SCOPES = words("table td th")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+|=[^\s/>=]*)(\s*=\s*)?")
_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_UNQUOTED = re.compile(r"[^\s>]*")
_LONE_AMPERSAND = re.compile(r"&(?![#a-zA-Z])")
_GAP = re.compile(r"[\s/]*")

Attributes = dict[str, str]
Token = tuple[str, str, Attributes]
"""("text", characters, {}), ("start", name, attributes) or ("end", name, {}); entities are left as they are."""


def tidy(html: str, image: Callable[[Attributes], str]) -> str:
    """``html`` as a bounded, balanced stream of ``TAGS``. ``image`` writes each <img>. Linear time."""
    writer = _Writer(image)
    for kind, value, attributes in tokens(html[:MAX_CHARACTERS]):
        writer.take(kind, value, attributes)
    return writer.finish(cut=len(html) > MAX_CHARACTERS)


def tokens(html: str) -> Iterator[Token]:
    """Text and tags in order; comments, declarations and ``DROPPED`` elements are passed over."""
    at = 0
    while (less := html.find("<", at)) >= 0:
        if less > at:
            yield "text", html[at:less], {}
        closing = html.startswith("</", less)
        name = _NAME.match(html, less + 1 + closing)
        if name is None:
            literal = html[less + 1 : less + 2] not in ("!", "?", "/")
            if literal:
                yield "text", "&lt;", {}
            at = less + 1 if literal else _after_comment(html, less)
            continue
        attributes, at = _attributes(html, name.end())
        tag = name[0].lower()
        if closing:
            yield "end", tag, {}
        elif tag in DROPPED:
            at = _after_element(html, tag, at)
        else:
            yield "start", tag, attributes
    if at < len(html):
        yield "text", html[at:], {}


def attribute_text(attributes: Attributes) -> str:
    return "".join(f' {name}="{_quote(value)}"' for name, value in attributes.items())


def _quote(value: str) -> str:
    return value.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _after_comment(html: str, at: int) -> int:
    end = html.find("-->", at + 2) if html.startswith("<!--", at) else html.find(">", at)
    if end < 0:
        return len(html)
    return end + (3 if html.startswith("-->", end) else 1)


def _after_element(html: str, tag: str, at: int) -> int:
    """Past the end tag; a <head> that is never closed ends where the body begins."""
    pattern = r"</head|<body" if tag == "head" else rf"</{tag}(?=[\s/>])"
    end = re.compile(pattern, re.IGNORECASE | re.ASCII).search(html, at)
    if end is None:
        return len(html)
    return end.start() if end[0].lower() == "<body" else _attributes(html, end.end())[1]


def _attributes(html: str, at: int) -> tuple[Attributes, int]:
    """Attributes from ``at`` to the tag's ``>``, and where the next token begins. An unclosed tag takes all."""
    found: Attributes = {}
    while match := _ATTRIBUTE.match(html, at):
        value, at = _value(html, match.end()) if match[2] else ("", match.end())
        name = match[1].lower()
        if name in ATTRIBUTES:
            found.setdefault(name, value)
    gap = _GAP.match(html, at)
    at = gap.end() if gap else at
    return (found, at + 1) if html.startswith(">", at) else ({}, len(html))


def _value(html: str, at: int) -> tuple[str, int]:
    quote = html[at : at + 1]
    if quote in ('"', "'"):
        end = html.find(quote, at + 1)
        return (html[at + 1 : end], end + 1) if end >= 0 else ("", len(html))
    match = _UNQUOTED.match(html, at)
    return (match[0], match.end()) if match else ("", at)


class _Writer:
    """Keeps the open elements, so that whatever is opened is closed in order and nothing nests too deep."""

    def __init__(self, image: Callable[[Attributes], str]) -> None:
        self._image = image
        self._out: list[str] = []
        self._open: list[str] = []
        self._skipped: Counter[str] = Counter()
        self._tags = 0

    def take(self, kind: str, value: str, attributes: Attributes) -> None:
        if kind == "text":
            self._out.append(_LONE_AMPERSAND.sub("&amp;", value).replace(">", "&gt;"))
        elif value in TAGS and self._tags < MAX_TAGS:
            self._tags += 1
            if kind == "end":
                self._end(value)
            else:
                self._start(value, attributes)

    def finish(self, *, cut: bool) -> str:
        self._close_to(0)
        return "".join(self._out) + (f"<p>{CUT}</p>" if cut else "")

    def _start(self, name: str, attributes: Attributes) -> None:
        if name in VOID:
            self._out.append(self._image(attributes) if name == "img" else f"<{name}>")
            return
        if name in _END_OPTIONAL:
            self._close_sibling(name)
        if len(self._open) >= MAX_DEPTH or (name in FORMATTING and self._formatting() >= MAX_FORMATTING):
            self._skipped[name] += 1
            return
        self._open.append(name)
        self._out.append(f"<{name}{attribute_text(attributes)}>")

    def _formatting(self) -> int:
        return sum(name in FORMATTING for name in self._open)

    def _close_sibling(self, name: str) -> None:
        """<li>, <td> and their like end where the next one begins."""
        at = len(self._open)
        while at and self._open[at - 1] in _END_OPTIONAL:
            at -= 1
            if self._open[at] == name:
                self._close_to(at)
                return

    def _end(self, name: str) -> None:
        if self._skipped[name]:
            self._skipped[name] -= 1
            return
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at] == name:
                self._close_to(at)
                return
            if self._open[at] in _SCOPES and name not in _END_OPTIONAL | _SCOPES:
                return

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._out.append(f"</{self._open.pop()}>")
