"""Free-form notices: which addresses a text blames, and with which words.

No provider has a reader of its own. What they share is how an address stands in its line: alone, at its start
followed by the server's words, or after words such as "could not be delivered to". Each standing has a strength,
and the addresses of the strongest standing found are those that failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.inbound.reading import addresses_in_text, bounce_reason
from gateway.inbound.reading.addresses_in_text import Spotted
from gateway.inbound.reading.bounce_phrases import AWAY, DELAYED, LEADS
from gateway.mail import DeliveryReport

OPENS, ALONE, LED, STARTS, REPLIED, MENTIONED = 6, 5, 4, 3, 2, 1
_BEFORE = " \t<\"'([*->=:;,`|.#&"
_AFTER = " \t>\"')];,.*"
_MAX_LINES = 4_000
_MAX_REPORTS = 500
_MAX_SEGMENT = 40
_REPLY_DIGITS = 3
# What stands before an address in X.400 and other typed forms: "c=US;dda:SMTP=a@b.example", "rfc822;a@b.example".
_LABELS = ("dda:smtp", "rfc822", "smtp:", ";smtp", "internet:")
_MACHINES = frozenset({"mailer-daemon", "postmaster", "mailerdaemon", "mail-daemon", "abuse", "noreply", "no-reply"})


@dataclass(frozen=True, slots=True)
class Blamed:
    """An address in a notice: how strongly its standing says that it failed, and its line."""

    address: str
    strength: int
    line: int


def reports(
    lines: list[str], *, subject: str, expected: Collection[str], ignored: Collection[str]
) -> tuple[DeliveryReport, ...]:
    """Reports for the addresses that a notice blames.

    ``expected`` are the recipients of the returned mail, ``ignored`` the sender and receiver of the notice.
    """
    lines = lines[:_MAX_LINES]
    wanted = {address.casefold() for address in expected}
    blamed = _strongest(list(_blamed(lines, wanted, {a.casefold() for a in ignored} - wanted)), wanted)
    if not blamed:
        blamed = [each for each in _strongest(list(_blamed(lines, wanted, set())), wanted) if each.strength >= LED]
    notice = "\n".join(lines)
    action = "delayed" if is_delay(subject, notice) else "failed"
    starts = sorted({each.line for each in blamed})
    return tuple(_report(each, lines, starts, action, notice) for each in _once(blamed)[:_MAX_REPORTS])


def is_delay(subject: str, notice: str) -> bool:
    """Whether the notice says that delivery is still being tried (RFC 3464 section 2.3.3, "delayed")."""
    flat = " ".join(f"{subject} {notice[:20_000]}".casefold().split())
    return any(phrase in flat for phrase in DELAYED)


def unnamed(lines: list[str], *, subject: str, recipients: Collection[str]) -> tuple[DeliveryReport, ...]:
    """Reports for the recipients of the returned mail, where the notice names nobody."""
    notice = "\n".join(lines[:_MAX_LINES])
    action = "delayed" if is_delay(subject, notice) else "failed"
    return tuple(judged(address, action, notice) for address in list(recipients)[:_MAX_REPORTS])


def judged(address: str, action: str, diagnostic: str) -> DeliveryReport:
    """A report whose status and permanence are read out of the server's words."""
    status = bounce_reason.enhanced(diagnostic)
    return DeliveryReport(
        recipient=address,
        action=action,
        status=status,
        permanent=bounce_reason.is_permanent(action, status, diagnostic),
        diagnostic=" ".join(diagnostic.split())[:500],
    )


def _blamed(lines: list[str], wanted: set[str], ignored: set[str]) -> Iterator[Blamed]:
    for i, line in enumerate(lines):
        if "@" not in line:
            continue
        for found in addresses_in_text.spot(line):
            key = found.address.casefold()
            if key in ignored or (key.partition("@")[0] in _MACHINES and key not in wanted):
                continue
            strength = _standing(line, found, lines[i - 1] if i else "")
            if strength:
                yield Blamed(found.address, strength, i)


def _standing(line: str, found: Spotted, above: str) -> int:
    before = line[: found.start].strip(_BEFORE).casefold()
    tail = line[found.end :]
    if not before or before.endswith(_LABELS):
        return _opening(tail, above)
    if len(before) == _REPLY_DIGITS and before.isdigit():
        return STARTS
    if before.endswith(AWAY) and not before.endswith(LEADS):
        return 0
    if before == "to":
        return REPLIED
    if before.endswith(LEADS):
        return LED
    return REPLIED if bounce_reason.reply_code(line) else MENTIONED


def _opening(tail: str, above: str) -> int:
    if tail.lstrip(" \t>\"')").startswith(":"):
        return OPENS
    rest = tail.strip(_AFTER)
    if not rest or rest.startswith("("):
        previous = above.strip(_BEFORE).casefold()
        return 0 if previous.endswith(AWAY) and not previous.endswith(LEADS) else ALONE
    return STARTS


def _strongest(blamed: list[Blamed], wanted: set[str]) -> list[Blamed]:
    if not blamed:
        return []
    top = max(each.strength for each in blamed)
    best = [each for each in blamed if each.strength == top]
    known = [each for each in best if each.address.casefold() in wanted]
    if top > REPLIED or known:
        return known if known and top <= REPLIED else best
    return [each for each in blamed if each.address.casefold() in wanted] or best[:1]


def _once(blamed: list[Blamed]) -> list[Blamed]:
    return list({each.address.casefold(): each for each in reversed(blamed)}.values())[::-1]


def _report(each: Blamed, lines: list[str], starts: list[int], action: str, notice: str) -> DeliveryReport:
    end = next((start for start in starts if start > each.line), len(lines))
    words = "\n".join(_until_told(lines[each.line : min(end, each.line + _MAX_SEGMENT)]))
    if not _tells(words):
        key = each.address.casefold()
        words = "\n".join([words, *(line for line in lines if key in line.casefold())][:_MAX_SEGMENT])
    if not _tells(words):
        words = notice
    return judged(each.address, action, words)


def _until_told(lines: list[str]) -> list[str]:
    """Paragraphs up to the first that gives a reason: what follows is advice and apology."""
    for i, line in enumerate(lines):
        if not line.strip() and i and _tells("\n".join(lines[:i])):
            return lines[:i]
    return lines


def _tells(words: str) -> bool:
    return bool(bounce_reason.reason(words) or bounce_reason.enhanced(words) or bounce_reason.reply_code(words))
