"""Free-form notices: which addresses a text blames, and with which words.

No provider has a reader of its own. What they share is how an address stands in its line: alone, at its start
followed by the server's words, or after words such as "could not be delivered to". Each standing has a strength,
and the addresses of the strongest standing found are those that failed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from gateway.inbound.reading import addresses_in_text, bounce_reason
from gateway.inbound.reading.addresses_in_text import Spotted
from gateway.inbound.reading.bounce_phrases import AWAY, DELAYED, LEADS, ORIGINS
from gateway.mail import DeliveryReport

OPENS, ALONE, LED, STARTS, REPLIED, MENTIONED = 6, 5, 4, 3, 2, 1
_BEFORE = " \t<\"'([*->=:;,`|.#&"
_AFTER = " \t>\"')];,.*"
_MAX_LINES = 2_000
_MAX_REPORTS = 50
_MAX_MENTIONS = 2_000
_MAX_ON_LINE = 50
_FEW = 20
_MAX_SEGMENT = 40
_MAX_CHARS = 1_000
_MAX_NOTICE = 20_000
_REPLY_DIGITS = 3
_REACH = 120
_LEADS = tuple(f" {words}" for words in LEADS)
_AWAY = tuple(f" {words}" for words in AWAY)
# What stands before an address in X.400 and other typed forms: "c=US;dda:SMTP=a@b.example", "rfc822;a@b.example".
_LABELS = ("dda:smtp", "rfc822", "smtp:", ";smtp", "internet:")
_MACHINES = frozenset({"mailer-daemon", "postmaster", "mailerdaemon", "mail-daemon", "abuse", "noreply", "no-reply"})
_LOCAL_NAME = re.compile(r"[\w.+-]{2,64}\Z")


@dataclass(frozen=True, slots=True)
class Blamed:
    """An address in a notice: how strongly its standing says that it failed, and its line."""

    address: str
    strength: int
    line: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What a machine wrote above the returned mail, and who is known to be concerned."""

    lines: tuple[str, ...]
    text: str
    action: str
    """"delayed" where delivery is still being tried (RFC 3464 section 2.3.3), else "failed"."""
    expected: tuple[str, ...]
    """Recipients of the returned mail, where its header is there."""
    ignored: tuple[str, ...]
    """Sender and receiver of the notice."""


def notice(lines: list[str], *, subject: str, expected: Collection[str], ignored: Collection[str]) -> Notice:
    """A notice cut to a size that can be read in time."""
    kept = tuple(line[:_MAX_CHARS] for line in lines[:_MAX_LINES])
    text = "\n".join(kept)
    flat = " ".join(f"{subject} {text[:_MAX_NOTICE]}".casefold().split())
    action = "delayed" if any(phrase in flat for phrase in DELAYED) else "failed"
    return Notice(kept, text[:_MAX_NOTICE], action, tuple(expected), tuple(ignored))


def reports(given: Notice) -> tuple[DeliveryReport, ...]:
    """Reports for the addresses that the notice blames, each with the words that belong to it."""
    wanted = {address.casefold() for address in given.expected}
    ignored = {address.casefold() for address in given.ignored} - wanted
    blamed = _strongest(list(_blamed(given.lines, wanted, ignored)), wanted)
    if not blamed:
        blamed = [
            each for each in _strongest(list(_blamed(given.lines, wanted, set())), wanted) if each.strength >= LED
        ]
    starts = sorted({each.line for each in blamed})
    found = [_report(each, given, starts, wanted) for each in _once(blamed)[:_MAX_REPORTS]]
    return tuple({each.recipient.casefold(): each for each in reversed(found)}.values())[::-1]


def local_names(given: Notice, domain: str) -> tuple[DeliveryReport, ...]:
    """Reports for bare mailbox names under a heading ("… following recipients …:"), as AOL writes them."""
    names = [
        line.strip()
        for above, line in zip(given.lines, given.lines[1:], strict=False)
        if above.rstrip().endswith(":") and line[:1] in " \t" and _LOCAL_NAME.match(line.strip())
    ]
    return tuple(judged(f"{name}@{domain}", given.action, given.text) for name in names[:_MAX_REPORTS])


def unnamed(given: Notice) -> tuple[DeliveryReport, ...]:
    """Reports for the recipients of the returned mail, where the notice names nobody."""
    return tuple(judged(address, given.action, given.text) for address in given.expected[:_MAX_REPORTS])


def judged(address: str, action: str, diagnostic: str) -> DeliveryReport:
    """A report whose status and permanence are read out of the server's words."""
    status = bounce_reason.enhanced(diagnostic)
    return DeliveryReport(
        recipient=address,
        action=action,
        status=status,
        permanent=bounce_reason.is_permanent(action, status, diagnostic),
        diagnostic=bounce_reason.one_line(diagnostic),
    )


def _blamed(lines: tuple[str, ...], wanted: set[str], ignored: set[str]) -> Iterator[Blamed]:
    left = _MAX_MENTIONS
    for i, line in enumerate(lines):
        left -= line.count("@")
        if not 0 < line.count("@") <= _MAX_ON_LINE or left < 0:
            continue
        for found in addresses_in_text.spot(line):
            key = found.address.casefold()
            if key in ignored or (key.partition("@")[0] in _MACHINES and key not in wanted):
                continue
            strength = _standing(line, found, lines[i - 1] if i else "")
            if strength:
                yield Blamed(found.address, strength, i)


def _standing(line: str, found: Spotted, above: str) -> int:
    before = _words_before(line[: found.start])
    if not before or before.endswith(_LABELS):
        return _opening(line[found.end :], above)
    if len(before) == _REPLY_DIGITS and before.isdigit():
        return STARTS
    if before == "to":
        return REPLIED
    if _leads_away(before):
        return 0
    if f" {before}".endswith(_LEADS):
        return LED
    return REPLIED if bounce_reason.reply_code(line) else MENTIONED


def _opening(tail: str, above: str) -> int:
    if tail.lstrip(" \t>\"')").startswith(":"):
        return OPENS
    rest = tail.strip(_AFTER)
    if not rest or rest.startswith("("):
        return 0 if _leads_away(_words_before(above)) else ALONE
    return STARTS


def _words_before(text: str) -> str:
    """The last words of ``text``, as the phrases are written."""
    return " ".join(text[-_REACH:].strip(_BEFORE).casefold().split())


def _leads_away(before: str) -> bool:
    return f" {before}".endswith(_AWAY) and not f" {before}".endswith(_LEADS)


def _strongest(blamed: list[Blamed], wanted: set[str]) -> list[Blamed]:
    if not blamed:
        return []
    top = max(each.strength for each in blamed)
    best = [each for each in blamed if each.strength == top]
    if top > REPLIED:
        return best
    return [each for each in blamed if each.address.casefold() in wanted] or best[:1]


def _once(blamed: list[Blamed]) -> list[Blamed]:
    return list({each.address.casefold(): each for each in reversed(blamed)}.values())[::-1]


def _report(each: Blamed, given: Notice, starts: list[int], wanted: set[str]) -> DeliveryReport:
    end = next((start for start in starts if start > each.line), len(given.lines))
    segment = given.lines[each.line : min(end, each.line + _MAX_SEGMENT)]
    words = _telling(segment)
    if not words and len(starts) <= _FEW:
        key = each.address.casefold()
        words = _telling([*segment, *(line for line in given.lines if key in line.casefold())][: 2 * _MAX_SEGMENT])
    made = judged(each.address, given.action, words or given.text)
    return replace(made, recipient=_origin(segment, wanted) or each.address)


def _telling(lines: Collection[str]) -> str:
    """The lines up to the end of the first paragraph that gives a reason; what follows is advice and apology."""
    taken: list[str] = []
    paragraph: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            taken += paragraph
            if _tells("\n".join(paragraph)[:_MAX_CHARS]):
                return "\n".join(taken)[:_MAX_CHARS]
            paragraph = []
    return ""


def _tells(words: str) -> bool:
    return bool(bounce_reason.reason(words) or bounce_reason.enhanced(words) or bounce_reason.reply_code(words))


def _origin(segment: Collection[str], wanted: set[str]) -> str:
    """The address that was written to, where the notice names the one it was expanded to and then its origin."""
    head = " ".join(list(segment)[:3])
    at = min((found for phrase in ORIGINS if (found := head.casefold().find(phrase)) >= 0), default=-1)
    origin = addresses_in_text.first(head[at : at + 400]) if at >= 0 else ""
    return origin if origin.casefold() in wanted else ""
