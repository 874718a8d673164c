"""Walks a parsed page without recursion and writes its lines, remembering which node wrote which."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from gateway.inbound.reading import html_quotes
from gateway.inbound.reading.html_limits import BLOCKS, PARAGRAPHS
from gateway.inbound.reading.html_quotes import Attributes, Mark

MAX_LINK = 300
"""Characters of an address that is shown behind its text."""
_MAX_PREFORMATTED = 5_000
"""Lines of a preformatted text that are told apart; the rest stays with the last."""
_MAX_ALT = 200

_DROPPED = frozenset(
    {"script", "style", "head", "title", "meta", "link", "template", "noscript", "object", "iframe", "svg", "select"}
    | {"-comment", "!doctype", "xml", "o:shapedefaults", "o:shapelayout", "textarea", "button", "audio", "video", "map"}
)
_HIDDEN = re.compile(
    r"display\s?:\s?none|visibility\s?:\s?hidden|mso-hide\s?:\s?all|"
    r"font-size\s?:\s?0(?:px|pt|em|%)?\s?(?:;|!|$)|max-height\s?:\s?0(?:px)?\s?(?:;|!|$)"
)


@dataclass(slots=True)
class Leaf:
    """A node that wrote something, and the first and last line that it wrote to."""

    node: LexborNode
    first: int = -1
    last: int = -1


@dataclass(slots=True)
class Page:
    """A rendered body: its lines, the leaves that wrote them, and which lines a client marked as what."""

    lines: list[str] = field(default_factory=list)
    signature_lines: set[int] = field(default_factory=set)
    quote_lines: set[int] = field(default_factory=set)
    leaves: list[Leaf] = field(default_factory=list)


class _Frame(NamedTuple):
    """An open element."""

    node: LexborNode
    tag: str
    mark: Mark
    loose: bool
    href: str


def walk(root: LexborNode | None, *, mark_quotes: bool) -> Page:
    """The lines of a page. With ``mark_quotes`` everything in a client's quote container is a ``> `` line too."""
    return _Walk(mark_quotes).page(root)


class _Walk:
    def __init__(self, mark_quotes: bool) -> None:
        self._mark = mark_quotes
        self._page = Page()
        self._line: list[str] = []
        self._writing: list[Leaf] = []
        self._space = self._gap = False
        self._depth = self._tail = self._certain = self._signature = self._pre = self._last_depth = 0
        self._lists: list[int] = []
        self._cells: list[int] = []

    def page(self, root: LexborNode | None) -> Page:
        open_frames: list[_Frame] = []
        node = root
        while node is not None:
            frame = self._enter(node)
            child = node.child if frame is not None else None
            if frame is not None and child is not None:
                open_frames.append(frame)
                node = child
                continue
            if frame is not None:
                self._leave(frame)
            node = self._following(node, open_frames) if open_frames else None
        self._break()
        return self._page

    def _following(self, node: LexborNode, open_frames: list[_Frame]) -> LexborNode | None:
        """The next node in document order, leaving the elements that end."""
        following = node.next
        while following is None:
            frame = open_frames.pop()
            self._leave(frame)
            if not open_frames:
                return None
            following = frame.node.next
        return following

    def _enter(self, node: LexborNode) -> _Frame | None:
        """Writes a leaf, or opens an element; None where nothing is to be entered."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node)
        elif tag == "br":
            self._leaf(node)
            self._end_line()
        elif tag not in _DROPPED:
            attributes = node.attributes
            if not (attributes and _is_hidden(attributes)):
                return self._open(node, tag, attributes)
        return None

    def _open(self, node: LexborNode, tag: str, attributes: Attributes) -> _Frame | None:
        if tag == "img":
            self._image(node, attributes)
            return None
        if tag in BLOCKS:
            self._break()
        mark = self._look(node, tag, attributes)
        loose = tag in PARAGRAPHS and not html_quotes.is_tight(tag, attributes)
        self._gap = self._gap or loose
        self._open_special(node, tag)
        return _Frame(node, tag, mark, loose, (attributes.get("href") or "").strip() if tag == "a" else "")

    def _look(self, node: LexborNode, tag: str, attributes: Attributes) -> Mark:
        """What the element means, and its effect on the lines to come."""
        if not self._mark:
            mark = Mark.QUOTE if html_quotes.is_quote(tag, attributes) else Mark.NONE
        else:
            mark = html_quotes.look(node, tag, attributes) if attributes or tag == "blockquote" else Mark.NONE
        if mark:
            self._break()
            self._depth += Mark.QUOTE in mark
            self._certain += Mark.CERTAIN in mark
            self._signature += Mark.SIGNATURE in mark
            self._tail = self._tail or int(Mark.TAIL in mark)
        return mark

    def _open_special(self, node: LexborNode, tag: str) -> None:
        if tag == "hr":
            self._leaf(node)
            self._write("---")
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

    def _leave(self, frame: _Frame) -> None:
        tag = frame.tag
        if frame.href:
            self._link(frame)
        if tag in BLOCKS:
            self._break()
        self._gap = self._gap or frame.loose
        if frame.mark:
            self._break()
            self._depth -= Mark.QUOTE in frame.mark
            self._certain -= Mark.CERTAIN in frame.mark
            self._signature -= Mark.SIGNATURE in frame.mark
        if tag == "pre":
            self._pre -= 1
        elif tag in ("ul", "ol"):
            self._lists.pop()
        elif tag == "tr":
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
        if "\u00a0" in text or "\u00ad" in text:
            parts = text.replace("\u00ad", "").split("\u00a0")
            shown = " ".join(" ".join(part.split()) for part in parts).strip()
        else:
            shown = " ".join(text.split())
        if text[0].isspace():
            self._space = True
        if shown:
            self._write(shown)
        if text[-1].isspace():
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
        if self._line and any(part.strip() for part in self._line):
            self._end_line()
        elif self._writing and self._page.lines:
            self._settle()
        self._line.clear()
        self._space = False

    def _end_line(self) -> None:
        text = "".join(self._line).rstrip()
        self._line.clear()
        self._space = False
        depth, lines = self._depth + self._tail, self._page.lines
        if text:
            if self._gap and lines and lines[-1].strip("> "):
                self._put("", min(self._last_depth, depth))
            self._gap = False
        self._put(text, depth)
        self._last_depth = depth
        self._settle()

    def _settle(self) -> None:
        """What was written since the last line end stands on the last line."""
        at = len(self._page.lines) - 1
        for leaf in self._writing:
            leaf.last = at
            if leaf.first < 0:
                leaf.first = at
        self._writing.clear()

    def _put(self, text: str, depth: int) -> None:
        page, lines = self._page, self._page.lines
        if not text and len(lines) > 1 and not lines[-1].strip("> ") and not lines[-2].strip("> "):
            return
        if self._certain or self._tail:
            page.quote_lines.add(len(lines))
        if self._signature and not depth:
            page.signature_lines.add(len(lines))
        lines.append(("> " * depth + text).rstrip() if depth else text)

    def _image(self, node: LexborNode, attributes: Attributes) -> None:
        self._leaf(node)
        alt = " ".join((attributes.get("alt") or "").split())[:_MAX_ALT]
        if alt and not html_quotes.is_hidden_image(attributes):
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
        if not self._cells:
            return
        self._cells[-1] += 1
        if self._cells[-1] > 1 and any(part.strip() for part in self._line):
            tail = "".join(self._line).rstrip()
            self._space = False
            self._line.append(" " if tail.endswith((":", "：", "|")) else " | ")

    def _link(self, frame: _Frame) -> None:
        shown = " ".join((frame.node.text() or "").split())
        target = frame.href
        if not shown or len(target) > MAX_LINK:
            return
        if target[:7].lower() == "mailto:":
            address = unquote(target[7:].partition("?")[0])
            if "@" in address and "@" not in shown:
                self._line.append(f" <{address}>")
        elif target.lower().startswith(("http://", "https://", "ftp://")) and not _same_address(target, shown):
            self._line.append(f" <{target}>")


def _same_address(target: str, shown: str) -> bool:
    wanted, found = _bare_address(target), _bare_address(shown)
    return wanted == found or (found in wanted and "." in shown and " " not in shown)


def _bare_address(text: str) -> str:
    text = text.strip().rstrip("/").lower()
    for prefix in ("https://", "http://", "www."):
        text = text.removeprefix(prefix)
    return text


def _is_hidden(attributes: Attributes) -> bool:
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return style is not None and _HIDDEN.search(style.lower()[:1_000]) is not None
