"""Orders from the console: the same acts as an agent's mail, by an admin. Pure."""

from __future__ import annotations

from gateway.desk import acts, commands
from gateway.desk import decision as d
from gateway.desk.acts import Act, Held
from gateway.desk.commands import Command
from gateway.desk.lifecycle import Cause
from gateway.desk.model import STATUS_WORDS, Person, Role, Status, Ticket
from gateway.desk.plan import Plan
from gateway.desk.policy import Policy, Situation
from gateway.errors import Refused

_SETS = {
    Status.NEW: Cause.RENEW,
    Status.IN_PROGRESS: Cause.WORK,
    Status.PENDING: Cause.WAIT,
    Status.TO_BE_CHECKED: Cause.HAND_IN,
    Status.CLOSED: Cause.CLOSE,
}


def act(ticket: Ticket, order: str, text: str, policy: Policy, now: Situation, *, note: bool = False) -> d.Decision:
    """``order``: command lines as an agent would write them, or "". ``text``: an answer, or a note.

    Raises Refused when it cannot be done.
    """
    parsed = commands.parse(order)
    if parsed.errors or parsed.body:
        raise Refused(" ".join(parsed.errors) or f"{parsed.body!r} is not a command")
    return _run(ticket, parsed.commands, text, note, policy, now)


def _run(
    ticket: Ticket, order: tuple[Command, ...], text: str, note: bool, policy: Policy, now: Situation
) -> d.Decision:
    admin = Person(0, policy.desk_name, (policy.address,), Role.ADMIN)
    plan = Plan(ticket, "admin", policy, now)
    try:
        acts.carry_out(Act(admin, text, order, as_note=note), plan)
    except Refused as refusal:
        raise Refused(refusal.public.removeprefix("Line 1: ")) from None
    except Held as held:
        raise Refused(f"held: the text repeats an internal note ({held.matched!r}); nothing was sent") from None
    return plan.decision("order carried out")


def set_status(ticket: Ticket, word: str, policy: Policy, now: Situation) -> d.Decision:
    """Set a status by hand, without writing to anybody.

    Raises Refused for an unknown status, and for client_responded, which only a client's mail sets.
    """
    status = STATUS_WORDS.get(word.strip().casefold())
    if status is None:
        raise Refused(f"there is no status {word!r}; there are {', '.join(s.value for s in Status)}")
    if status is Status.CLIENT_RESPONDED:
        raise Refused("client_responded is set by a client's mail alone")
    plan = Plan(ticket, "admin", policy, now)
    plan.move(_SETS[status])
    return plan.decision("status set")
