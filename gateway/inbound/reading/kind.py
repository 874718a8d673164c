"""Who or what wrote a mail, and how one can tell: an ordered table of small rules.

Each rule looks at one class of evidence and gives the evidence it found; the first rule that finds any decides.
Where one sign is not enough, signs are weighed (see ``bounce_signs`` and ``_absence``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.inbound.reading import addresses_in_text, bounce_signs, bounce_sns
from gateway.inbound.reading.machine_phrases import (
    ABSENCE_PREFIXES,
    ABSENCE_SUBJECTS,
    ABSENCE_TEXTS,
    ANSWER_SUBJECTS,
    AUTO_PREFIXES,
    AUTO_REPLY_FIELDS,
    AUTO_TEXTS,
    BULK_FIELDS,
    HELP_DESK_FIELDS,
    RECEIPT_PREFIXES,
    RECEIPT_TEXTS,
)
from gateway.inbound.reading.source import Part
from gateway.mail import Address, DeliveryReport, Kind, ReadingContext

_TOP_CHARS = 1_500
_UNDELIVERED = frozenset({"failed", "delayed"})
_PROVEN = 3
_HUMAN_SUBMISSIONS = frozenset({"", "no", "auto-forwarded"})
_TAGS = re.compile(r"(?:\[(?!auto|ooo)[^\]]{1,40}\] ?|\*{2,5}spam\*{2,5} ?){1,4}")
_QUOTE_STARTS = re.compile(
    r"[ \t]*(?:>|-{3,} ?(?:original|ursprüng|message d|mensaje|messaggio|mensagem|forward)|_{10,}\s*$)"
)
_BULK_PRECEDENCE = ("bulk", "list", "junk")
_UNANSWERABLE = (
    "noreply@",
    "no-reply@",
    "no_reply@",
    "donotreply@",
    "do-not-reply@",
    "do_not_reply@",
    "nicht-antworten@",
)
_DENIALS = frozenset({"", "no", "false", "0", "none", "off"})

Evidence = tuple[str, ...]


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
    seen = Seen(root, sender, subject, _flat(subject), text, _top(text), context, reports)
    for kind, rule in RULES:
        evidence = rule(seen)
        if evidence:
            return kind, evidence
    return Kind.PERSON, ()


def _flat(subject: str) -> str:
    return _TAGS.sub("", " ".join(subject[:_TOP_CHARS].casefold().split()))


def _top(text: str) -> str:
    lines = text[: 4 * _TOP_CHARS].casefold().replace("’", "'").split("\n")
    end = next((i for i, line in enumerate(lines) if i and _QUOTE_STARTS.match(line)), len(lines))
    return " ".join(" ".join(lines[:end]).split())[:_TOP_CHARS]


def _own(seen: Seen) -> Evidence:
    """Our mail coming back: one of our addresses, and our mark or the null reverse-path of our notices."""
    addresses = (seen.sender.address if seen.sender else "", addresses_in_text.first(seen.root.first("sender")))
    mine = next((address for address in addresses if _is_own(address, seen.context)), "")
    if mine and seen.root.has("x-ticket-gateway"):
        return (f"from: {mine}", "x-ticket-gateway")
    if mine and bounce_signs.null_path(seen.root) and not seen.reports:
        return (f"from: {mine}", "return-path: <>")
    return ()


def _is_own(address: str, context: ReadingContext) -> bool:
    local, _, domain = address.casefold().rpartition("@")
    return bool(domain) and f"{local.partition('+')[0]}@{domain}" in context.own_addresses


def _feedback(seen: Seen) -> Evidence:
    """Abuse and opt-out reports (RFC 5965), the formats that are older than it, and a mail program's unsubscribing."""
    if seen.root.parameters.get("report-type", "").casefold() == "feedback-report":
        return ("content-type: multipart/report; report-type=feedback-report",)
    if any(part.content_type == "message/feedback-report" for part in seen.root.walk()):
        return ("part: message/feedback-report",)
    event = bounce_sns.event(seen.root, seen.text)
    if event and event.kind == "complaint":
        return ("amazon ses: complaint",)
    if seen.root.has("x-hmxmroriginalrecipient"):
        return ("x-hmxmroriginalrecipient",)
    subject = seen.flat_subject
    if subject == "unsubscribe" and _auto_submitted(seen) not in _HUMAN_SUBMISSIONS:
        return ("subject: unsubscribe", f"auto-submitted: {_auto_submitted(seen)}")
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
    if any(part.content_type == "message/disposition-notification" for part in seen.root.walk()):
        return ("part: message/disposition-notification",)
    if seen.root.parameters.get("report-type", "").casefold() == "disposition-notification":
        return ("content-type: multipart/report; report-type=disposition-notification",)
    prefix = _starting(seen.flat_subject, RECEIPT_PREFIXES)
    phrase = _within(seen.top, RECEIPT_TEXTS)
    return (f"subject: {prefix}", f"text: {phrase}") if prefix and phrase else ()


def _auto_submitted(seen: Seen) -> str:
    return seen.says("auto-submitted").partition(";")[0].partition("(")[0].strip()


def _auto_reply_field(seen: Seen) -> Evidence:
    """RFC 3834 section 5 and the fields that vacation programs used before and besides it."""
    found = [f"auto-submitted: {_auto_submitted(seen)}"] if _auto_submitted(seen) == "auto-replied" else []
    found += [f"{name}: {seen.says(name)[:80]}" for name in AUTO_REPLY_FIELDS if _affirmed(seen, name)]
    if seen.root.has("x-ms-exchange-inbox-rules-loop") and _suppressed(seen, {"all"}) and not _rule_forwarded(seen):
        found.append("x-ms-exchange-inbox-rules-loop")
    for name in ("precedence", "x-precedence"):
        if seen.says(name) in {"auto_reply", "auto-reply", "autoreply"}:
            found.append(f"{name}: {seen.says(name)}")
    return tuple(found)


def _affirmed(seen: Seen, name: str) -> bool:
    return seen.root.has(name) and seen.says(name) not in _DENIALS


def _absence(seen: Seen) -> Evidence:
    """Automatic replies that no field marks for sure, as Exchange sends them: words and envelope, weighed together."""
    words = [*_subject_words(seen), *_text_words(seen)]
    if not words:
        return ()
    found = sorted([*words, *_envelope(seen)], key=lambda each: -each[0])
    return tuple(evidence for _, evidence in found) if sum(weight for weight, _ in found) >= _PROVEN else ()


def _subject_words(seen: Seen) -> list[tuple[int, str]]:
    subject = seen.flat_subject
    sure, likely = (_starting(subject, table) for table in (AUTO_PREFIXES, ABSENCE_PREFIXES))
    if sure:
        return [(3, f"subject: {sure}")]
    if likely:
        return [(2 if ":" in subject[: len(likely) + 20] else 1, f"subject: {likely}")]
    if bounce_signs.is_reply_or_forward(subject):
        return []
    told, hint = (_within(subject, table) for table in (ABSENCE_SUBJECTS, ANSWER_SUBJECTS))
    return [(2 if told else 1, f"subject: {told or hint}")] if told or hint else []


def _text_words(seen: Seen) -> list[tuple[int, str]]:
    """A machine that says so is nearly enough; an absence is told by people too."""
    sure, likely = (_within(seen.top, table) for table in (AUTO_TEXTS, ABSENCE_TEXTS))
    return [(2 if sure else 1, f"text: {sure or likely}")] if sure or likely else []


def _envelope(seen: Seen) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    if bounce_signs.null_path(seen.root):
        found.append((2, "return-path: <>"))
    if _suppressed(seen, {"all", "oof", "autoreply"}):
        found.append((2, f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}"))
    if _auto_submitted(seen) not in _HUMAN_SUBMISSIONS:
        found.append((2, f"auto-submitted: {_auto_submitted(seen)[:80]}"))
    if seen.says("precedence") in {"bulk", "junk"}:
        found.append((1, f"precedence: {seen.says('precedence')}"))
    if seen.root.first("from").casefold().lstrip("<").startswith(_UNANSWERABLE) and not seen.root.has("reply-to"):
        found.append((1, "sender: no reply"))
    if seen.root.has("in-reply-to") and not bounce_signs.is_reply_or_forward(seen.flat_subject):
        found.append((1, "in-reply-to without a reply's subject"))
    return found


def _starting(text: str, phrases: tuple[str, ...]) -> str:
    return next((phrase for phrase in phrases if text.startswith(phrase)), "")


def _within(text: str, phrases: tuple[str, ...]) -> str:
    return next((phrase for phrase in phrases if phrase in text), "")


def _suppressed(seen: Seen, wishes: set[str]) -> bool:
    """[MS-OXCMAIL] section 2.1.3.2.21: which answers the sender does not want."""
    return bool(wishes & {word.strip() for word in seen.says("x-auto-response-suppress").split(",")})


def _rule_forwarded(seen: Seen) -> bool:
    """A person's mail that a mailbox rule passed on: Exchange marks it auto-generated, and it is not.

    The same agent writes automatic replies, but those answer something and are no forwards.
    """
    if "mailbox rules agent" not in seen.says("x-ms-exchange-generated-message-source"):
        return False
    return (
        seen.root.has("resent-from")
        or bounce_signs.is_reply_or_forward(seen.flat_subject)
        or not (seen.root.has("in-reply-to") or _suppressed(seen, {"all"}))
    )


def _through_own_list(seen: Seen) -> bool:
    """The mail came over a mailing list or group that is one of the desk's own doors."""
    doors = {entry.casefold().strip("<> ") for entry in (*seen.context.own_lists, *seen.context.own_addresses)}
    if not doors:
        return False
    names = [value.casefold().rpartition("<")[2].strip("<> ") for value in seen.root.every("list-id")]
    for field in ("list-id", "list-post", "mailing-list", "x-mailing-list", "sender", "x-beenthere"):
        for value in seen.root.every(field):
            names += [found.address.casefold() for found in addresses_in_text.spot(value[:2000])]
    # RFC 2919 section 2: an id is the posting address with a dot for the "@", or begins so.
    return any(name in doors or name.replace(".", "@", 1) in doors for name in names)


def _generated(seen: Seen) -> Evidence:
    value = _auto_submitted(seen)
    if value in _HUMAN_SUBMISSIONS or _rule_forwarded(seen):
        return ()
    return (f"auto-submitted: {value[:80]}",)


def _bulk(seen: Seen) -> Evidence:
    """Lists and mass mail (RFC 2369, RFC 2919, Precedence), and whatever asks not to be answered."""
    found = [] if _through_own_list(seen) else [*_list_fields(seen), *_precedence(seen)]
    if _suppressed(seen, {"all"}) and not _rule_forwarded(seen):
        found.append(f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}")
    found += [f"{name}: {seen.says(name)[:80]}" for name in BULK_FIELDS if _affirmed(seen, name)]
    return tuple(found)


def _precedence(seen: Seen) -> list[str]:
    value = seen.says("precedence")
    return [f"precedence: {value[:80]}"] if value.startswith(_BULK_PRECEDENCE) and not _by_help_desk(seen) else []


def _list_fields(seen: Seen) -> list[str]:
    names = ("list-id", "list-post", "mailing-list", "list-unsubscribe")
    found = [f"{name}: {seen.says(name)[:80]}" for name in names if seen.root.has(name)]
    # Sales and support programs put a lone List-Unsubscribe into the letters that people write with them.
    answered = seen.root.has("in-reply-to") and bounce_signs.is_reply_or_forward(seen.flat_subject)
    lone = [name for name in names if seen.root.has(name)] == ["list-unsubscribe"]
    return [] if lone and answered else found


def _by_help_desk(seen: Seen) -> bool:
    """An agent's answer out of another help desk: Request Tracker marks all its mail as bulk."""
    return seen.root.has("in-reply-to") and any(seen.root.has(name) for name in HELP_DESK_FIELDS)


def _notification(seen: Seen) -> Evidence:
    """RFC 5321 section 4.5.5: what has the null reverse-path is a notification, and must not be answered."""
    if not bounce_signs.null_path(seen.root) or bounce_signs.is_from_mail_client(seen.root):
        return ()
    return ("return-path: <>",)


RULES: tuple[tuple[Kind, Rule], ...] = (
    (Kind.OWN, _own),
    (Kind.FEEDBACK_REPORT, _feedback),
    (Kind.BOUNCE, _bounce),
    (Kind.AUTO_REPLY, _receipt),
    (Kind.AUTO_REPLY, _auto_reply_field),
    (Kind.AUTO_REPLY, _absence),
    (Kind.BULK, _generated),
    (Kind.BULK, _bulk),
    (Kind.BULK, _notification),
)
