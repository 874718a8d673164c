"""Is it a feedback report: a complaint, an opt-out, or a receiver's statistics?"""

from __future__ import annotations

import re

from gateway.inbound.reading import bounce_sns
from gateway.inbound.reading.kind_seen import HUMAN_SUBMISSIONS, Evidence, Seen
from gateway.inbound.reading.machine_phrases import FEEDBACK_SUBJECTS

_FEEDBACK = re.compile(r"\s{0,20}(?:[\w-]{1,40}:[^\n]{0,200}\n){0,4}feedback-type:", re.IGNORECASE)


def feedback(seen: Seen) -> Evidence:
    """Abuse, opt-out and aggregate reports (RFC 5965, RFC 7489, RFC 8460), and the formats that are older."""
    kind_of_report = seen.root.parameters.get("report-type", "").casefold()
    if kind_of_report in {"feedback-report", "tlsrpt"}:
        return (f"content-type: multipart/report; report-type={kind_of_report}",)
    if any(part.content_type == "message/feedback-report" or _FEEDBACK.match(part.text or "") for part in seen.parts()):
        return ("part: message/feedback-report",)
    event = bounce_sns.event(seen.root, seen.text)
    if event and event.kind == "complaint":
        return ("amazon ses: complaint",)
    if seen.root.has("x-hmxmroriginalrecipient"):
        return ("x-hmxmroriginalrecipient",)
    return _by_subject(seen)


def _by_subject(seen: Seen) -> Evidence:
    subject = seen.flat_subject
    if subject == "unsubscribe" and seen.auto_submitted not in HUMAN_SUBMISSIONS:
        return ("subject: unsubscribe", f"auto-submitted: {seen.auto_submitted}")
    if subject.startswith("report domain:") and "submitter:" in subject:
        return (f"subject: {subject[:100]}",)
    returned = any(part.content_type == "message/rfc822" for part in seen.parts())
    if returned and subject.startswith(FEEDBACK_SUBJECTS):
        return (f"subject: {subject[:100]}", "part: message/rfc822")
    return ()
