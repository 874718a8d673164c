"""The containers in which mail clients wrap quotes, signatures and the heads of quotes."""

from __future__ import annotations

from enum import IntFlag
from typing import TypeAlias

from selectolax.lexbor import LexborNode

from gateway.inbound.reading import quote_headers

Attributes: TypeAlias = "dict[str, str | None]"

_QUOTE_CLASSES = frozenset(
    {"gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "zmail_extra", "moz-cite-prefix"}
    | {"outlookmessageheader", "tutanota_quote", "front-blockquote", "bloop_original_html", "hs_reply", "nylas-quote"}
    | {"ms-outlook-mobile-reference-message", "ntes-mailmaster-quote", "missive_quote", "mailspring-quote"}
)
_QUOTE_IDS = frozenset({"olk_src_body_section", "isforwardcontent", "isreplycontent", "reply139content"})
_QUOTE_NAMES = frozenset({"quote", "messagereplysection"})
_TAIL_IDS = frozenset(
    {"divrplyfwdmsg", "appendonsend", "stopspelling", "zwchr"}
    | {"ms-outlook-mobile-body-separator-line", "mail-editor-reference-message-container"}
)
_SIGNATURE_CLASSES = frozenset(
    {"gmail_signature", "gmail_signature_prefix", "moz-signature", "protonmail_signature_block", "front-signature"}
    | {"mailspring-signature", "missive_signature", "tutanota_signature", "applemailsignature"}
)
_SIGNATURE_IDS = frozenset(
    {"applemailsignature", "signature", "ms-outlook-mobile-signature", "composer_signature", "zm-_id_-sgn"}
)
_SIGNATURE_NAMES = frozenset({"messagesignaturesection"})


class Mark(IntFlag):
    """What an element means for the text that stands in it."""

    NONE = 0
    QUOTE = 1
    CERTAIN = 2
    """With QUOTE: a client's own container, and not a passage that merely looks like a quote."""
    TAIL = 4
    """All that follows is quoted, inside the element and behind it."""
    SIGNATURE = 8


def look(node: LexborNode, tag: str, attributes: Attributes) -> Mark:
    """What a client meant by the element."""
    if tag in ("body", "html"):
        return Mark.NONE
    names, style = _names(attributes), _style(attributes)
    if "#" in names:
        found = _named(node, names)
        if found is not Mark.NONE:
            return found
    if tag == "blockquote":
        return Mark.NONE if _is_indentation(attributes, names, style) else Mark.QUOTE
    if tag == "div" and style:
        return _styled(node, style)
    return Mark.NONE


def is_quote(tag: str, attributes: Attributes) -> bool:
    """A ``blockquote`` that is no mere indentation."""
    return tag == "blockquote" and not _is_indentation(attributes, _names(attributes), _style(attributes))


def _names(attributes: Attributes) -> str:
    """Classes as ``.a``, the id as ``#b``, the name as ``@c``, in one text; ``#`` is there if any of them is.

    Without the ``x_`` that web mailers put before the names in foreign mail.
    """
    named = [
        f"{mark}{name.removeprefix('x_').removeprefix('x_')}"
        for key, mark in (("class", "."), ("id", "#"), ("name", "@"))
        for name in (attributes.get(key) or "").lower().split()
    ]
    return " ".join([*named, "#"]) if named else ""


def _named(node: LexborNode, names: str) -> Mark:
    found = names.split()
    classes = {name[1:] for name in found if name[0] == "."}
    ids = {name[1:] for name in found if name[0] == "#"}
    if classes & _SIGNATURE_CLASSES or ids & _SIGNATURE_IDS or _has(found, _SIGNATURE_NAMES):
        return Mark.SIGNATURE
    if ids & _TAIL_IDS:
        return Mark.NONE if _is_forward(node) else Mark.TAIL
    is_named = classes & _QUOTE_CLASSES or ids & _QUOTE_IDS or _has(found, _QUOTE_NAMES) or "yahoo_quoted" in names
    if not is_named or _is_forward(node):
        return Mark.NONE
    return Mark.QUOTE if node.tag == "blockquote" else Mark.QUOTE | Mark.CERTAIN


def _has(found: list[str], wanted: frozenset[str]) -> bool:
    return any(name[0] == "@" and name[1:] in wanted for name in found)


def _style(attributes: Attributes) -> str:
    return (attributes.get("style") or "").lower().replace(" ", "")


def _styled(node: LexborNode, style: str) -> Mark:
    """A thin line at the left with space beside it; or Outlook's line above the head of the quote."""
    if "border-left:" in style and "solid" in style and "padding" in style and "border-right" not in style:
        return Mark.QUOTE
    if "border-top:solid" in style and "border:none" in style and ":" in (node.text(separator=" ") or "")[:300]:
        return Mark.TAIL
    return Mark.NONE


def _is_indentation(attributes: Attributes, names: str, style: str) -> bool:
    if attributes.get("type") == "cite" or ".gmail_quote" in names:
        return False
    return "border:none" in style or "border:medium" in style or "margin:00040px" in style


def _is_forward(node: LexborNode) -> bool:
    """Gmail and others wrap a forward like a quote; its first line tells."""
    head = (node.text(deep=True) or "")[:200].strip()
    first = head.split("\n", 1)[0]
    return any(quote_headers.separator(part) == "forward" for part in (first, first[:60].rpartition("-")[0] + "-"))


def is_tight(tag: str, attributes: Attributes) -> bool:
    """Paragraphs without a margin: Word writes every line as one."""
    if tag != "p":
        return tag == "table"
    if any(name.startswith("mso") for name in (attributes.get("class") or "").lower().split()):
        return True
    style = _style(attributes)
    return "margin:0" in style or "margin-bottom:0" in style


def is_hidden_image(attributes: Attributes) -> bool:
    """A counting pixel."""
    return attributes.get("width") in ("0", "1") or attributes.get("height") in ("0", "1")
