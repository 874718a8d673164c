"""What may be given to an HTML parser, and how to read what may not.

HTML parsers do quadratic work on deep nesting, on many unclosed formatting elements, and on many attributes of one tag.
"""

from __future__ import annotations

import html as entities
import re

MAX_SIZE = 2_000_000
"""Characters of HTML that are read; what follows is cut off."""
MAX_TAGS = 15_000
MAX_DEPTH = 500
MAX_FORMATTING = 50
"""Formatting elements open at once: each new block repeats them all."""
MAX_REPEATED = 25_000
"""Tags times open formatting elements."""
_HARMLESS = 400
"""So few tags can do no harm, however they are nested."""
MAX_ATTRIBUTES = 200
"""Of one tag, where a page has many: each is compared with all before it."""
_HARMLESS_SEPARATORS = 8_000
"""So few attributes can do no harm, even in one tag."""
_SEPARATORS = " \t\n\r\f/\"'"

PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table", "pre", "fieldset"}
)
BLOCKS = PARAGRAPHS | frozenset(
    {"div", "li", "tr", "dt", "dd", "center", "section", "article", "header", "footer", "main", "nav", "aside"}
    | {"form", "figure", "figcaption", "details", "summary", "caption", "body", "html", "tbody", "thead", "tfoot"}
    | {"hr", "address"}
)
_LINE_ENDING = BLOCKS | {"br"}
_VOID = frozenset(
    {"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "embed", "source", "track", "param"}
)
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_UNCLOSED = frozenset(
    {"p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "html", "body", "head"}
)

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)([^<>]*)>")
_TAG_START = re.compile(r"<[a-zA-Z]")
_ATTRIBUTES = re.compile(
    r"[^ \t\n\r\f/>]*+"
    r"(?>[ \t\n\r\f/]*+(?:=[^ \t\n\r\f/>=]*+|[^ \t\n\r\f/>=]++)"
    r"(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+(?:\"[^\"]*+\"?|'[^']*+'?|[^ \t\n\r\f>\"'][^ \t\n\r\f>]*+)?+)?+"
    rf"){{0,{MAX_ATTRIBUTES}}}+[ \t\n\r\f/]*+"
)
"""The rest of a tag, as the tokenizer of HTML5 sees it, up to so many attributes."""
_ANY_TAG = re.compile(r"<([!/?a-zA-Z][^<>]*)>")
_SKIPPED = re.compile(r"<(script|style|head|title)\b")
_BLANK_LINES = re.compile(r"\n{3,}")


def bounded(html: str) -> str:
    """As much of the page as is read."""
    return html[:MAX_SIZE].replace("\0", "")


def is_parseable(html: str) -> bool:
    """Whether a parser's work on it stays small: tags, their nesting, and open formatting elements are counted."""
    angles = html.count("<")
    if angles > 2 * MAX_TAGS or _is_crowded(html):
        return False
    if angles <= _HARMLESS:
        return True
    tags = depth = deepest = formatting = most = 0
    for found in _TAG.finditer(html):
        tags += 1
        name = found[2].lower()
        if name in _VOID or name in _UNCLOSED or found[3].endswith("/"):
            continue
        step = -1 if found[1] else 1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if name in _FORMATTING:
            formatting = max(0, formatting + step)
            most = max(most, formatting)
        if deepest > MAX_DEPTH or most > MAX_FORMATTING or tags * most > MAX_REPEATED + 12 * tags:
            return False
    return tags <= MAX_TAGS


def _is_crowded(html: str) -> bool:
    """Whether some tag has too many attributes.

    Every place where a tag may start is tried, for what stands in quotes or comments is known to the parser alone.
    Tags that seem to lie in each other cannot make this long: what was looked at is counted.
    """
    if sum(map(html.count, _SEPARATORS)) <= _HARMLESS_SEPARATORS:
        return False
    left = 8 * len(html)
    for start in _TAG_START.finditer(html):
        found = _ATTRIBUTES.match(html, start.end())
        assert found is not None
        left -= found.end() - start.end()
        if left < 0 or html[found.end() : found.end() + 1] not in ("", ">"):
            return True
    return False


def strip(html: str) -> str:
    """The text between the tags, by scanners that look at every character a fixed number of times."""
    parts = _ANY_TAG.split(_without_skipped(html))
    breaks = {tag: _break_for(tag) for tag in set(parts[1::2])}
    parts[1::2] = map(breaks.__getitem__, parts[1::2])
    lines = (" ".join(line.split()) for line in entities.unescape("".join(parts)).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines))


def _break_for(tag: str) -> str:
    """The line end that a tag (without its brackets) stands for, or nothing."""
    name = tag[:20].lstrip("/").split(None, 1)[0:1]
    return "\n" if name and name[0].rstrip("/").lower() in _LINE_ENDING else ""


def _without_skipped(html: str) -> str:
    """Without scripts and styles. One that nobody closes loses its tag alone."""
    lowered = html.lower()
    if len(lowered) != len(html):
        lowered = html
    kept: list[str] = []
    unclosed: set[str] = set()
    at = 0
    for found in _SKIPPED.finditer(lowered):
        name = found[1]
        if found.start() < at or name in unclosed:
            continue
        closing = lowered.find(f"</{name}", found.end())
        if closing < 0:
            unclosed.add(name)
            continue
        kept.append(html[at : found.start()])
        at = closing
    return "".join([*kept, html[at:]])
