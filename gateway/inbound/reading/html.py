"""HTML bodies as text, and as the fragment that is new. Parsed with lexbor, walked without recursion.

HTML parsers do quadratic work on deep nesting and on many unclosed formatting elements; what exceeds the caps
below goes to a linear stripper of tags instead.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.inbound.reading import html_quotes
from gateway.inbound.reading.layout import Role, roles

MAX_SIZE = 2_000_000
"""Characters of HTML that are read; what follows is cut off."""
MAX_TAGS = 15_000
MAX_DEPTH = 500
MAX_FORMATTING = 50
"""Formatting elements open at once: each new block repeats them all."""
MAX_REPEATED = 60_000
"""Tags times open formatting elements."""
MAX_LINK = 300
"""Characters of an address that is shown behind its text."""

_MAX_PREFORMATTED = 5_000
"""Lines of a preformatted text that are told apart; the rest stays with the last."""

_DROPPED = frozenset(
    {"script", "style", "head", "title", "meta", "link", "template", "noscript", "object", "iframe", "svg", "select"}
    | {"-comment", "!doctype", "xml", "o:shapedefaults", "o:shapelayout", "textarea", "button", "audio", "video", "map"}
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table", "pre", "fieldset"}
)
_BLOCKS = _PARAGRAPHS | frozenset(
    {
        "div",
        "li",
        "tr",
        "dt",
        "dd",
        "center",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "address",
    }
    | {"form", "figure", "figcaption", "details", "summary", "caption", "body", "html", "tbody", "thead", "tfoot", "hr"}
)
_LINE_ENDING = _BLOCKS | {"br"}
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
_ANY_TAG = re.compile(r"<([!/?a-zA-Z][^<>]*)>")
_SKIPPED = re.compile(r"<(script|style|head|title)\b")
_BLANK_LINES = re.compile(r"\n{3,}")
_HIDDEN = re.compile(
    r"display\s?:\s?none|visibility\s?:\s?hidden|mso-hide\s?:\s?all|font-size\s?:\s?0(?:px|pt|em|%)?\s?(?:;|!|$)|max-height\s?:\s?0(?:px)?\s?(?:;|!|$)"
)


@dataclass(slots=True)
class Leaf:
    """A node that wrote something, and the first and last line that it wrote to."""

    node: LexborNode
    first: int = -1
    last: int = -1


@dataclass(slots=True)
class Page:
    """A rendered body: its lines, the leaves that wrote them, and which lines a client marked as signature."""

    lines: list[str] = field(default_factory=list)
    signature_lines: set[int] = field(default_factory=set)
    quote_lines: set[int] = field(default_factory=set)
    leaves: list[Leaf] = field(default_factory=list)


def to_text(html: str) -> str:
    """The whole text of an HTML body: quotes as ``> `` lines, list items with dashes, table cells on one line."""
    return "\n".join(render(html, mark_quotes=False).lines).strip("\n")


def render(html: str, *, mark_quotes: bool) -> Page:
    """Renders a body. With ``mark_quotes`` everything in a client's quote container is a ``> `` line too."""
    html = html[:MAX_SIZE].replace("\0", "")
    if not _is_parseable(html):
        return Page(_strip(html).split("\n"))
    return _Walk(LexborHTMLParser(html), mark_quotes=mark_quotes).page()


def new_fragment(html: str) -> str:
    """The HTML of the author's own words: every quote, attribution and signature taken out. Not sanitised.

    Images of the new text stay. Strict, since an agent's fragment goes to a client: quotes go even where answers
    stand between their lines. Empty where nothing can be told from the quote or the body is too tangled.
    """
    html = html[:MAX_SIZE].replace("\0", "")
    if not _is_parseable(html):
        return ""
    tree = LexborHTMLParser(html)
    page = _Walk(tree, mark_quotes=True).page()
    found = roles(page.lines, signature_lines=page.signature_lines, quote_lines=page.quote_lines, strict=True)
    _prune(page, found)
    body = tree.body
    return (body.inner_html or "").strip() if body is not None else ""


def _prune(page: Page, found: list[Role]) -> None:
    """Takes out every leaf that wrote no new line, then what has become empty."""
    for leaf in page.leaves:
        lines = range(max(leaf.first, 0), leaf.last + 1)
        kept = [page.lines[at] for at in lines if found[at] is Role.NEW]
        if len(kept) == len(lines):
            continue
        parent = leaf.node.parent
        if kept and leaf.node.tag == "-text":
            leaf.node.replace_with("\n".join(kept))
        else:
            leaf.node.decompose()
            _drop_empty(parent)


def _drop_empty(node: LexborNode | None) -> None:
    for _ in range(MAX_DEPTH):
        if node is None or node.tag in ("body", "html") or node.child is not None:
            return
        parent = node.parent
        node.decompose()
        node = parent


def _is_parseable(html: str) -> bool:
    """Whether a parser's work on it stays small: tags, their nesting, and open formatting elements are counted."""
    tags = depth = deepest = formatting = most = 0
    for found in _TAG.finditer(html):
        tags += 1
        if tags > MAX_TAGS:
            return False
        name = found[2].lower()
        if name in _VOID or name in _UNCLOSED or found[3].endswith("/"):
            continue
        step = -1 if found[1] else 1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if name in _FORMATTING:
            formatting = max(0, formatting + step)
            most = max(most, formatting)
        if deepest > MAX_DEPTH or most > MAX_FORMATTING or tags * most > MAX_REPEATED + 20 * tags:
            return False
    return html.count("<") <= 2 * MAX_TAGS


def _strip(html: str) -> str:
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


class _Walk:
    """One walk over a tree, writing lines. Enter and leave events on an own stack."""

    def __init__(self, tree: LexborHTMLParser, *, mark_quotes: bool) -> None:
        self._root = tree.body
        self._mark = mark_quotes
        self._page = Page()
        self._line: list[str] = []
        self._writing: list[Leaf] = []
        self._last_depth = 0
        self._space = False
        self._gap = False
        self._depth = 0
        self._tail = 0
        self._certain = 0
        self._signature = 0
        self._pre = 0
        self._lists: list[int] = []
        self._cells: list[int] = []

    def page(self) -> Page:
        if self._root is not None:
            for node, entering in _events(self._root):
                if entering:
                    self._enter(node)
                else:
                    self._leave(node)
        self._break()
        return self._page

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._text(node)
        elif tag == "br":
            self._leaf(node)
            self._end_line()
        elif tag == "img":
            self._image(node)
        else:
            self._open(node, tag)

    def _open(self, node: LexborNode, tag: str) -> None:
        if tag in _BLOCKS:
            self._break()
        if self._mark and not self._tail and html_quotes.begins_tail(node):
            self._break()
            self._tail = 1
        if html_quotes.is_quote(node, mark=self._mark):
            self._break()
            self._depth += 1
            self._certain += html_quotes.is_certain(node)
        if self._mark and html_quotes.is_signature(node):
            self._break()
            self._signature += 1
        if tag in _PARAGRAPHS and not html_quotes.is_tight(node):
            self._gap = True
        self._open_special(node, tag)

    def _open_special(self, node: LexborNode, tag: str) -> None:
        if tag == "hr":
            self._write("---")
            self._leaf(node)
            self._break()
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._item()
        elif tag == "tr":
            self._cells.append(0)
        elif tag in ("td", "th"):
            self._cell()

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "a":
            self._link(node)
        if tag in _BLOCKS:
            self._break()
        if tag in _PARAGRAPHS and not html_quotes.is_tight(node):
            self._gap = True
        if html_quotes.is_quote(node, mark=self._mark):
            self._break()
            self._depth -= 1
            self._certain -= html_quotes.is_certain(node)
        if self._mark and html_quotes.is_signature(node):
            self._break()
            self._signature -= 1
        if tag == "pre":
            self._pre -= 1
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "tr" and self._cells:
            self._cells.pop()

    def _text(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if self._pre:
            self._leaf(node)
            self._preformatted(text)
        elif text.strip():
            self._leaf(node)
            self._flowing(text)
        else:
            self._space = True

    def _preformatted(self, text: str) -> None:
        head, *rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", _MAX_PREFORMATTED)
        self._line.append(head)
        leaf = self._writing[-1]
        for line in rest:
            self._end_line()
            self._writing.append(leaf)
            self._line.append(line)

    def _flowing(self, text: str) -> None:
        words = text.replace("\u00ad", "").split(" ") if "\u00a0" in text else None
        shown = " ".join(" ".join(part.split()) for part in text.split("\u00a0")) if words else " ".join(text.split())
        if text[:1].isspace():
            self._space = True
        if shown.strip():
            self._write(shown.strip())
        if text[-1:].isspace():
            self._space = True

    def _write(self, text: str) -> None:
        if self._space and self._line and not self._line[-1].endswith(" "):
            self._line.append(" ")
        self._space = False
        self._line.append(text)

    def _leaf(self, node: LexborNode) -> None:
        leaf = Leaf(node)
        self._page.leaves.append(leaf)
        self._writing.append(leaf)

    def _break(self) -> None:
        """Ends the line if anything stands in it."""
        if any(part.strip() for part in self._line):
            self._end_line()
        elif self._writing and self._page.lines:
            self._settle()
        self._line.clear()
        self._space = False

    def _end_line(self) -> None:
        text = "".join(self._line).rstrip()
        self._line.clear()
        self._space = False
        lines = self._page.lines
        if text and self._gap and lines and lines[-1].strip("> "):
            self._put("", min(self._last_depth, self._depth + self._tail))
        if text:
            self._gap = False
        self._put(text, self._depth + self._tail)
        self._last_depth = self._depth + self._tail
        self._settle()

    def _settle(self) -> None:
        """What was written since the last line end stands on the last line."""
        for leaf in self._writing:
            leaf.last = len(self._page.lines) - 1
            leaf.first = leaf.last if leaf.first < 0 else leaf.first
        self._writing.clear()

    def _put(self, text: str, depth: int) -> None:
        lines = self._page.lines
        if not text and len(lines) > 1 and not lines[-1].strip("> ") and not lines[-2].strip("> "):
            return
        prefix = "> " * depth
        if self._certain or self._tail:
            self._page.quote_lines.add(len(lines))
        if self._signature and not prefix:
            self._page.signature_lines.add(len(lines))
        lines.append((prefix + text).rstrip() if prefix else text)

    def _image(self, node: LexborNode) -> None:
        self._leaf(node)
        alt = " ".join((node.attributes.get("alt") or "").split())[:200]
        if not alt or html_quotes.is_hidden_image(node):
            return
        is_emoji = len(alt) <= 4 and not alt.isascii()
        self._write(alt if is_emoji else f"[{alt}]")

    def _item(self) -> None:
        indent = "  " * (len(self._lists) - 1)
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            self._line.append(f"{indent}{self._lists[-1]}. ")
        else:
            self._line.append(f"{indent}- ")

    def _cell(self) -> None:
        if self._cells:
            self._cells[-1] += 1
            if self._cells[-1] > 1 and any(part.strip() for part in self._line):
                tail = "".join(self._line).rstrip()
                self._space = False
                self._line.append(" " if tail.endswith((":", "：", "|")) else " | ")

    def _link(self, node: LexborNode) -> None:
        target = (node.attributes.get("href") or "").strip()
        shown = (node.text_content or "").strip() if not node.child else " ".join((node.text() or "").split())
        if len(target) > MAX_LINK or not shown:
            return
        if target.lower().startswith("mailto:"):
            address = unquote(target[7:].partition("?")[0])
            if "@" in address and "@" not in shown:
                self._line.append(f" <{address}>")
        elif target.lower().startswith(("http://", "https://", "ftp://")) and not _same_address(target, shown):
            self._line.append(f" <{target}>")


def _same_address(target: str, shown: str) -> bool:
    def bare(text: str) -> str:
        text = text.strip().rstrip("/").lower()
        for prefix in ("https://", "http://", "www."):
            text = text.removeprefix(prefix)
        return text

    return bare(target) == bare(shown) or (bare(shown) in bare(target) and "." in shown and " " not in shown)


def _events(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node on entering (True) and every element on leaving (False), without recursion."""
    node = root
    while True:
        skipped = node.tag in _DROPPED or (node.tag != "-text" and _is_hidden(node))
        if not skipped:
            yield node, True
        child = node.child if not skipped and node.tag != "-text" else None
        if child is not None:
            node = child
            continue
        if not skipped and node.tag != "-text":
            yield node, False
        while node.next is None or node.mem_id == root.mem_id:
            if node.mem_id == root.mem_id:
                return
            parent = node.parent
            if parent is None:
                return
            node = parent
            yield node, False
            if node.mem_id == root.mem_id:
                return
        node = node.next


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style) and _HIDDEN.search((style or "").lower()[:1_000]) is not None
