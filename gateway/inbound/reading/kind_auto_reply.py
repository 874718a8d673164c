"""Is it an automatic reply? Fields that say so, then words and envelope weighed together."""

from __future__ import annotations

from gateway.inbound.reading import bounce_signs
from gateway.inbound.reading.kind_seen import HUMAN_SUBMISSIONS, Evidence, Seen, is_rule_forwarded, starting, within
from gateway.inbound.reading.machine_phrases import (
    ABSENCE_PREFIXES,
    ABSENCE_SUBJECTS,
    ABSENCE_TEXTS,
    ANSWER_SUBJECTS,
    AUTO_PREFIXES,
    AUTO_REPLY_FIELDS,
    AUTO_TEXTS,
    RECEIPT_PREFIXES,
    RECEIPT_TEXTS,
)

_PROVEN = 3
_UNANSWERABLE = frozenset(
    {"noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "nicht-antworten"}
)


def receipt(seen: Seen) -> Evidence:
    """Success reports (RFC 3464) and read receipts (RFC 8098): news from machines, not failures."""
    if seen.reports:
        return tuple(f"{report.action}: {report.recipient}" for report in seen.reports[:3])
    if any(part.content_type == "message/disposition-notification" for part in seen.root.walk()):
        return ("part: message/disposition-notification",)
    if seen.root.parameters.get("report-type", "").casefold() == "disposition-notification":
        return ("content-type: multipart/report; report-type=disposition-notification",)
    prefix = starting(seen.flat_subject, RECEIPT_PREFIXES)
    phrase = within(seen.top, RECEIPT_TEXTS)
    return (f"subject: {prefix}", f"text: {phrase}") if prefix and phrase else ()


def marked(seen: Seen) -> Evidence:
    """RFC 3834 section 5 and the fields that vacation programs used before and besides it."""
    found = [f"auto-submitted: {seen.auto_submitted}"] if seen.auto_submitted == "auto-replied" else []
    found += [f"{name}: {seen.says(name)[:80]}" for name in AUTO_REPLY_FIELDS if seen.affirms(name)]
    if seen.root.has("x-ms-exchange-inbox-rules-loop") and seen.suppresses({"all"}) and not is_rule_forwarded(seen):
        found.append("x-ms-exchange-inbox-rules-loop")
    for name in ("precedence", "x-precedence"):
        if seen.says(name) in {"auto_reply", "auto-reply", "autoreply"}:
            found.append(f"{name}: {seen.says(name)}")
    return tuple(found)


def absence(seen: Seen) -> Evidence:
    """Automatic replies that no field marks for sure, as Exchange sends them: words and envelope, weighed together."""
    words = [*_subject_words(seen), *_text_words(seen)]
    if not words:
        return ()
    found = sorted([*words, *_envelope(seen)], key=lambda each: -each[0])
    return tuple(evidence for _, evidence in found) if sum(weight for weight, _ in found) >= _PROVEN else ()


def _subject_words(seen: Seen) -> list[tuple[int, str]]:
    subject = seen.flat_subject
    sure, likely = (starting(subject, table) for table in (AUTO_PREFIXES, ABSENCE_PREFIXES))
    if sure:
        return [(3, f"subject: {sure}")]
    if likely:
        return [(2 if ":" in subject[: len(likely) + 20] else 1, f"subject: {likely}")]
    if bounce_signs.is_reply_or_forward(subject):
        return []
    told, hint = (within(subject, table) for table in (ABSENCE_SUBJECTS, ANSWER_SUBJECTS))
    return [(2 if told else 1, f"subject: {told or hint}")] if told or hint else []


def _text_words(seen: Seen) -> list[tuple[int, str]]:
    """A machine that says so is nearly enough; an absence is told by people too."""
    sure, likely = (within(seen.top, table) for table in (AUTO_TEXTS, ABSENCE_TEXTS))
    return [(2 if sure else 1, f"text: {sure or likely}")] if sure or likely else []


def _envelope(seen: Seen) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    if bounce_signs.null_path(seen.root):
        found.append((2, "return-path: <>"))
    if seen.suppresses({"all", "oof", "autoreply"}):
        found.append((2, f"x-auto-response-suppress: {seen.says('x-auto-response-suppress')[:80]}"))
    if seen.auto_submitted not in HUMAN_SUBMISSIONS:
        found.append((2, f"auto-submitted: {seen.auto_submitted[:80]}"))
    if seen.says("precedence") in {"bulk", "junk"}:
        found.append((1, f"precedence: {seen.says('precedence')}"))
    if seen.sender and seen.sender.local_part.casefold() in _UNANSWERABLE and not seen.root.has("reply-to"):
        found.append((1, "sender: no reply"))
    if seen.root.has("in-reply-to") and not bounce_signs.is_reply_or_forward(seen.flat_subject):
        found.append((1, "in-reply-to without a reply's subject"))
    return found
