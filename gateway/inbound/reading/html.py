"""HTML bodies as text, and as the fragment that is new.

Parsed with lexbor within the limits of ``html_limits``; what exceeds them goes to a linear stripper of tags.
"""

from __future__ import annotations

from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.inbound.reading import html_limits
from gateway.inbound.reading.html_walk import Page, walk
from gateway.inbound.reading.layout import Role, roles


@lru_cache(maxsize=2)
def to_text(html: str) -> str:
    """The whole text of an HTML body: quotes as ``> `` lines, list items with dashes, table cells on one line.

    The last pages are remembered, since several judges ask for the same.
    """
    return "\n".join(render(html, mark_quotes=False).lines).strip("\n")


def render(html: str, *, mark_quotes: bool) -> Page:
    """Renders a body. With ``mark_quotes`` everything in a client's quote container is a ``> `` line too."""
    html = html_limits.bounded(html)
    if not html_limits.is_parseable(html):
        return Page(html_limits.strip(html).split("\n"))
    return walk(LexborHTMLParser(html).body, mark_quotes=mark_quotes)


def new_fragment(html: str) -> str:
    """The HTML of the author's own words: every quote, attribution and signature taken out. Not sanitised.

    Images of the new text stay. Strict, since an agent's fragment goes to a client: quotes go even where answers
    stand between their lines. Empty where nothing can be told from the quote or the body is too tangled.
    """
    html = html_limits.bounded(html)
    if not html_limits.is_parseable(html):
        return ""
    tree = LexborHTMLParser(html)
    page = walk(tree.body, mark_quotes=True)
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
    for _ in range(html_limits.MAX_DEPTH):
        if node is None or node.tag in ("body", "html") or node.child is not None:
            return
        parent = node.parent
        node.decompose()
        node = parent
