"""The containers in which mail clients wrap quotes, signatures and the heads of quotes."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from gateway.inbound.reading import quote_headers

_QUOTE_CLASSES = frozenset(
    {"gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "zmail_extra", "moz-cite-prefix"}
    | {
        "gmail_extra_quote",
        "wordsection1_quote",
        "tutanota_quote",
        "front-blockquote",
        "freebirdformviewerviewemailbody",
    }
    | {
        "ydpyahoo_quoted",
        "missive_quote",
        "mailspring-quote",
        "hs_reply",
        "hse-reply",
        "quoted-text",
        "gmail_attr_quote",
    }
    | {
        "outlookmessageheader",
        "moz-email-headers-table-quote",
        "sh-quoted-content",
        "bloop_original_html",
        "wps_quotion",
    }
    | {"ntes_not_fresh_mail", "zm_quote", "skiff-mail-quote", "hubspot-quote", "intercom_reply_quote", "tutanota_quote"}
)
_QUOTE_IDS = frozenset(
    {
        "yahoo_quoted",
        "olk_src_body_section",
        "appendonsend_quote",
        "isforwardcontent",
        "isreplycontent",
        "reply139content",
    }
    | {"origbody", "originalmessage", "mailcontentoriginal", "replysplit", "mailboxreplyquote", "zmrteorig"}
)
_TAIL_IDS = frozenset(
    {"divrplyfwdmsg", "appendonsend", "stopspelling", "replyheaderdiv", "zwchr", "divtagdefaultwrapper_quote"}
    | {"ms-outlook-mobile-body-separator-line", "mail-editor-reference-message-container", "previousmessages"}
)
_SIGNATURE_CLASSES = frozenset(
    {
        "gmail_signature",
        "moz-signature",
        "protonmail_signature_block",
        "applemailsignature",
        "zmail_signature",
        "yahoo_signature",
    }
    | {
        "front-signature",
        "missive_signature",
        "ydpsignature",
        "mailspring-signature",
        "hs_signature",
        "tutanota_signature",
    }
)
_SIGNATURE_IDS = frozenset(
    {
        "applemailsignature",
        "signature",
        "ms-outlook-mobile-signature",
        "zmail_signature",
        "lineofsignature",
        "moz-signature",
    }
    | {"composer_signature", "signature-section", "gmail_signature"}
)


_QUOTE_NAMES = frozenset({"quote", "messagereplysection", "replysection"})
_SIGNATURE_NAMES = frozenset({"messagesignaturesection"})


def _classes(node: LexborNode) -> list[str]:
    return (node.attributes.get("class") or "").lower().split()


def _id(node: LexborNode) -> str:
    """Without the prefixes that web mailers put before every id and class of foreign mail (x_, m_-123)."""
    return (node.attributes.get("id") or "").lower().removeprefix("x_").removeprefix("x_")


def is_quote(node: LexborNode, *, mark: bool) -> bool:
    """A quoted passage: a ``blockquote`` that is no indentation; with ``mark``, any client's container of one."""
    tag = node.tag
    if tag == "blockquote":
        return not _is_indentation(node)
    if not mark or tag in ("-text", "body", "html"):
        return False
    names = [name.removeprefix("x_") for name in _classes(node)]
    named = (node.attributes.get("name") or "").lower() in _QUOTE_NAMES and tag == "div"
    if named or any(name in _QUOTE_CLASSES for name in names) or _id(node) in _QUOTE_IDS:
        return not _is_forward(node)
    return tag == "div" and _has_quote_bar(node)


def is_certain(node: LexborNode) -> bool:
    """Whether the quote is one for sure, and not a passage that merely looks like one."""
    return node.tag != "blockquote" and not _has_quote_bar(node)


def _has_quote_bar(node: LexborNode) -> bool:
    """A thin line at the left and space beside it."""
    style = (node.attributes.get("style") or "").lower().replace(" ", "")
    return "border-left:" in style and "solid" in style and "padding" in style and "border-right" not in style


def _is_indentation(node: LexborNode) -> bool:
    style = (node.attributes.get("style") or "").lower().replace(" ", "")
    if node.attributes.get("type") == "cite" or "gmail_quote" in _classes(node):
        return False
    return "border:none" in style or "border:medium" in style or "margin:00040px" in style


def _is_forward(node: LexborNode) -> bool:
    head = (node.text(deep=True) or "")[:200].strip()
    first = head.split("\n", 1)[0]
    return any(quote_headers.separator(part) == "forward" for part in (first, first[:60].rpartition("-")[0] + "-"))


def begins_tail(node: LexborNode) -> bool:
    """Whether everything from this element on is quoted: separators that Outlook, Zimbra and others write."""
    if node.tag in ("-text", "body", "html"):
        return False
    if _id(node) in _TAIL_IDS:
        return not _is_forward(node)
    return _is_outlook_border(node)


def _is_outlook_border(node: LexborNode) -> bool:
    """Outlook draws the line above the quoted header as the top border of an otherwise borderless div."""
    if node.tag != "div":
        return False
    style = (node.attributes.get("style") or "").lower().replace(" ", "")
    if "border-top:solid" not in style or "border:none" not in style:
        return False
    head = (node.text(deep=True, separator=" ") or "")[:300]
    return ":" in head


def is_signature(node: LexborNode) -> bool:
    if node.tag in ("-text", "body", "html"):
        return False
    if (node.attributes.get("name") or "").lower() in _SIGNATURE_NAMES or _id(node) in _SIGNATURE_IDS:
        return True
    return any(name.removeprefix("x_") in _SIGNATURE_CLASSES for name in _classes(node))


def is_tight(node: LexborNode) -> bool:
    """Paragraphs without a margin: Word writes every line as one."""
    if node.tag != "p":
        return node.tag == "table"
    if any(name.startswith("mso") for name in _classes(node)):
        return True
    style = (node.attributes.get("style") or "").lower().replace(" ", "")
    return "margin:0" in style or "margin-bottom:0" in style


def is_hidden_image(node: LexborNode) -> bool:
    """A counting pixel."""
    return (node.attributes.get("width") or "").strip() in ("0", "1") or (node.attributes.get("height") or "") in (
        "0",
        "1",
    )
