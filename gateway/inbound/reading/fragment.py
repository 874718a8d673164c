"""Cleans the HTML of a new text: what is hidden goes, and so do the empty shells of a quote that was taken out."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

_HIDDEN = (
    "display:none",
    "visibility:hidden",
    "max-height:0",
    "opacity:0",
    "mso-hide:all",
    "font-size:0",
    "font-size:1px",
)
_SHELLS = "blockquote, table, style, script, title, meta, link"
_KEPT = "img, hr"
_MOST_ROUNDS = 50


def clean(html: str) -> str:
    """``html`` is a fragment that ``html.new_fragment`` made: bounded in size and nesting. Not sanitised."""
    tree = LexborHTMLParser(html)
    body = tree.body
    if body is None:
        return ""
    for node in body.css("[style], [hidden]"):
        if _is_hidden(node):
            node.decompose()
    for node in body.css(_SHELLS):
        if node.tag in {"style", "script", "title", "meta", "link"} or _is_empty(node):
            node.decompose()
    _cut_tail(body)
    return (body.inner_html or "").strip()


def _is_hidden(node: LexborNode) -> bool:
    if "hidden" in node.attributes:
        return True
    style = "".join((node.attributes.get("style") or "").lower().split()).replace(":0px", ":0").replace(":0;", ":0")
    return any(mark in style for mark in _HIDDEN)


def _is_empty(node: LexborNode) -> bool:
    return not node.text(deep=True).strip() and node.css_first(_KEPT) is None


def _cut_tail(body: LexborNode) -> None:
    """Empty blocks and line breaks at the end, which a quote has left behind."""
    for _ in range(_MOST_ROUNDS):
        last = body.last_child
        if last is None or last.tag == "hr" or last.css_first(_KEPT) is not None or last.tag == "img":
            return
        if last.text(deep=True).strip():
            return
        last.decompose()
