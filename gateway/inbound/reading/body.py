"""Which parts of a message are its text and which are its files (RFC 2046 section 5.1, RFC 2387)."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import unquote

from gateway.inbound.reading import calendar, charset, fields, flowed, html, naming, pgp, tnef, transfer
from gateway.inbound.reading.prescan import MAX_TEXT_BYTES, Budget
from gateway.inbound.reading.source import Part
from gateway.mail import Attachment

MAX_TEXT = 2 * 1024 * 1024
"""Characters of body text that are shown; a longer part is there as a file, too."""
_BODY_TYPES = frozenset(
    {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown"}
)
_CID = re.compile(r"\bcid:([^\s\"'<>()]{1,250})", re.IGNORECASE)
_COMPARED = 20_000
_FEW_WORDS = 3
_WORD = re.compile("[^\\W\\d_\u0e00-\u0e7f\u2e80-\U0001ffff]{3,30}|[\u0e00-\u0e7f\u2e80-\U0001ffff]")
"""Words, and single characters of the scripts that do not part words."""


class Rendered:
    """The text of an HTML part, made when somebody asks: next to plain text nobody does."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def text(self) -> str:
        return html.to_text(self.source)


@dataclass
class Body:
    """What was found on the way through the tree."""

    shown: list[str | Rendered] = field(default_factory=list)
    """What is shown, in order."""
    plain: list[str] = field(default_factory=list)
    """Of that the plain text, without the armour of a signature."""
    htmls: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def text(self) -> str:
        texts = (each.text if isinstance(each, Rendered) else each for each in self.shown)
        return "\n".join(t.strip("\n") for t in texts if t.strip())[:MAX_TEXT]

    @property
    def html(self) -> str:
        return "\n".join(self.htmls)


def collect(root: Part, budget: Budget) -> Body:
    """The body of a message: its text parts in order, and everything else as attachments."""
    collector = _Collector(budget)
    collector.part(root, root=True)
    collector.rescue(root)
    shown = _shown_ids(collector.body.html)
    collector.body.attachments = [
        replace(a, inline=True) if a.content_id in shown else a for a in naming.named(collector.body.attachments)
    ]
    return collector.body


def _shown_ids(source: str) -> set[str]:
    """Content-IDs that the HTML shows (RFC 2392): these parts belong to it, however they are disposed."""
    return {unquote(found) for found in _CID.findall(source)}


class _Collector:
    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.body = Body()

    def part(self, part: Part, *, root: bool = False, related: bool = False, alternative: bool = False) -> None:
        kind = part.content_type
        if part.children and kind.startswith("multipart/"):
            self._multipart(part)
        elif part.children and kind.startswith("application/"):
            self.attach(part)
            self.part(part.children[0], root=root)
        elif tnef.is_tnef(part.content):
            self._tnef(part)
        elif _is_body(part, lenient=root or alternative) and not (related and part.content_id):
            self._text(part)
        elif alternative and _is_other_wording(part):
            self.budget.defect(f"alternative not shown: {part.content_type}")
        elif not (root and not part.content.strip()):
            self.attach(part, related=related)

    def _multipart(self, part: Part) -> None:
        if part.content_type == "multipart/encrypted":
            self.budget.defect("encrypted with OpenPGP: cannot be read here")
        if part.content_type == "multipart/alternative":
            self._alternative(part)
        elif part.content_type == "multipart/related":
            self._related(part)
        else:
            for child in _without_resource_forks(part):
                self.part(child)

    def _alternative(self, part: Part) -> None:
        """Alternatives say the same (RFC 2046 section 5.1.4): one text is shown, the HTML is kept, files count."""
        readings = [self._alone(child) for child in part.children]
        for reading in readings:
            self.body.attachments.extend(reading.attachments)
        plain = _plain_of(readings)
        rich = next((r for r in reversed(readings) if r.htmls and (plain or r.text)), None)
        if rich is not None:
            self.body.htmls.extend(rich.htmls)
        if plain is not None and rich is not None and _disagree(plain, rich):
            self.budget.defect("the plain text and the HTML say different things: both are shown")
            self.body.shown.extend(plain.shown + rich.shown)
            if len(plain.text) >= len(rich.text):
                self.body.plain.extend(plain.plain)
        elif plain is not None:
            self.body.shown.extend(plain.shown)
            self.body.plain.extend(plain.plain)
        else:
            chosen = rich or next((r for r in readings if r.text), Body())
            self.body.shown.extend(chosen.shown)

    def _alone(self, part: Part) -> Body:
        single = _Collector(self.budget)
        single.part(part, alternative=True)
        return single.body

    def _related(self, part: Part) -> None:
        """The root of a related set (RFC 2387 section 3.2) is the body; the others belong to it."""
        start = part.parameters.get("start", "").strip("<> ")
        chosen = next((c for c in part.children if start and c.content_id == start), part.children[0])
        for child in part.children:
            self.part(child, related=child is not chosen)

    def _text(self, part: Part) -> None:
        text = part.text or ""
        if len(text) > MAX_TEXT or len(part.content) > MAX_TEXT_BYTES:
            self.budget.defect("text too long: cut, whole text attached")
            self.attach(part)
            text = text[:MAX_TEXT]
        if part.content_type == "text/html":
            self.body.htmls.append(text)
            self.body.shown.append(Rendered(text))
            return
        self._shown_plain(self._plain(part, text))

    def _shown_plain(self, text: str) -> None:
        if pgp.is_encrypted(text):
            self.budget.defect("encrypted with OpenPGP: cannot be read here")
        self.body.plain.append(pgp.unwrapped(text))
        self.body.shown.append(text)

    def _plain(self, part: Part, text: str) -> str:
        if part.parameters.get("format", "").lower() == "flowed":
            text = flowed.unflow(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
        if part.content_type in ("text/enriched", "text/richtext"):
            text = _enriched(text)
        return self._without_uuencode(text) if "begin" in text else text

    def _without_uuencode(self, text: str) -> str:
        files = transfer.uu_files(text.encode("utf-8", "replace"))
        if not files:
            return text
        data = text.encode("utf-8", "replace")
        kept: list[bytes] = []
        at = 0
        for start, end, name, content in files:
            kept.append(data[at:start])
            at = end
            self._file(fields.filename(name), mimetypes.guess_type(name)[0] or "application/octet-stream", content)
        kept.append(data[at:])
        return b"".join(kept).decode("utf-8", "replace")

    def _tnef(self, part: Part) -> None:
        opened = tnef.open_(part.content)
        if opened is None or not (opened.files or opened.text or opened.html):
            self.attach(part)
            return
        if not self.body.text:
            if opened.html:
                self.body.htmls.append(opened.html)
            self.body.shown.append(opened.text or Rendered(opened.html))
        for file in opened.files:
            kind = file.content_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._file(file.name, kind, file.content, content_id=file.content_id)

    def attach(self, part: Part, *, related: bool = False) -> None:
        """A file. Inline are images of the HTML alone: phones call every photo of a document inline, too."""
        inline = related and part.main_type == "image" and part.disposition != "attachment"
        kind = part.content_type if "/" in part.content_type else "application/octet-stream"
        self._file(
            part.filename or naming.own_name(part), kind, part.content, inline=inline, content_id=part.content_id
        )

    def _file(self, name: str, kind: str, content: bytes, *, inline: bool = False, content_id: str = "") -> None:
        digest = hashlib.sha256(content).hexdigest()
        kind = charset.clean_line(kind)
        self.body.attachments.append(Attachment(name, kind, len(content), digest, inline, content_id, content))

    def rescue(self, root: Part) -> None:
        """A mail without any body text: a text with a file name stands in, or an invitation; both stay files."""
        if self.body.text:
            return
        for part in root.walk():
            if part.content_type in _BODY_TYPES and part.disposition != "attachment" and (part.text or "").strip():
                kept, self.body.attachments = self.body.attachments, []
                self._text(part)
                self.body.attachments = kept
                return
        invitation = next((p for p in root.walk() if p.content_type == "text/calendar" and p.text), None)
        if invitation is not None:
            self._shown_plain(calendar.summary(invitation.text or ""))


def _without_resource_forks(part: Part) -> tuple[Part, ...]:
    """Of an AppleDouble file (RFC 1740) the data is the file; the fork beside it means nothing elsewhere."""
    data = tuple(c for c in part.children if c.content_type != "application/applefile")
    return data if data and part.content_type == "multipart/appledouble" else part.children


def _is_body(part: Part, *, lenient: bool) -> bool:
    """Whether a part is body text; ``lenient``: the whole mail or an alternative may have a file name, too."""
    if part.text is None or part.content_type not in _BODY_TYPES:
        return False
    named = bool(part.filename)
    return (
        not (named and part.disposition == "attachment") if lenient else not named and part.disposition != "attachment"
    )


def _is_other_wording(part: Part) -> bool:
    """An alternative for special readers (AMP, watches): it says nothing that the others do not."""
    return part.main_type == "text" and part.content_type != "text/calendar" and not part.filename


def _plain_of(readings: list[Body]) -> Body | None:
    """The plain text among alternatives. A second one of another content is no alternative, and is shown, too."""
    plains = [r for r in readings if any(p.strip() for p in r.plain)]
    if len(plains) < 2:
        return plains[0] if plains else None
    merged, seen = Body(), set[str]()
    for reading in plains:
        words = _words("\n".join(reading.plain))
        if not merged.plain or len(words & seen) * 5 < len(words):
            merged.shown.extend(reading.shown)
            merged.plain.extend(reading.plain)
            seen |= words
    return merged


def _disagree(plain: Body, rich: Body) -> bool:
    """True where hardly a word of one alternative is in the other: a stub, a forgery, or a broken client.

    Words are looked for in the HTML's source first, because that is nearly always enough.
    """
    one = _words("\n".join(plain.plain))
    if len(one & _words(rich.html)) * 5 >= len(one):
        return False
    two = _words(rich.text)
    return len(two) >= _FEW_WORDS and len(one & two) * 5 < min(len(one), len(two))


def _words(text: str) -> set[str]:
    return {w.casefold() for w in _WORD.findall(text[:_COMPARED])}


def _enriched(text: str) -> str:
    """text/enriched (RFC 1896): commands in angle brackets go, ``<<`` is a bracket."""
    out: list[str] = []
    at = 0
    while at < len(text):
        open_ = text.find("<", at)
        if open_ < 0:
            break
        out.append(text[at:open_])
        if text[open_ + 1 : open_ + 2] == "<":
            out.append("<")
            at = open_ + 2
            continue
        close = text.find(">", open_, open_ + 80)
        if close < 0:
            out.append("<")
            at = open_ + 1
            continue
        at = close + 1
        if text[open_ + 1 : close].lower() == "param":
            end = text.find("</param>", at)
            at = end + 8 if end >= 0 else at
    out.append(text[at:])
    return "".join(out)
