"""The new text of a reply, told from quote and signature. A scanner of lines: work grows with the length alone.

Nothing is lost: what is set aside stands in ``Split.signature`` and ``Split.quoted``, and the whole text stays with
the message. When in doubt the text is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from gateway.inbound.reading import attributions, phrases, quote_headers
from gateway.inbound.reading import html as markup
from gateway.inbound.reading.html_walk import Page
from gateway.inbound.reading.layout import MAX_LINES, Role, mark_banner, mark_signature, roles
from gateway.inbound.reading.phrases import key


@dataclass(frozen=True, slots=True)
class Split:
    """A text taken apart. ``reply`` is the new text alone; signature and quote were set aside."""

    reply: str
    signature: str = ""
    quoted: str = ""


def own_words(*, text: str, html: str) -> str:
    """What the author wrote and nobody else, for text that goes on to a client.

    Strict: quotes go even where answers stand between their lines, and forwards go too. Empty where the
    author's words cannot be told from the quote.
    """
    if text.strip():
        lines = _part_shared_lines(text.split("\n", MAX_LINES))
        return _collect(lines, roles(lines, strict=True)).reply
    return _of_page(markup.render(html, mark_quotes=True), strict=True).reply


def new_text(*, text: str, html: str, subject: str, has_references: bool) -> Split:
    """The new text of a mail, from whichever body shows it better.

    A mail that neither says Re: nor refers to another, and a forward, keep their quotes.
    """
    forward = is_forward_subject(subject)
    if forward or not (has_references or is_reply_subject(subject)):
        body = text if text.strip() else markup.to_text(html)
        if forward or not _answers_a_desk(body):
            return _untrimmed(body, forward=forward)
    if not text.strip():
        return from_html(html)
    plain = split(text, subject=subject)
    if plain.quoted or not html.strip():
        return plain
    # A client may leave out the quote marks in its text; the container in its HTML tells.
    page = markup.render(html, mark_quotes=True)
    rich = _of_page(page) if page.quote_lines else plain
    return rich if rich.reply.strip() else plain


def split(text: str, *, subject: str = "", is_reply: bool = True) -> Split:
    """Takes a plain text apart. With ``is_reply`` false, or a forwarding subject, quotes are left where they are."""
    if not is_reply or is_forward_subject(subject):
        return _untrimmed(text, forward=is_forward_subject(subject))
    lines = _part_shared_lines(text.split("\n", MAX_LINES))
    return _collect(lines, roles(lines))


def _part_shared_lines(lines: list[str]) -> list[str]:
    """Puts an attribution that shares its line with text on a line of its own."""
    parted: list[str] = []
    for line in lines:
        at = attributions.behind_text(line)
        parted += [line] if at is None else [line[:at], line[at:].lstrip()]
    return parted


def _answers_a_desk(text: str) -> bool:
    """Whether the text quotes a mail that asks to be answered above a line."""
    return any(quote_headers.reply_above(line) for line in text.split("\n", MAX_LINES))


def from_html(html: str) -> Split:
    """Takes an HTML body apart; the quote containers that clients write count as quote marks."""
    return _of_page(markup.render(html, mark_quotes=True))


def _of_page(page: Page, *, strict: bool = False) -> Split:
    found = roles(page.lines, signature_lines=page.signature_lines, quote_lines=page.quote_lines, strict=strict)
    return _collect(page.lines, found)


def is_reply_subject(subject: str) -> bool:
    return _prefix(subject) in phrases.REPLY_PREFIXES


def is_forward_subject(subject: str) -> bool:
    prefix = _prefix(subject)
    return prefix in phrases.FORWARD_PREFIXES and prefix not in phrases.REPLY_PREFIXES


def _prefix(subject: str) -> str:
    """The first prefix of a subject, ``re`` of ``Re[2]: x``; tags in brackets before it are passed over."""
    rest = subject.strip()
    for _ in range(3):
        if not rest.startswith("["):
            break
        rest = rest[1:].partition("]")[2].strip()
    at = min((i for i in (rest[:30].find(":"), rest[:30].find("：")) if i >= 0), default=-1)
    if at < 0:
        return ""
    return key(rest[:at].split("[", 1)[0].split("(", 1)[0].rstrip(" .0123456789^")) or key(rest[:at])


def _untrimmed(text: str, *, forward: bool) -> Split:
    """A first mail loses its signature at most; a forward nothing."""
    if forward:
        return Split(text.strip("\n"))
    lines = text.split("\n", MAX_LINES)
    found = [Role.NEW] * len(lines)
    mark_banner(lines, found)
    if not any(quote_headers.separator(line) for line in lines):
        mark_signature(lines, found, 0, len(lines))
    return _collect(lines, found)


def _collect(lines: Sequence[str], found: Sequence[Role]) -> Split:
    parts: dict[Role, list[str]] = {role: [] for role in Role}
    for role, block in groupby(zip(lines, found, strict=True), key=itemgetter(1)):
        shown = "\n".join(_trim([line for line, _ in block]))
        if shown:
            parts[role].append(shown)
    return Split(*("\n\n".join(parts[role]) for role in (Role.NEW, Role.SIGNATURE, Role.QUOTE)))


def _trim(lines: list[str]) -> list[str]:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return lines[first:last]
