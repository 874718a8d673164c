"""Who or what wrote a mail, and how one can tell: an ordered table of small rules.

Each rule looks at one class of evidence and gives the evidence it found; the first rule that finds any decides.
Where one sign is not enough, signs are weighed (see ``bounce_signs`` and ``_absence``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.inbound.reading import addresses_in_text, bounce_signs
from gateway.inbound.reading.machine_phrases import (
    ABSENCE_SUBJECTS,
    ABSENCE_TEXTS,
    AUTO_PREFIXES,
    AUTO_REPLY_FIELDS,
    BULK_FIELDS,
)
from gateway.inbound.reading.source import Part
from gateway.mail import Address, DeliveryReport, Kind, ReadingContext

_TOP_CHARS = 1_500
_UNDELIVERED = frozenset({"failed", "delayed"})
_DENIALS = frozenset({"", "no", "false", "0", "none", "off"})

Evidence = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a rule may look at."""

    root: Part
    sender: Address | None
    subject: str
    text: str
    context: ReadingContext
    reports: tuple[DeliveryReport, ...]

    def says(self, name: str) -> str:
        """The first value of a field, casefolded, without comments at its end (RFC 3834 section 5.2)."""
        return " ".join(self.root.first(name).casefold().split())


Rule = Callable[[Seen], Evidence]


def classify(
    root: Part,
    *,
    sender: Address | None,
    subject: str,
    text: str,
    context: ReadingContext,
    reports: tuple[DeliveryReport, ...],
) -> tuple[Kind, Evidence]:
    """The kind of a mail and the evidence for it, strongest first; ``(PERSON, ())`` when nothing speaks against one.

    ``text`` is the message's own text and ``reports`` its delivery reports as ``bounce.reports`` gives them.
    """
    seen = Seen(root, sender, subject, text, context, reports)
    for kind, rule in RULES:
        evidence = rule(seen)
        if evidence:
            return kind, evidence
    return Kind.PERSON, ()


def _own(seen: Seen) -> Evidence:
    """Our mail coming back: one of our addresses, and our mark or the null reverse-path of our notices."""
    mine = [a for a in (seen.root.first("from"), seen.root.first("sender")) if _is_own(a, seen.context)]
    if not mine:
        return ()
    if seen.root.has("x-ticket-gateway"):
        return (f"from: {mine[0][:200]}", "x-ticket-gateway")
    if bounce_signs.null_path(seen.root) and not seen.reports:
        return (f"from: {mine[0][:200]}", "return-path: <>")
    return ()


def _is_own(value: str, context: ReadingContext) -> bool:
    local, _, domain = addresses_in_text.first(value).casefold().rpartition("@")
    return bool(domain) and f"{local.partition('+')[0]}@{domain}" in context.own_addresses


def _feedback(seen: Seen) -> Evidence:
    """Abuse reports (RFC 5965), and the formats that are older than it."""
    if seen.root.parameters.get("report-type", "").casefold() == "feedback-report":
        return ("content-type: multipart/report; report-type=feedback-report",)
    if any(part.content_type == "message/feedback-report" for part in seen.root.walk()):
        return ("part: message/feedback-report",)
    if seen.root.has("x-hmxmroriginalrecipient"):
        return ("x-hmxmroriginalrecipient",)
    subject = seen.subject.casefold()
    if subject.startswith(("complaint about message from", "email feedback report for ip")):
        returned = any(part.content_type == "message/rfc822" for part in seen.root.walk())
        return (f"subject: {subject[:100]}", "part: message/rfc822") if returned else ()
    return ()


def _bounce(seen: Seen) -> Evidence:
    signs = bounce_signs.signs(seen.root, subject=seen.subject, text=seen.text)
    if not bounce_signs.proven(signs):
        return ()
    if seen.reports and not any(report.action in _UNDELIVERED for report in seen.reports):
        return ()
    named = tuple(f"{report.action}: {report.recipient}" for report in seen.reports[:3])
    return tuple(sign.evidence for sign in signs if sign.weight > 0) + named


def _receipt(seen: Seen) -> Evidence:
    """Success reports (RFC 3464) and read receipts (RFC 8098): news from machines, not failures."""
    if seen.reports:
        return tuple(f"{report.action}: {report.recipient}" for report in seen.reports[:3])
    kind = seen.root.parameters.get("report-type", "").casefold()
    if kind == "disposition-notification" or seen.root.content_type == "message/disposition-notification":
        return ("content-type: multipart/report; report-type=disposition-notification",)
    return ()


def _auto_submitted(seen: Seen) -> str:
    return seen.says("auto-submitted").partition(";")[0].partition("(")[0].strip()


def _auto_reply_field(seen: Seen) -> Evidence:
    """RFC 3834 section 5 and the fields that vacation programs used before and besides it."""
    found = [f"auto-submitted: {_auto_submitted(seen)}"] if _auto_submitted(seen) == "auto-replied" else []
    found += [f"{name}: {seen.says(name)[:80]}" for name in AUTO_REPLY_FIELDS if _affirmed(seen, name)]
    if seen.says("precedence") in {"auto_reply", "auto-reply", "autoreply"}:
        found.append(f"precedence: {seen.says('precedence')}")
    if seen.says("x-precedence") == "auto_reply":
        found.append("x-precedence: auto_reply")
    return tuple(found)


def _affirmed(seen: Seen, name: str) -> bool:
    return seen.root.has(name) and seen.says(name) not in _DENIALS


def _absence(seen: Seen) -> Evidence:
    """Automatic replies that no field marks, as Exchange sends them: words and envelope, weighed together."""
    found: list[tuple[int, str]] = []
    subject = " ".join(seen.subject.casefold().split())
    prefix = next((p for p in AUTO_PREFIXES if subject.startswith(p)), None)
    hint = next((p for p in ABSENCE_SUBJECTS if p in subject), None)
    if prefix:
        colon = ":" in subject[len(prefix) : len(prefix) + 40] or prefix.endswith((":", "]", ")"))
        found.append((3 if colon or subject == prefix else 2, f"subject: {prefix}"))
    elif hint and not bounce_signs.is_reply_or_forward(subject):
        found.append((1, f"subject: {hint}"))
    top = " ".join(_new_lines(seen.text).casefold().split())[:_TOP_CHARS]
    phrase = next((p for p in ABSENCE_TEXTS if p in top), None)
    if phrase:
        found.append((1, f"text: {phrase}"))
    if bounce_signs.null_path(seen.root):
        found.append((2, "return-path: <>"))
    if _suppressed(seen):
        found.append((2, f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}"))
    if _auto_submitted(seen) not in {"", "no", "auto-forwarded"}:
        found.append((2, f"auto-submitted: {_auto_submitted(seen)[:80]}"))
    if seen.says("precedence") in {"bulk", "junk"}:
        found.append((1, f"precedence: {seen.says('precedence')}"))
    worded = prefix or hint or phrase
    if not worded or sum(weight for weight, _ in found) < 3:
        return ()
    return tuple(evidence for _, evidence in sorted(found, key=lambda each: -each[0]))


def _new_lines(text: str) -> str:
    return "\n".join(line for line in text[: 4 * _TOP_CHARS].split("\n") if not line.lstrip().startswith(">"))


def _suppressed(seen: Seen) -> bool:
    words = {word.strip() for word in seen.says("x-auto-response-suppress").split(",")}
    return bool(words & {"all", "oof", "autoreply"})


def _rule_forwarded(seen: Seen) -> bool:
    """A person's mail that a mailbox rule passed on: Exchange marks it auto-generated, and it is not.

    An automatic reply by such a rule is found by its words before this is asked.
    """
    source = seen.says("x-ms-exchange-generated-message-source")
    return "mailbox rules agent" in source or seen.root.has("x-ms-exchange-inbox-rules-forward")


def _through_own_list(seen: Seen) -> bool:
    """The mail came over a mailing list that is one of the desk's own doors."""
    if not seen.context.own_lists:
        return False
    lists = {entry.casefold().strip("<> ") for entry in seen.context.own_lists}
    ids = (value.casefold().rpartition("<")[2].strip("<> ") for value in seen.root.every("list-id"))
    posts = (found.address.casefold() for name in ("list-post", "mailing-list", "x-mailing-list", "sender")
             for value in seen.root.every(name) for found in addresses_in_text.spot(value[:2000]))  # fmt: skip
    return any(name in lists or name.replace(".", "@", 1) in lists for name in (*ids, *posts))


def _generated(seen: Seen) -> Evidence:
    value = _auto_submitted(seen)
    if value in {"", "no", "auto-forwarded"} or _rule_forwarded(seen):
        return ()
    return (f"auto-submitted: {value[:80]}",)


def _bulk(seen: Seen) -> Evidence:
    """Lists and mass mail (RFC 2369, RFC 2919, Precedence), and whatever asks not to be answered."""
    if _through_own_list(seen):
        return ()
    found = [f"{n}: {seen.says(n)[:80]}" for n in ("list-id", "list-post", "list-unsubscribe") if seen.root.has(n)]
    if seen.says("precedence").partition(" ")[0] in {"bulk", "list", "junk"}:
        found.append(f"precedence: {seen.says('precedence')[:80]}")
    if _suppressed(seen) and not _rule_forwarded(seen):
        found.append(f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}")
    found += [f"{name}: {seen.says(name)[:80]}" for name in BULK_FIELDS if _affirmed(seen, name)]
    if seen.says("mailing-list"):
        found.append(f"mailing-list: {seen.says('mailing-list')[:80]}")
    return tuple(found)


RULES: tuple[tuple[Kind, Rule], ...] = (
    (Kind.OWN, _own),
    (Kind.FEEDBACK_REPORT, _feedback),
    (Kind.BOUNCE, _bounce),
    (Kind.AUTO_REPLY, _receipt),
    (Kind.AUTO_REPLY, _auto_reply_field),
    (Kind.AUTO_REPLY, _absence),
    (Kind.BULK, _generated),
    (Kind.BULK, _bulk),
)
