"""Bytes to a tree of parts (RFC 2045-2049, RFC 5322), whatever the bytes are.

A parser of our own over bytes: the standard library's turns a bare CR into a line end, so that
``Subject: x<CR>Authentication-Results: ...`` makes a header field that no border ever wrote, and it
recurses until it fails. mail-parser is asked where a second opinion counts (``second_opinion``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.inbound.reading import charset, fields, prescan, smime, transfer
from gateway.inbound.reading.prescan import Budget
from gateway.inbound.reading.source import Field, Part

_TEXT_LIKE = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
     "message/feedback-report", "application/xml", "application/xhtml+xml"}
)  # fmt: skip
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_KNOWN_MAIN = frozenset(
    {"text", "image", "audio", "video", "application", "multipart", "message", "model", "font", "chemical"}
)


def parse(raw: bytes, budget: Budget) -> Part:
    """The mail's tree. Never raises; repairs and cuts are noted in ``budget.defects``."""
    data = prescan.prepare(raw, budget)
    return _Parser(data, budget).message(0, len(data), 0)


class _Parser:
    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget

    def message(self, start: int, end: int, depth: int) -> Part:
        return self._entity(start, end, depth, "text/plain", "")

    def _entity(self, start: int, end: int, depth: int, default_type: str, hint: str) -> Part:
        block = prescan.header_block(self.data, start, end, self.budget)
        raw_fields = block.fields
        body = block.body
        raw_type = next((v for n, v in raw_fields if n == "content-type"), b"")
        content_type, parameters = _content_type(raw_type, default_type)
        hint = parameters.get("charset", "") or hint
        if not hint and content_type.startswith("multipart/") and not _all_ascii(raw_fields):
            hint = _charset_below(self.data, body, end)
        part = _described(_fields(raw_fields, hint), content_type, parameters)
        if content_type.startswith("multipart/"):
            return self._multipart(part, body, end, depth, hint)
        if content_type in _MESSAGES:
            return self._nested(part, body, end, depth)
        leaf = self._leaf(part, body, end, hint)
        return self._unwrapped(leaf, depth) if content_type in _SMIME else leaf

    def _unwrapped(self, part: Part, depth: int) -> Part:
        """An opaque S/MIME part with the entity that it signs as its child; it stays a file of its own."""
        inner = smime.signed_entity(part.content) if depth < prescan.MAX_DEPTH else None
        if inner is None:
            self.budget.defect("encrypted with S/MIME: cannot be read here")
            return part
        if not self.budget.take_copy(len(inner)) or not self.budget.take_part():
            return part
        child = _Parser(inner, self.budget)._entity(0, len(inner), depth + 1, "text/plain", "")
        return replace(part, children=(child,))

    def _leaf(self, part: Part, body: int, end: int, hint: str) -> Part:
        encoding = _encoding_of(part)
        if part.main_type != "text" and part.content_type not in _TEXT_LIKE:
            return replace(part, content=transfer.decode(self.data[body:end], encoding))
        content = transfer.decode_text(self.data[body:end], encoding)
        label = part.parameters.get("charset", "") or _charset_within(part, content)
        text = charset.clean_text(charset.decode(content[: prescan.MAX_TEXT_BYTES], label))
        return replace(part, content=content, text=text)

    def _nested(self, part: Part, body: int, end: int, depth: int) -> Part:
        """A nested message: its bytes, and its tree where the budget allows."""
        encoding = part.first("content-transfer-encoding").strip().lower()
        content = self.data[body:end]
        if encoding in ("base64", "quoted-printable", "x-uuencode"):
            decoded = transfer.decode(content, encoding)
            content = decoded if encoding != "base64" or b":" in decoded[:2000] else content
        if depth >= prescan.MAX_DEPTH:
            self.budget.defect("nested too deep: the rest was not opened")
            return replace(part, content=content)
        if not self.budget.take_copy(len(content)) or not self.budget.take_part():
            return replace(part, content=content)
        inner = prescan.prepare(content, self.budget)
        child = _Parser(inner, self.budget).message(0, len(inner), depth + 1)
        return replace(part, content=content, children=(child,))

    def _multipart(self, part: Part, body: int, end: int, depth: int, hint: str) -> Part:
        if depth >= prescan.MAX_DEPTH:
            self.budget.defect("nested too deep: the rest was not opened")
            return replace(part, content_type="application/octet-stream", content=self.data[body:end])
        sections = self._sections(part.parameters.get("boundary", ""), body, end)
        if not sections:
            return self._without_boundary(part, body, end, depth, hint)
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        children = self._undelimited(part, body, sections[0][0], hint)
        for start, stop in sections:
            if not self.budget.take_part():
                break
            children.append(self._entity(start, stop, depth + 1, default, hint))
        return replace(part, children=tuple(children))

    def _undelimited(self, part: Part, body: int, first: int, hint: str) -> list[Part]:
        """The first part, where its delimiter is missing and its fields are among those of the multipart."""
        places = [i for i, f in enumerate(part.fields) if f.name == "content-type"]
        end = self.data.rfind(b"\n", body, max(body, first - 1))
        if len(places) < 2 or end < 0 or not self.data[body:end].strip():
            return []
        self.budget.defect("delimiter missing before the first part")
        own = part.fields[places[1] :]
        content_type, parameters = _content_type(own[0].raw.encode("utf-8", "replace"), "text/plain")
        return [self._leaf(_described(own, content_type, parameters), body, end, hint)]

    def _without_boundary(self, part: Part, body: int, end: int, depth: int, hint: str) -> Part:
        """A multipart whose delimiters are not there: one more look for what they really are, else text."""
        guessed = _boundary_in(self.data, body, end)
        if guessed and guessed != part.parameters.get("boundary"):
            self.budget.defect("boundary guessed from the body")
            parameters = {**part.parameters, "boundary": guessed}
            return self._multipart(replace(part, parameters=parameters), body, end, depth, hint)
        decoded = self._decoded_multipart(part, body, end, depth, hint)
        if decoded is not None:
            return decoded
        self.budget.defect("multipart without parts: read as text")
        looks_html = self.data[body : body + 500].lstrip()[:1] == b"<"
        kind = "text/html" if looks_html else "text/plain"
        return self._leaf(replace(part, content_type=kind), body, end, hint)

    def _decoded_multipart(self, part: Part, body: int, end: int, depth: int, hint: str) -> Part | None:
        """A multipart that was encoded as a whole, though RFC 2045 section 6.4 forbids it."""
        encoding = _encoding_of(part)
        if encoding not in ("base64", "quoted-printable") or not self.budget.take_copy(end - body):
            return None
        inner = transfer.decode(self.data[body:end], encoding)
        mark = b"--" + part.parameters.get("boundary", "").encode("utf-8", "replace")
        if len(mark) == 2 or mark not in inner:
            return None
        self.budget.defect("multipart encoded as a whole")
        bare = replace(part, fields=tuple(f for f in part.fields if f.name != "content-transfer-encoding"))
        parsed = _Parser(inner, self.budget)._multipart(bare, 0, len(inner), depth + 1, hint)
        return replace(parsed, fields=part.fields)

    def _sections(self, boundary: str, body: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between delimiter lines are (RFC 2046 section 5.1.1).

        Parts behind a close delimiter count too: some clients and gateways close too early.
        """
        found: list[tuple[int, int]] = []
        start = -1
        for line, following, closes in self._delimiters(boundary, body, end) if boundary else ():
            if start >= 0:
                found.append((start, max(start, line)))
            start = -1 if closes else following
        if start >= 0:
            self.budget.defect("multipart not closed")
            found.append((start, end))
        return found

    def _delimiters(self, boundary: str, body: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Delimiter lines as (end of the content before, start of the next line, whether it closes)."""
        data = self.data
        mark = b"--" + boundary.encode("utf-8", "replace")
        at = data.find(mark, body, end)
        while at >= 0 and self.budget.take_delimiter():
            stop = data.find(b"\n", at, end)
            following = end if stop < 0 else stop + 1
            tail = data[at + len(mark) : min(following, at + len(mark) + 200)]
            at_start = at == body or data[at - 1 : at] == b"\n"
            if at_start and _is_delimiter_tail(tail):
                yield _before(data, body, at), following, tail.startswith(b"--")
            at = data.find(mark, max(at + len(mark), following - 1 if at_start else 0), end)


def _is_delimiter_tail(tail: bytes) -> bool:
    text = tail.strip()
    return text in (b"", b"--") or (text.startswith(b"--") and not text[2:].strip(b"-"))


def _before(data: bytes, body: int, at: int) -> int:
    """The line end in front of a delimiter belongs to the delimiter."""
    if at > body and data[at - 1 : at] == b"\n":
        at -= 1
        if at > body and data[at - 1 : at] == b"\r":
            at -= 1
    return at


def _boundary_in(data: bytes, body: int, end: int) -> str:
    """The boundary that a body seems to use: a line of two dashes and a token, followed by a Content- field."""
    at = body
    for _ in range(50):
        at = data.find(b"--", at, end)
        if at < 0:
            return ""
        stop = data.find(b"\n", at, end)
        if stop < 0:
            return ""
        line = data[at + 2 : stop].rstrip()
        starts = at == body or data[at - 1 : at] == b"\n"
        if starts and 0 < len(line) <= 200 and data[stop + 1 : stop + 9].lower() == b"content-":
            return line.decode("utf-8", "replace")
        at = stop
    return ""


_MISNOMERS = {
    "text": "text/plain",
    "plain": "text/plain",
    "text/ascii": "text/plain",
    "plain/text": "text/plain",
    "application/plain": "text/plain",
    "application/text": "text/plain",
    "html": "text/html",
    "application/html": "text/html",
    "message/rfc-822": "message/rfc822",
    "message": "message/rfc822",
}


def _encoding_of(part: Part) -> str:
    return part.first("content-transfer-encoding").partition(";")[0].partition("(")[0].strip().lower()


def _charset_within(part: Part, content: bytes) -> str:
    """The charset that HTML without a declared one names itself (HTML section 13.2.3.2)."""
    if part.content_type != "text/html":
        return ""
    found = _META_CHARSET.search(content, 0, 2048)
    return found[1].decode("ascii") if found else ""


def _content_type(raw: bytes, default: str) -> tuple[str, dict[str, str]]:
    if not raw:
        return default, {}
    value, parameters = fields.parameters(fields.text_of(raw))
    value = value.replace(" ", "")
    value = _MISNOMERS.get(value, value)
    main, slash, sub = value.partition("/")
    if slash and main and sub and main.isascii():
        return value[:255], parameters
    if main == "multipart" or (not value and "boundary" in parameters):
        return "multipart/mixed", parameters
    return ("application/octet-stream" if main in _KNOWN_MAIN - {"text"} else default), parameters


def _described(found: tuple[Field, ...], content_type: str, parameters: dict[str, str]) -> Part:
    part = Part(content_type, parameters, fields=found)
    disposition, more = fields.parameters(next((f.raw for f in found if f.name == "content-disposition"), ""))
    name = fields.filename(more.get("filename", "") or parameters.get("name", "") or more.get("name", ""))
    if disposition and disposition not in ("inline", "attachment"):
        disposition = "attachment"
    content_id = part.first("content-id").strip().strip("<>").strip()
    return replace(part, disposition=disposition, filename=name, content_id=content_id)


def _fields(raw: tuple[tuple[str, bytes], ...], hint: str) -> tuple[Field, ...]:
    made = []
    for name, value in raw:
        text = fields.text_of(value, hint)
        made.append(Field(name, fields.decoded(text), charset.clean_text(text)))
    return tuple(made)


def _all_ascii(raw: tuple[tuple[str, bytes], ...]) -> bool:
    return all(value.isascii() for _, value in raw)


def _charset_below(data: bytes, body: int, end: int) -> str:
    """The first charset that a part below declares, for raw 8-bit fields of a multipart."""
    at = data.find(b"charset=", body, min(end, body + 64 * 1024))
    if at < 0:
        return ""
    value = data[at + 8 : at + 60].split(b"\n", 1)[0].split(b";", 1)[0]
    return value.strip(b" \t\r\"'").decode("ascii", "replace")
