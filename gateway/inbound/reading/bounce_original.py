"""Where a notice ends and the returned mail begins, and what the returned mail's header says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gateway.inbound.reading import addresses_in_text
from gateway.inbound.reading.bounce_phrases import RETURNED_MAIL
from gateway.inbound.reading.source import Part

_FIELD = re.compile(r"[ >\t]*([A-Za-z][A-Za-z0-9-]{1,60})[ \t]?:")
_HEADER_NAMES = frozenset(
    {"received", "return-path", "message-id", "date", "from", "to", "subject", "mime-version", "content-type"}
    | {"dkim-signature", "domainkey-signature", "x-mailer", "delivered-to", "content-transfer-encoding", "cc"}
    | {"sender", "reply-to", "x-originating-ip", "x-received", "user-agent", "references", "in-reply-to"}
)
_SURE_NAMES = frozenset({"received", "return-path", "message-id", "mime-version", "dkim-signature", "x-received"})
_ENOUGH_FIELDS = 3
_MAX_CHARS = 100_000
_MAX_LINES = 4_000
_MAX_TEXTS = 20
_MAX_PARTS = 200
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_HEADERS = ("text/rfc822-header", "message/global-header", "message/rfc822-header")


def split(text: str) -> tuple[list[str], list[str]]:
    """(lines of the notice, lines of the returned mail) of a text that may hold both."""
    lines = text[:_MAX_CHARS].split("\n")[:_MAX_LINES]
    cut = next((i for i, line in enumerate(lines) if _announces(line)), None)
    if cut is not None:
        return lines[:cut], lines[cut + 1 :]
    cut = _header_block(lines)
    return lines[:cut], lines[cut:]


def header_of_returned(root: Part, text: str = "") -> dict[str, str]:
    """Header fields of the mail that came back, first of each name in lower case; empty when it is not there.

    Of several places where it may stand, the first that has a Message-ID is taken.
    """
    best: dict[str, str] = {}
    for header in _headers(root, text):
        if "message-id" in header:
            return header
        best = best or header
    return best


def _headers(root: Part, text: str) -> Iterator[dict[str, str]]:
    parts = [part for part in islice(root.walk(), _MAX_PARTS) if part is not root]
    for part in parts:
        if part.content_type in _MESSAGES and part.children:
            yield {field.name: field.value for field in reversed(part.children[0].fields)}
        if part.content_type in _MESSAGES or part.content_type.startswith(_HEADERS):
            yield dict(_fields((part.text or part.content[:_MAX_CHARS].decode("latin-1"))[:_MAX_CHARS].split("\n")))
    yield from ({field.name: field.value for field in part.fields} for part in parts if part.has("message-id"))
    texts = (part.text for part in (root, *parts) if part.text and part.content_type != "text/html")
    for body in (text, *islice(texts, _MAX_TEXTS)):
        header = dict(_fields(split(body)[1]))
        if len(header) >= _ENOUGH_FIELDS or "message-id" in header:
            yield header


def _announces(line: str) -> bool:
    flat = " ".join(line.strip(" \t-=*_#>:.").casefold().split())
    return flat in RETURNED_MAIL or (len(flat) < 120 and flat.startswith(RETURNED_MAIL_STARTS))


# A longer phrase may go on ("… including all the headers"); a short one would be found in any sentence.
RETURNED_MAIL_STARTS = tuple(phrase + " " for phrase in RETURNED_MAIL if len(phrase) >= 25)


def _header_block(lines: list[str]) -> int:
    """Index of the first run of header fields that can only be a mail's header, or the number of lines."""
    start, names = 0, set[str]()
    for i, line in enumerate(lines):
        found = _FIELD.match(line)
        name = found.group(1).lower() if found else ""
        if name in _HEADER_NAMES or (name.startswith("x-") and names):
            if not names:
                start = i
            names.add(name)
            if len(names) >= _ENOUGH_FIELDS and names & _SURE_NAMES:
                return start
        elif not (names and line[:1] in " \t" and line.strip()):
            names = set()
    return len(lines)


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Header fields of the first header block of ``lines``, the first of each name, unfolded."""
    seen: dict[str, str] = {}
    last = ""
    for line in lines:
        found = _FIELD.match(line)
        name = found.group(1).lower() if found else ""
        if found and (not last or line[: found.start(1)].strip(" \t") in {"", ">"}) and not _folded(line, last, name):
            if name in seen and name != "received":
                last = "-"
                continue
            seen.setdefault(name, line[found.end() :].strip())
            last = name
        elif last and line[:1] in " \t" and line.strip():
            if last in seen:
                seen[last] = f"{seen[last]} {line.strip()}"[:4000]
        elif seen and not line.strip(" \t>") and ("message-id" in seen or len(seen) > _ENOUGH_FIELDS):
            break
    yield from seen.items()


def _folded(line: str, last: str, name: str) -> bool:
    """An indented line continues the field above it, unless the whole header is indented."""
    return bool(last) and line[:1] in " \t" and name not in _HEADER_NAMES


def recipients(header: dict[str, str]) -> tuple[str, ...]:
    """Addresses that the returned mail was written to."""
    value = ", ".join(header.get(name, "")[:20_000] for name in ("to", "cc", "x-envelope-to", "envelope-to"))
    return tuple(dict.fromkeys(found.address for found in addresses_in_text.spot(value)))
