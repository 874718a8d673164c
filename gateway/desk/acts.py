"""What an agent does to a ticket: answer, note, take, assign, wait, close, ask for documents.

One function carries a whole mail or order out, all of it or nothing: whatever cannot be done raises
``Refused`` before a single operation leaves the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.desk import commands, documents, drafts, leak, routing
from gateway.desk import decision as d
from gateway.desk.commands import Command
from gateway.desk.drafts import Said
from gateway.desk.lifecycle import Cause
from gateway.desk.model import Direction, Document, DocumentState, FileRef, Person, Status
from gateway.desk.notices import NoticeDraft
from gateway.desk.plan import Plan
from gateway.errors import Refused
from gateway.mail import Address

_SENT = {
    "reply": "Your answer went to",
    "closed": "The closing mail went to",
    "conversation_started": "Your mail went to",
    "document_requested": "Your request for documents went to",
}
_STATES = ("pending", "inprogress", "close", "reopen")


class Held(Exception):
    """The text repeats an internal note; it must not leave."""

    def __init__(self, matched: str) -> None:
        super().__init__(matched)
        self.matched = matched


@dataclass(frozen=True, slots=True)
class Act:
    """What an agent (or an admin on the console) wants done. ``text`` is the new text without its commands."""

    agent: Person
    text: str
    commands: tuple[Command, ...] = ()
    html: str = ""
    files: tuple[FileRef, ...] = ()
    as_note: bool = False
    message_id: str = ""
    """Of the agent's own mail: a client who got a copy may answer to that."""
    from_mail: bool = False
    opening: bool = False
    """It begins a conversation."""

    def has(self, *names: str) -> bool:
        return any(c.verb.name in names for c in self.commands)

    @property
    def is_note(self) -> bool:
        return self.as_note or self.has("note")

    @property
    def says_something(self) -> bool:
        """A text or a file; the logo of a signature is neither."""
        return bool(self.text.strip() or documents.handed_in(self.files))

    @property
    def is_public(self) -> bool:
        return not self.is_note and self.says_something

    @property
    def quiet(self) -> bool:
        return any(c.verb.name == "close" and c.value.casefold() == "quiet" for c in self.commands)


def carry_out(act: Act, plan: Plan) -> None:
    """Do all of it.

    Raises Refused when some of it is impossible, Held when the text must not leave.
    """
    _consistent(act)
    if act.is_public or act.has("docs"):
        _guard(act, plan)
    _ownership(act, plan)
    asked = _ask_for_documents(act, plan)
    _each(act, plan, "received", _received)
    if act.is_note and act.says_something:
        _note(act, plan)
    _public(act, plan, asked)
    if act.agent.handle:
        plan.add(d.Acted(plan.number, act.agent.handle))


def _consistent(act: Act) -> None:
    states = [c.verb.name for c in act.commands if c.verb.name in _STATES]
    if len(set(states)) > 1:
        raise Refused(f"#{states[0]} and #{states[1]} contradict each other; keep one of them.")
    if act.has("docs") and act.has("close"):
        raise Refused("#docs asks the client for something, #close ends the ticket; keep one of them.")
    if act.has("docs") and act.is_note:
        raise Refused("#docs writes to the client, but this is an internal note; leave one of them out.")
    if any(c.verb.name == "close" and c.value.casefold() not in {"", "quiet"} for c in act.commands):
        raise Refused("#close takes no value but quiet; write the closing text below the commands.")
    if act.quiet and act.is_public:
        raise Refused("#close quiet sends nothing, but there is a text below it; leave quiet out, or add #note.")
    if not act.commands and not act.says_something:
        raise Refused("The mail holds neither a text nor a command.")


def _guard(act: Act, plan: Plan) -> None:
    notes = [n.reply for n in plan.ticket.notes]
    known = [m.reply for m in plan.ticket.messages if m.direction is not Direction.NOTE]
    asked = [name for c in act.commands if c.verb.name == "docs" for name in commands.names(c.value)]
    found = leak.leaked("\n".join([act.text, *asked]), notes, known, words=plan.policy.shared_note_words)
    if found:
        raise Held(found)
    _new_words(act, plan)


def _new_words(act: Act, plan: Plan) -> None:
    """The same words twice in a row are a responder that answers receipts, or a mail sent by mistake."""
    said = " ".join(act.text.split())
    latest = next((m for m in reversed(plan.ticket.messages) if m.direction is not Direction.NOTE), None)
    if latest is None or latest.direction is not Direction.OUT or latest.author_id != act.agent.id or act.files:
        return
    if said and said == " ".join(latest.reply.split()):
        raise Refused("These very words were the last that went to the client; nothing was sent a second time.")


def _each(act: Act, plan: Plan, name: str, handler: Callable[[Act, Plan, Command], None]) -> None:
    for command in act.commands:
        if command.verb.name == name:
            handler(act, plan, command)


# --- ownership ------------------------------------------------------------------------------------


def _ownership(act: Act, plan: Plan) -> None:
    if act.has("take") and act.has("assign"):
        raise Refused("#take and #assign contradict each other; keep one of them.")
    _each(act, plan, "take", _take)
    _each(act, plan, "assign", _assign)
    owner = plan.ticket.present_owner
    if owner is None and act.agent.handle:
        plan.give_to(act.agent, "answered first")
        plan.say("Nobody owned the ticket: you own it now.")
    elif owner is not None and act.is_public and owner.id != act.agent.id and not act.has("assign"):
        plan.warn(f"The owner of this ticket is {owner.name} ({plan.ticket.owner_why}).")


def _take(act: Act, plan: Plan, _command: Command) -> None:
    if not act.agent.handle:
        raise Refused("Only an agent can take a ticket; name one with assign.")
    before = plan.ticket.owner
    if before is not None and before.id == act.agent.id:
        plan.say("You own the ticket already.")
    else:
        plan.give_to(act.agent, "took it")
        plan.say("You own the ticket now.")
        _tell_former(act, plan, before, f"{act.agent.name} took this ticket.")
    plan.move(Cause.TAKE)


def _assign(act: Act, plan: Plan, command: Command) -> None:
    who, why = commands.who_and_why(command.value)
    situation, routes = plan.situation, plan.policy.routes
    wanted = act.agent.handle if who == "me" else who
    person = routing.resolve(wanted, routes, situation.agents, situation.open_counts) or _by_name(who, plan)
    if person is None:
        known = ", ".join([a.handle for a in situation.agents] + sorted(routes.teams))
        raise Refused(f"Line {command.line}: there is no agent or team {who!r}. There are: {known}.")
    before = plan.ticket.owner
    if before is not None and before.id == person.id:
        plan.say(f"{person.name} owns the ticket already.")
        return
    by = act.agent.name
    plan.give_to(person, f"assigned by {by}" + (f": {why}" if why else ""))
    plan.say(f"Owner: {person.name}.")
    if person.id != act.agent.id:
        said = _latest(plan)
        plan.notify(
            drafts.staff_notice(
                "staff_assigned", person, plan.ticket, said=said, desk_domain=plan.desk_domain, by=by, reason=why
            )
        )
    _tell_former(act, plan, before, f"{by} gave this ticket to {person.name}." + (f" {why}" if why else ""))


def _by_name(who: str, plan: Plan) -> Person | None:
    named = [a for a in plan.situation.agents if who in {a.name.casefold(), a.first_name.casefold(), *a.addresses}]
    return named[0] if len(named) == 1 else None


def _tell_former(act: Act, plan: Plan, former: Person | None, text: str) -> None:
    if former is not None and former.active and former.id != act.agent.id:
        plan.notify(_note_notice(act, plan, former, text, mentioned=False))


def _latest(plan: Plan) -> Said:
    """The client's newest words, for an agent who has not seen them."""
    latest = next((m for m in reversed(plan.ticket.messages) if m.direction is Direction.IN), None)
    if latest is None:
        client = plan.ticket.client
        return Said(client.name, client.address, plan.situation.now, "")
    return Said(latest.author.name, latest.author.address, latest.at, latest.reply or latest.text, files=latest.files)


# --- documents ------------------------------------------------------------------------------------


def _ask_for_documents(act: Act, plan: Plan) -> tuple[str, ...]:
    """The items asked for; those that are already missing are not listed twice."""
    wanted: list[str] = []
    for command in act.commands:
        if command.verb.name == "docs":
            found = commands.names(command.value)
            if not found:
                raise Refused(f"Line {command.line}: write each document in quotes: {command.verb.example}")
            wanted += found
    if not wanted:
        return ()
    present = {doc.name.casefold() for doc in documents.missing(plan.ticket.documents)}
    fresh = tuple(name for name in dict.fromkeys(wanted) if name.casefold() not in present)
    plan.add(d.AddDocuments(plan.number, fresh))
    plan.ticket = replace(plan.ticket, documents=plan.ticket.documents + tuple(Document(0, name) for name in fresh))
    plan.event("documents_requested", names=list(dict.fromkeys(wanted)))
    plan.say("Asked for: " + "; ".join(dict.fromkeys(wanted)) + ".")
    return tuple(dict.fromkeys(wanted))


def _received(_act: Act, plan: Plan, command: Command) -> None:
    document = _pick(plan.ticket.documents, command)
    plan.add(d.SetDocument(document.id, DocumentState.RECEIVED, document.filename))
    changed = replace(document, state=DocumentState.RECEIVED)
    items = tuple(changed if doc is document else doc for doc in plan.ticket.documents)
    plan.ticket = replace(plan.ticket, documents=items)
    plan.event("document_received", name=document.name, by="hand")
    plan.say(f"{document.name}: received ({documents.counts(items)}).")


def _pick(items: tuple[Document, ...], command: Command) -> Document:
    value = command.value.strip().strip('"')
    if value.isdigit() and 1 <= int(value) <= len(items):
        return items[int(value) - 1]
    named = [doc for doc in items if doc.name.casefold() == value.casefold()]
    if named:
        return named[0]
    listed = "; ".join(f"{i} {doc.name}" for i, doc in enumerate(items, 1)) or "none was asked for"
    raise Refused(f"Line {command.line}: there is no document {value!r}. Documents: {listed}.")


# --- texts ----------------------------------------------------------------------------------------


def _said(act: Act, plan: Plan) -> Said:
    return Said(act.agent.name, "", plan.situation.now, act.text, act.html, act.files)


def _message(act: Act, plan: Plan, direction: Direction) -> d.AddMessage:
    return d.AddMessage(
        ticket=plan.number,
        direction=direction,
        kind="person",
        author=Address(act.agent.name, plan.policy.address if direction is Direction.OUT else act.agent.address),
        author_id=act.agent.id or None,
        subject=plan.ticket.subject,
        text=act.text,
        reply=act.text,
        files=act.files,
        references=(act.message_id,) if act.message_id else (),
        from_mail=act.from_mail,
    )


def _note(act: Act, plan: Plan) -> None:
    plan.add(_message(act, plan, Direction.NOTE))
    plan.event("note_added", files=len(act.files))
    told = _mentioned(act, plan)
    owner = plan.ticket.present_owner
    for person in told:
        plan.notify(_note_notice(act, plan, person, act.text, mentioned=True))
    if owner is not None and owner.id != act.agent.id and owner not in told:
        plan.notify(_note_notice(act, plan, owner, act.text, mentioned=False))
        told = (*told, owner)
    names = ", ".join(p.name for p in told)
    plan.say("Your internal note is kept; the client does not see it." + (f" Told: {names}." if names else ""))


def _mentioned(act: Act, plan: Plan) -> tuple[Person, ...]:
    found: list[Person] = []
    for handle in commands.mentions(act.text):
        person = plan.situation.agent(handle)
        team = [plan.situation.agent(h) for h in plan.policy.routes.teams.get(handle, ())]
        people = [p for p in (person, *team) if p is not None and p.id != act.agent.id]
        if not people and handle != act.agent.handle:
            plan.warn(f"@{handle} is no agent or team; nobody was told for it.")
        found += [p for p in people if p not in found]
    return tuple(found)


def _note_notice(act: Act, plan: Plan, to: Person, text: str, *, mentioned: bool) -> NoticeDraft:
    said = Said(act.agent.name, "", plan.situation.now, text, files=act.files)
    return drafts.staff_notice(
        "staff_note",
        to,
        plan.ticket,
        said=said,
        desk_domain=plan.desk_domain,
        mentioned=mentioned,
        by=act.agent.name,
    )


def _public(act: Act, plan: Plan, asked: tuple[str, ...]) -> None:
    """The message to the client, the status that follows from it, and the notices that carry it."""
    public = act.is_public or bool(asked)
    if public:
        plan.add(_message(act, plan, Direction.OUT))
        plan.event("answered", files=len(act.files))
    was = plan.ticket.status
    _state(act, plan, public)
    kind = _notice_kind(act, was, public, bool(asked))
    if kind:
        _send(kind, act, plan, public)


def _state(act: Act, plan: Plan, public: bool) -> None:
    explicit = next((c for c in act.commands if c.verb.name in _STATES), None)
    if explicit is not None:
        causes = {"pending": Cause.WAIT, "inprogress": Cause.WORK, "close": Cause.CLOSE, "reopen": Cause.REOPEN}
        plan.move(causes[explicit.verb.name])
        if explicit.verb.name in {"pending", "inprogress"} and explicit.value:
            plan.change(waiting_for=explicit.value)
            plan.say(f"Waiting for: {explicit.value}.")
    elif public:
        if plan.ticket.status is Status.CLOSED:
            plan.warn("The ticket stays closed; write #pending or #reopen if it goes on.")
        plan.move(Cause.ANSWERED if plan.policy.answer_makes_pending else Cause.ANSWERED_WORKING)


def _notice_kind(act: Act, was: Status, public: bool, asked: bool) -> str:
    if asked:
        return "document_requested"
    closing = act.has("close") and not act.quiet and (was is not Status.CLOSED or public)
    if closing:
        return "closed"
    if not public:
        return ""
    return "conversation_started" if act.opening else "reply"


def _send(kind: str, act: Act, plan: Plan, public: bool) -> None:
    view = drafts.public(plan.ticket)
    agent = act.agent if act.agent.handle else None
    said = _said(act, plan) if public else Said(act.agent.name, "", plan.situation.now, "")
    for person in view.participants:
        notice = drafts.client_notice(kind, person, view, said=said, agent=agent)
        plan.notify(notice, carries_message=public)
    to = ", ".join(f"{p.name} <{p.address}>" if p.name else p.address for p in view.participants)
    plan.say(f"{_SENT[kind]} {to}.")
