"""The life of a ticket, as one table. ``docs/lifecycle.md`` is made from it."""

from __future__ import annotations

from enum import StrEnum

from gateway.desk.model import Status
from gateway.errors import Refused

NEW, WORK, WAIT = Status.NEW, Status.IN_PROGRESS, Status.PENDING
BACK, CHECK, CLOSED = Status.CLIENT_RESPONDED, Status.TO_BE_CHECKED, Status.CLOSED


class Cause(StrEnum):
    """What can move a ticket."""

    CLIENT_WROTE = "a participant wrote"
    ANSWERED = "an agent answered the client"
    ANSWERED_WORKING = "an agent answered the client (after_reply = in_progress)"
    TAKE = "#take"
    WAIT = "#pending"
    WORK = "#inprogress"
    CLOSE = "#close"
    REOPEN = "#reopen"
    HAND_IN = "work handed in for checking"
    APPROVE = "the checker approved"
    REVISE = "the checker sent it back"
    RENEW = "an admin set it to new"


def _every(target: Status, *sources: Status) -> dict[Status, Status]:
    return dict.fromkeys(sources, target)


def _stay(*statuses: Status) -> dict[Status, Status]:
    return {status: status for status in statuses}


TABLE: dict[Cause, dict[Status, Status]] = {
    Cause.CLIENT_WROTE: _stay(NEW, WORK, BACK, CHECK) | {WAIT: BACK, CLOSED: WORK},
    Cause.ANSWERED: _every(WAIT, NEW, WORK, WAIT, BACK) | _stay(CHECK, CLOSED),
    Cause.ANSWERED_WORKING: _every(WORK, NEW, WORK, WAIT, BACK) | _stay(CHECK, CLOSED),
    Cause.TAKE: {NEW: WORK} | _stay(WORK, WAIT, BACK, CHECK, CLOSED),
    Cause.WAIT: _every(WAIT, *Status),
    Cause.WORK: _every(WORK, *Status),
    Cause.CLOSE: _every(CLOSED, *Status),
    Cause.REOPEN: {CLOSED: WORK},
    Cause.HAND_IN: _every(CHECK, NEW, WORK, WAIT, BACK),
    Cause.APPROVE: {CHECK: CLOSED},
    Cause.REVISE: {CHECK: WORK},
    Cause.RENEW: _every(NEW, *Status),
}
"""From each status, where a cause leads. An edge that is not here cannot be walked."""

WORDS = {
    NEW: "New",
    WORK: "In progress",
    WAIT: "Pending response from client",
    BACK: "Client has responded",
    CHECK: "To be checked",
    CLOSED: "Closed",
}


def move(status: Status, cause: Cause) -> Status:
    """Where ``cause`` leads from ``status``.

    Raises Refused when there is no such edge.
    """
    target = TABLE[cause].get(status)
    if target is None:
        raise Refused(f"{cause.value} is not possible while the ticket is {WORDS[status].lower()}")
    return target


def document() -> str:
    """The table as Markdown."""
    head = "| what happens | " + " | ".join(s.value for s in Status) + " |"
    rule = "|" + "---|" * (len(Status) + 1)
    rows = [
        f"| {cause.value} | " + " | ".join(_cell(s, edges.get(s)) for s in Status) + " |"
        for cause, edges in TABLE.items()
    ]
    return "\n".join([head, rule, *rows]) + "\n"


def _cell(source: Status, target: Status | None) -> str:
    if target is None:
        return "refused"
    return "stays" if target is source else f"**{target.value}**"
