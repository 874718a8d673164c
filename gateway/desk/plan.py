"""A decision about one ticket in the making: operations so far, and the ticket as it will be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.desk import decision as d
from gateway.desk import lifecycle
from gateway.desk.lifecycle import Cause
from gateway.desk.model import Person, Status, Ticket
from gateway.desk.notices import NoticeDraft
from gateway.desk.policy import Policy, Situation


class Plan:
    """Lives for one decision. Nothing of it is carried out unless ``decision`` is reached."""

    def __init__(self, ticket: Ticket, actor: str, policy: Policy, situation: Situation) -> None:
        self.ticket = ticket
        self.before = ticket
        self.actor = actor
        self.policy = policy
        self.situation = situation
        self.ops: list[d.Op] = []
        self.lines: list[str] = []
        self.warnings: list[str] = []

    @property
    def number(self) -> int:
        return self.ticket.number

    @property
    def desk_domain(self) -> str:
        return self.policy.address.rpartition("@")[2]

    def add(self, *ops: d.Op) -> None:
        self.ops.extend(ops)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, line: str) -> None:
        self.warnings.append(line)

    def event(self, kind: str, **data: Any) -> None:
        self.add(d.AddEvent(self.number, self.actor, kind, data))

    def notify(self, draft: NoticeDraft, *, carries_message: bool = False) -> None:
        self.add(d.Notify(draft, carries_message))

    def move(self, cause: Cause) -> bool:
        """Walk an edge of the lifecycle. True when the status changed.

        Raises Refused when there is no such edge.
        """
        before, after = self.ticket.status, lifecycle.move(self.ticket.status, cause)
        if after is before:
            return False
        values: dict[str, Any] = {"status": after}
        if Status.CLOSED in {before, after}:
            values["closed_at"] = self.situation.now if after is Status.CLOSED else None
        if after is not Status.PENDING and self.ticket.waiting_for:
            values["waiting_for"] = ""
        self.change(**values)
        self.event("status_changed", **{"from": before.value, "to": after.value})
        self.say(f"Status: {lifecycle.WORDS[before].lower()} → {lifecycle.WORDS[after].lower()}.")
        return True

    def change(self, **values: Any) -> None:
        self.add(d.Change(self.number, values))
        self.ticket = replace(self.ticket, **values)

    def give_to(self, person: Person, why: str) -> None:
        before = self.ticket.owner
        self.change(owner=person, owner_why=why)
        self.event("assigned", **{"from": before.handle if before else None, "to": person.handle, "why": why})

    def decision(self, outcome: str) -> d.Decision:
        return d.Decision(outcome, tuple(self.ops), self.number, lines=(*self.lines, *self.warnings))
