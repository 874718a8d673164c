"""Text and foreign HTML made safe to show. ``SafeHtml`` is the only type that a template does not escape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from urllib.parse import unquote

import nh3

from gateway.outbound.phrasing import LONGEST_TEXT, printable
from gateway.outbound.tidy import BLOCKS, CUT, FORMATTING, VOID, Attributes, attribute_text, tidy, words

MAX_QUOTE_DEPTH = 3
WIDEST = 600
"""Pixels: the width of our own page."""

_PARAGRAPH = "margin:0 0 14px 0"
_QUOTE = "margin:0 0 14px 0;padding:0 0 0 12px;border-left:3px solid #c4cad1;color:#57606a"
_IMAGE = "max-width:100%;height:auto;border:0"
_NUMBERS = words("width height border cellpadding cellspacing colspan rowspan start")
_OWN_STYLES = {"blockquote": _QUOTE, "img": _IMAGE}
_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_STYLES = words(
    "background-color border-collapse color font-style font-weight list-style-type text-align text-decoration "
    "vertical-align"
)
_TAGS = set(FORMATTING | BLOCKS | VOID)
_BOX = {"align", "bgcolor", "dir", "style", "valign", "width"}
_ATTRIBUTES: Mapping[str, set[str]] = {
    "*": {"dir", "lang", "style"},
    "a": {"href", "title"},
    "font": {"color"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start", "type"},
    "p": {"align"},
    "div": {"align"},
    "table": {"border", "cellpadding", "cellspacing", *_BOX},
    "td": {"colspan", "rowspan", "height", *_BOX},
    "th": {"colspan", "rowspan", "height", *_BOX},
    "tr": _BOX,
}
_BLACK = frozenset(("black", "windowtext", "#000", "#000000", "rgb(0,0,0)", "rgb(0, 0, 0)"))
_STYLE_VALUE = re.compile(r"[a-zA-Z0-9#%., -]{1,40}|rgb\([0-9%., ]{1,30}\)")
_URL = re.compile(r"https?://[^\s<>\"\u0000-\u001f]{1,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """A fragment that may stand in a page as it is. Made by ``sanitise`` and ``text_to_html`` alone."""

    html: str

    def __html__(self) -> str:
        return self.html


def sanitise(html: str, *, known_cids: frozenset[str], rename: Mapping[str, str] | None = None) -> SafeHtml:
    """Foreign HTML without script, forms, remote images, classes or layout tricks.

    Images survive where ``known_cids`` holds their Content-ID (RFC 2392; no brackets), and point to
    ``rename``'s id for it. Links keep http, https, mailto and tel. Size, number of tags and nesting are
    bounded first, in linear time; what goes beyond loses its markup and, past the size limit, is cut.
    """
    renamed = rename or {}

    def image(attributes: Attributes) -> str:
        if _cid(attributes.get("src", "")) in known_cids:
            return f"<img{attribute_text(attributes)}>"
        alt = attributes.get("alt", "").replace("<", "&lt;").replace(">", "&gt;").strip()
        return f"[{alt}]" if alt else ""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            cid = _cid(value)
            return f"cid:{renamed.get(cid, cid)}" if cid in known_cids else None
        return _OWN_STYLES.get(tag) if name == "style" and tag in _OWN_STYLES else _attribute(name, value)

    cleaned = nh3.clean(
        tidy(printable(html), image),
        tags=_TAGS,
        attributes=dict(_ATTRIBUTES),
        attribute_filter=attribute,
        set_tag_attribute_values={tag: {"style": style} for tag, style in _OWN_STYLES.items()},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    return SafeHtml(cleaned)


def _cid(url: str) -> str:
    scheme, colon, rest = url.strip().partition(":")
    return unquote(rest) if colon and scheme.lower() == "cid" else ""


def _attribute(name: str, value: str) -> str | None:
    if name == "href":
        return value if value.strip().lower().startswith(_SCHEMES) else None
    if name == "style":
        return _style(value)
    if name in _NUMBERS:
        return value if _fits(value) else None
    return value


def _fits(value: str) -> bool:
    """A percentage, or pixels that do not stretch the page; a table that loses its width still shows."""
    number = value.removesuffix("%")
    return len(number) <= 4 and number.isascii() and number.isdecimal() and int(number) <= WIDEST


def _style(value: str) -> str | None:
    """Harmless declarations alone; black is left to the reader's own colours, which may be light on dark."""
    kept = []
    for declaration in value[:2000].split(";"):
        name, _, setting = (part.strip() for part in declaration.lower().partition(":"))
        black = name == "color" and setting in _BLACK
        if name in _STYLES and _STYLE_VALUE.fullmatch(setting) and not black:
            kept.append(f"{name}:{setting}")
    return ";".join(kept) or None


def text_to_html(text: str) -> SafeHtml:
    """Plain text as paragraphs: line ends kept, http(s) links live, "> " quotes indented. Linear time."""
    cut = len(text) > LONGEST_TEXT
    lines = printable(text[:LONGEST_TEXT]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if cut:
        lines += ["", CUT]
    return SafeHtml("".join(_blocks(lines, 0)))


def text_to_pre(text: str) -> SafeHtml:
    """Text whose columns matter, without <pre>: spaces that hold, and lines that may still wrap on a telephone."""
    lines = printable(text[:LONGEST_TEXT]).expandtabs(4).replace("\r\n", "\n").strip("\n").split("\n")
    return SafeHtml("<br>\n".join(escape(line).replace("  ", "&nbsp; ") for line in lines))


def _blocks(lines: Iterable[str], depth: int) -> Iterable[str]:
    for quoted, group in groupby(lines, key=lambda line: depth < MAX_QUOTE_DEPTH and line.lstrip().startswith(">")):
        if quoted:
            inner = "".join(_blocks([_unquote(line) for line in group], depth + 1))
            yield f'<blockquote style="{_QUOTE}">{inner}</blockquote>'
        else:
            yield from _paragraphs(group)


def _unquote(line: str) -> str:
    return line.lstrip()[1:].removeprefix(" ")


def _paragraphs(lines: Iterable[str]) -> Iterable[str]:
    for filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        if filled:
            yield f'<p style="{_PARAGRAPH}">' + "<br>\n".join(_line(line) for line in group) + "</p>\n"


def _line(line: str) -> str:
    body = line.expandtabs(4).rstrip()
    indent = min(len(body) - len(body.lstrip(" ")), 40)
    return "&nbsp;" * indent + _linked(body.lstrip(" "))


def _linked(text: str) -> str:
    out, at = [], 0
    for match in _URL.finditer(text):
        url = _trimmed(match[0])
        out.append(escape(text[at : match.start()]))
        out.append(f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{escape(url)}</a>')
        at = match.start() + len(url)
    return "".join(out) + escape(text[at:])


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it: a closing bracket stays only where one was opened."""
    url = url.rstrip(".,;:!?'*_")
    if url.endswith(")") and "(" not in url:
        url = url.rstrip(").,;:!?'")
    return url
