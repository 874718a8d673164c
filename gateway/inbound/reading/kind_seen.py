"""What the rules of ``kind`` look at, and the questions that several of them ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from gateway.inbound.reading import bounce_signs
from gateway.inbound.reading.source import Part
from gateway.mail import Address, DeliveryReport, ReadingContext

Evidence = tuple[str, ...]

HUMAN_SUBMISSIONS = frozenset({"", "no", "auto-forwarded"})
"""Values of Auto-Submitted that leave a mail a person's (RFC 3834 section 5; the last is in use, not in the RFC)."""
_TOP_CHARS = 1_500
_MAX_PARTS = 200
_DENIALS = frozenset({"", "no", "false", "0", "none", "off"})
_TAGS = re.compile(r"(?:\[(?!auto|ooo)[^\]]{1,40}\] ?|\*{2,5}spam\*{2,5} ?){1,4}")
_QUOTE_STARTS = re.compile(
    r"[ \t]*(?:>|-{3,} ?(?:original|ursprüng|message d|mensaje|messaggio|mensagem|forward)|_{10,}\s*$)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a rule may look at."""

    root: Part
    sender: Address | None
    subject: str
    flat_subject: str
    """Casefolded, without the tags that gateways and filters put before it."""
    text: str
    top: str
    """The beginning of the new text, casefolded, on one line."""
    context: ReadingContext
    reports: tuple[DeliveryReport, ...]

    def says(self, name: str) -> str:
        """The first value of a field, casefolded, with single spaces."""
        return " ".join(self.root.first(name)[:_TOP_CHARS].casefold().split())

    def affirms(self, name: str) -> bool:
        """The field is there and does not say no."""
        return self.root.has(name) and self.says(name) not in _DENIALS

    @property
    def auto_submitted(self) -> str:
        """The keyword of Auto-Submitted (RFC 3834 section 5), without comment and parameters."""
        return self.says("auto-submitted").partition(";")[0].partition("(")[0].strip()[:80]

    def suppresses(self, wishes: set[str]) -> bool:
        """[MS-OXCMAIL] section 2.1.3.2.21: which answers the sender does not want."""
        return bool(wishes & {word.strip() for word in self.says("x-auto-response-suppress").split(",")})

    def parts(self) -> Iterator[Part]:
        """The first parts of the message itself."""
        return islice(self.root.walk(), _MAX_PARTS)


def flat(subject: str) -> str:
    """A subject as ``Seen`` holds it."""
    return _TAGS.sub("", " ".join(subject[:_TOP_CHARS].casefold().split()))


def top(text: str) -> str:
    """The beginning of a text as ``Seen`` holds it."""
    lines = text[: 4 * _TOP_CHARS].casefold().replace("’", "'").split("\n")
    end = next((i for i, line in enumerate(lines) if i and _QUOTE_STARTS.match(line)), len(lines))
    return " ".join(" ".join(lines[:end]).split())[:_TOP_CHARS]


def starting(text: str, phrases: tuple[str, ...]) -> str:
    """The first of ``phrases`` that ``text`` begins with, or ""."""
    return next((phrase for phrase in phrases if text.startswith(phrase)), "")


def within(text: str, phrases: tuple[str, ...]) -> str:
    """The first of ``phrases`` that is in ``text``, or ""."""
    return next((phrase for phrase in phrases if phrase in text), "")


def is_rule_forwarded(seen: Seen) -> bool:
    """A person's mail that a mailbox rule passed on: Exchange marks it auto-generated, and it is not.

    The same agent writes automatic replies, but those answer something and are no forwards.
    """
    if "mailbox rules agent" not in seen.says("x-ms-exchange-generated-message-source"):
        return False
    return (
        seen.root.has("resent-from")
        or bounce_signs.is_reply_or_forward(seen.flat_subject)
        or not (seen.root.has("in-reply-to") or seen.suppresses({"all"}))
    )
