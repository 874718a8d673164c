"""The mail inside a forward: its true author, subject, date and text.

An attached message counts first, then a block in the text, whose head clients write in many ways: between drawn
lines, as a header block alone, all on one line, or as an attribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.inbound.reading import attributions, dates, mailboxes, phrases, quote_headers, running_labels
from gateway.inbound.reading import html as markup
from gateway.inbound.reading.lines import depth, is_blank, label, unquote
from gateway.inbound.reading.phrases import key
from gateway.inbound.reading.reply import is_forward_subject, is_reply_subject
from gateway.inbound.reading.source import Part
from gateway.mail import Forwarded

_MAX_LINES = 2_500
_MAX_WEIGHED = 150
"""Lines that are weighed as heads of a forward, which costs most."""
_MAX_GAP = 8
"""Lines between the marker and the header block."""


def find(*, text: str, html: str, subject: str, root: Part) -> Forwarded | None:
    """The forwarded mail, or None. ``sender.address`` is "" where the client wrote only a name."""
    attached = _attached(root)
    if attached is not None:
        return attached
    plain = inline(text, subject) if text.strip() else None
    if (plain is not None and plain.sender.address) or not html.strip():
        return plain
    # The HTML may hold the address behind a name, or the line ends that the client's text lost.
    rich = inline(markup.to_text(html), subject)
    return rich if rich is not None and (plain is None or rich.sender.address) else plain


def inline(text: str, subject: str) -> Forwarded | None:
    """The forwarded mail in a plain text, or None."""
    lines = text.replace("\ufeff", "").split("\n", _MAX_LINES)
    head = _find_head(lines, subject)
    if head is None:
        return None
    sender = mailboxes.parse(head.values.get("from", ""))
    if sender is None:
        return None
    body = _body(lines[head.end :], head.levels)
    inner = head.values.get("subject", "") or _bare_subject(subject)
    return Forwarded(sender, " ".join(inner.split()), dates.parse(head.values.get("date", "")), _joined(body))


def _body(lines: Sequence[str], levels: int) -> list[str]:
    """The forwarded text. Where it is quoted, what stands below the last quoted line is the forwarder's."""
    if levels:
        last = max((at for at, line in enumerate(lines) if depth(line)), default=-1)
        lines = lines[: last + 1]
    return [unquote(line, levels) for line in lines]


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a forwarded mail: the line after it, how deep it is quoted, its fields."""

    end: int
    levels: int
    values: dict[str, str]


def _find_head(lines: Sequence[str], subject: str) -> _Head | None:
    quoted_before, weighed = False, 0
    is_reply = is_reply_subject(subject)
    for at, line in enumerate(lines[:_MAX_LINES]):
        level = depth(line)
        bare = unquote(line, min(level, 1))
        if level > 1 or is_blank(bare) or (level and quoted_before and is_reply):
            continue
        kind = quote_headers.separator(bare)
        head = _after_marker(lines, at + 1) if kind == "forward" else None
        head = head or _on_one_line(line, at)
        may_be_head = kind is not None or label(bare) is not None or attributions.may_close(bare)
        if head is None and may_be_head:
            head = _unmarked(lines, at, level, subject)
        if head is not None:
            return head
        weighed += may_be_head
        if weighed > _MAX_WEIGHED or (is_reply and may_be_head and _begins_reply(lines, at, kind)):
            return None
        quoted_before = quoted_before or bool(level)
    return None


def _after_marker(lines: Sequence[str], start: int) -> _Head | None:
    for at in range(start, min(len(lines), start + _MAX_GAP)):
        if is_blank(lines[at].strip(" >")):
            continue
        return _block(lines, at, depth(lines[at]))
    return None


def _block(lines: Sequence[str], at: int, level: int) -> _Head | None:
    window = [unquote(line, level) for line in lines[at : at + 60]]
    block = quote_headers.header_block(window, 0)
    if block is None or "from" not in block.values:
        return None
    end = at + block.end
    if not level:
        return _Head(end, _body_level(lines, end), block.values)
    return _Head(end, level, block.values)


def _body_level(lines: Sequence[str], start: int) -> int:
    """One where the client wrote the fields plain and quoted the text below them."""
    following = [line for line in lines[start : start + 40] if not is_blank(line)]
    return 1 if following and depth(following[0]) else 0


def _unmarked(lines: Sequence[str], at: int, level: int, subject: str) -> _Head | None:
    """A header block or an attribution alone makes a forward only if the subject says so."""
    if is_reply_subject(subject):
        return None
    head = _block(lines, at, level)
    if head is not None:
        return head if is_forward_subject(subject) or _repeats(subject, head.values.get("subject", "")) else None
    if level or not is_forward_subject(subject) or not attributions.may_close(lines[at]):
        return None
    start = attributions.start_of(lines, at)
    following = next((line for line in lines[at + 1 : at + 12] if not is_blank(line)), "")
    if start is None or not following or depth(following):
        return None
    return _from_attribution(" ".join(line.strip() for line in lines[start : at + 1]), at + 1)


def _repeats(subject: str, inner: str) -> bool:
    """The outer subject is the inner one behind a prefix that no table knows."""
    outer, within = key(subject), key(inner)
    return bool(within) and outer.endswith(within) and outer != within and outer[: -len(within)].rstrip().endswith(":")


def _from_attribution(text: str, end: int) -> _Head | None:
    span = mailboxes.find_address(text)
    if span is None:
        return None
    name = _name_before(text[: span[0]])
    rest = text[: span[0] - len(name)] + " " + text[span[1] :]
    return _Head(end, 0, {"from": f"{name} <{text[span[0] : span[1]]}>", "date": rest.strip(' <>"«»“”„():-')})


def _name_before(text: str) -> str:
    """The name in front of an address: what is quoted, or the words behind date and verb."""
    bare = text.rstrip(" <([")
    for opening, closing in ('""', "“”", "„”", "«»", "''", "„“"):
        if bare.endswith(closing) and (at := bare.rfind(opening, 0, len(bare) - 1)) >= 0:
            return bare[at + 1 : -1].strip()
    words: list[str] = []
    for word in reversed(bare.split()):
        folded = key(word).strip(",.:()")
        if (
            any(char.isdigit() for char in word)
            or folded in phrases.WROTE
            or folded in _FILLERS
            or word.endswith((",", ":"))
        ):
            break
        words.append(word)
    return " ".join(reversed(words))


_FILLERS = frozenset(
    {
        "użytkownik",
        "пользователь",
        "používateľ",
        "uživatel",
        "időpontban",
        "korisnik",
        "heeft",
        "от",
        "at",
        "from",
        "um",
        "à",
        "en",
        "pm",
        "am",
    }
)


def _on_one_line(line: str, at: int) -> _Head | None:
    """``----- Forwarded Message ----- From: …To: …Sent: …Subject: …``: Yahoo's text of its own HTML."""
    head = line[:_MAX_ONE_LINE]
    opening = head.find("-----")
    if opening < 0:
        return None
    closing = head.find("-----", opening + 6)
    if closing < 0 or quote_headers.separator(head[: closing + 5]) != "forward":
        return None
    rest = head[closing:].lstrip("- ")
    values = running_labels.fields(rest)
    return _Head(at + 1, 0, values) if "from" in values else None


_MAX_ONE_LINE = 3_000


def _begins_reply(lines: Sequence[str], at: int, kind: str | None) -> bool:
    if kind == "original" or quote_headers.header_block(lines, at) is not None:
        return True
    return attributions.may_close(lines[at]) and attributions.start_of(lines, at) is not None


def _bare_subject(subject: str) -> str:
    """The subject without its forwarding prefixes."""
    rest = subject.strip()
    while is_forward_subject(rest) and ":" in rest.replace("：", ":"):
        rest = rest.replace("：", ":").partition(":")[2].strip()
    return rest


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n \ufeff\u00a0")


def _attached(root: Part) -> Forwarded | None:
    """The first attached message. Reports and digests carry mail, too, but nobody forwarded it."""
    if any(part.content_type in ("multipart/report", "multipart/digest") for part in root.walk()):
        return None
    for part in root.walk():
        if part is root or part.content_type not in ("message/rfc822", "message/global") or not part.children:
            continue
        return _of_message(part.children[0])
    return None


def _of_message(message: Part) -> Forwarded | None:
    sender = mailboxes.parse(message.first("from"))
    if sender is None:
        return None
    identifier = message.first("message-id").strip().strip("<>")
    text = next((leaf.text for leaf in message.walk() if leaf.content_type == "text/plain" and leaf.text), None)
    if text is None:
        rich = next((leaf.text for leaf in message.walk() if leaf.content_type == "text/html" and leaf.text), "")
        text = markup.to_text(rich) if rich else ""
    moment = dates.parse(message.first("date"))
    return Forwarded(sender, message.first("subject").strip(), moment, text.strip("\n"), identifier)
