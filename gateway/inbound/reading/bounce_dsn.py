"""Delivery status notifications (RFC 3464, RFC 6533), read as they are written and not only as they should be.

Fields may come in any order, in a text/plain part, without a blank line between recipients, or with the status
of a recipient cut off from it by a stray blank line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from gateway.inbound.reading import addresses_in_text, bounce_reason
from gateway.inbound.reading.source import Part
from gateway.mail import DeliveryReport

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECIPIENT_FIELDS = ("original-recipient", "final-recipient", "x-actual-recipient")
_KNOWN = frozenset(
    {*_RECIPIENT_FIELDS, "action", "status", "diagnostic-code", "remote-mta", "reporting-mta", "arrival-date"}
    | {"last-attempt-date", "final-log-id", "will-retry-until", "received-from-mta", "dsn-gateway"}
    | {"original-envelope-id"}
)
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_ACTION_WORDS = {"failure": "failed", "fail": "failed", "failed": "failed", "deliverable": "delivered"}
_MAX_CHARS = 100_000
_MAX_TEXTS = 20
_MAX_VALUE = 4_000
_MAX_REPORTS = 300

Group = dict[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """One recipient's fields as found; ``final`` and ``original`` are addresses or ""."""

    final: str
    original: str
    action: str
    status: str
    diagnostic: str


def statuses(root: Part) -> tuple[Status, ...]:
    """The recipients of every delivery-status part of the message itself, one for each address."""
    found: dict[tuple[str, str], Status] = {}
    for text in _texts(root):
        for group in _recipients(_groups(text)):
            status = _status(group)
            if status and len(found) < _MAX_REPORTS:
                found.setdefault((status.final.casefold(), status.original.casefold()), status)
    return tuple(found.values())


def has_status_part(root: Part) -> bool:
    """Whether a part of the message itself is a delivery status."""
    return any(part.content_type in STATUS_TYPES for part in root.walk())


def has_report(root: Part) -> bool:
    """Whether a text of the message itself holds delivery-status fields for a recipient."""
    return any(group for text in _texts(root) for group in _recipients(_groups(text)))


def reports(statuses: tuple[Status, ...], said: tuple[DeliveryReport, ...], notice: str) -> tuple[DeliveryReport, ...]:
    """A report for each status. What the notice says of its recipient counts where its own fields say nothing."""
    words = {each.recipient.casefold(): each.diagnostic for each in said}
    return tuple(
        _report(status, words.get(status.final.casefold()) or words.get(status.original.casefold(), ""), notice)
        for status in statuses
    )


def _report(status: Status, said: str, notice: str) -> DeliveryReport:
    """The notice's words speak for a recipient only where its own fields leave a doubt."""
    action = status.action or _action_of(status.status)
    diagnostic = (status.diagnostic or said or notice)[:_MAX_VALUE]
    decisive = diagnostic if status.diagnostic or status.status not in bounce_reason.DEAD else ""
    if bounce_reason.is_after_data(said):
        decisive = said
    code = status.status if not status.status.endswith(".0.0") else ""
    return DeliveryReport(
        recipient=status.original or status.final,
        action=action,
        status=code or bounce_reason.enhanced(status.diagnostic) or status.status,
        permanent=bounce_reason.is_permanent(action, status.status, decisive),
        diagnostic=bounce_reason.one_line(diagnostic),
    )


def _texts(root: Part) -> Iterator[str]:
    texts = (part for part in root.walk() if part.text)
    for part in islice(texts, _MAX_TEXTS):
        if part.content_type in STATUS_TYPES or _reads_like_status(part):
            yield (part.text or "")[:_MAX_CHARS]


def _reads_like_status(part: Part) -> bool:
    """A status in another dress: text/plain, message/delivery-report, …, but never in a human's quotation."""
    if part.content_type == "text/html" or part.content_type.startswith("message/rfc822"):
        return False
    text = (part.text or "")[:_MAX_CHARS].casefold()
    return (
        "\nfinal-recipient:" in "\n" + text or "\noriginal-recipient:" in "\n" + text
    ) and "\naction:" in "\n" + text


def _groups(text: str) -> Iterator[Group]:
    """Runs of status fields. A blank line ends one, and so does a field that would come twice."""
    group: Group = {}
    last = ""
    for line in text.split("\n"):
        if not line.strip():
            if group:
                yield group
            group, last = {}, ""
        elif line[0] in " \t" and last:
            if len(group[last]) < _MAX_VALUE:
                group[last] += " " + line.strip()
        else:
            name, colon, value = line.partition(":")
            key = name.strip().casefold()
            if not colon or key not in _KNOWN:
                last = ""
                continue
            if key in group and (key in _RECIPIENT_FIELDS or key == "action"):
                yield group
                group = {}
            group.setdefault(key, value.strip())
            last = key
    if group:
        yield group


def _recipients(groups: Iterable[Group]) -> Iterator[Group]:
    """Groups that name a recipient, each with the orphaned fields that follow it."""
    held: Group = {}
    for group in groups:
        if any(name in group for name in _RECIPIENT_FIELDS):
            if held:
                yield held
            held = group
        elif held and ("status" in group or "diagnostic-code" in group or "action" in group):
            held = {**group, **held}
    if held:
        yield held


def _status(group: Group) -> Status | None:
    final, original = (_address(group.get(name, "")) for name in ("final-recipient", "original-recipient"))
    final = final or _address(group.get("x-actual-recipient", ""))
    if not final and not original:
        return None
    code = bounce_reason.enhanced(group.get("status", ""))
    return Status(final, original, _action(group.get("action", "")), code, group.get("diagnostic-code", ""))


def _address(value: str) -> str:
    """The address of "rfc822; a@b", "<a@b>", "utf-8;a@b" (RFC 3464 section 2.1.2); "" when there is none."""
    _, semicolon, rest = value.partition(";")
    return addresses_in_text.first(rest if semicolon else value)


def _action(value: str) -> str:
    word = value.strip().casefold().split(" ")[0].strip("();,.")
    word = _ACTION_WORDS.get(word, word)
    return word if word in _ACTIONS else ""


def _action_of(status: str) -> str:
    return {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")
