"""What notices say: nothing internal to clients, everything that staff needs, and only names that templates have."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from harness.pure import AGENTS, CASEY, JOE, NOW, OLIVIA, SAM, file, message, ticket

from gateway.desk import drafts
from gateway.desk.drafts import PublicView, Said
from gateway.desk.model import Direction, Document, Ticket
from gateway.desk.notices import KINDS, Audience, NoticeDraft, missing_names, sample

SECRET = "xyzzy-secret"
SAID = Said("Olivia", "", NOW, "Hello", "<p>Hello</p>", (file("a.pdf"),))


def full() -> Ticket:
    return ticket(
        messages=(
            message(Direction.IN, "hello", message_id="first@client.example"),
            message(Direction.NOTE, SECRET, author=JOE, message_id=f"{SECRET}@desk.example"),
            message(Direction.OUT, "hi", author=OLIVIA, message_id="second@desk.example"),
        ),
        summary=SECRET,
        waiting_for=SECRET,
        owner_why=SECRET,
        tags=(SECRET,),
        priority=SECRET,
        participants=(CASEY, SAM),
        documents=(Document(1, "W-2"),),
        last_acted={SECRET: NOW},
    )


def test_there_is_no_way_from_the_public_view_to_a_note() -> None:
    names = {f.name for f in fields(PublicView)}
    assert not names & {"messages", "notes", "summary", "owner", "owner_why", "tags", "others", "last_acted", "ticket"}
    assert SECRET not in repr(drafts.public(full()))


@pytest.mark.parametrize("kind", [k.name for k in KINDS.values() if k.audience is Audience.CLIENT])
def test_a_clients_notice_holds_nothing_internal_and_all_that_its_template_may_use(kind: str) -> None:
    more = {"documents": drafts.documents(full().documents)} if kind == "document_missing" else {}
    by = {"by": "Casey"} if kind == "participant_added" else {}
    said = SAID if "message" in sample(kind) else None
    draft = drafts.client_notice(kind, CASEY, drafts.public(full()), said=said, agent=OLIVIA, **more, **by)
    assert SECRET not in repr(draft)
    assert missing_names(kind, draft.context) == []
    assert OLIVIA.address not in repr(draft)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("staff_new", {}),
        ("staff_client_responded", {}),
        ("staff_assigned", {"by": "Joe", "reason": ""}),
        ("staff_note", {"by": "Joe", "mentioned": True}),
    ],
)
def test_a_staff_notice_holds_all_that_its_template_may_use(kind: str, more: dict[str, object]) -> None:
    draft = drafts.staff_notice(kind, OLIVIA, full(), said=SAID, desk_domain="desk.example", **more)
    assert missing_names(kind, draft.context) == []
    assert draft.references == ("ticket-1001.staff@desk.example",)


def test_unseen_notes_are_those_of_others_since_one_last_acted() -> None:
    notes = tuple(
        message(Direction.NOTE, text, author=who, at=NOW - timedelta(hours=h))
        for text, who, h in (("old", JOE, 5), ("new", JOE, 1), ("mine", OLIVIA, 1))
    )
    seen = ticket(messages=notes, last_acted={"olivia": NOW - timedelta(hours=2)})
    assert [n.text for n in drafts.unseen_notes(seen, OLIVIA)] == ["new"]
    assert [n.text for n in drafts.unseen_notes(seen, JOE)] == ["mine"]
    assert [n.text for n in drafts.unseen_notes(ticket(messages=notes), OLIVIA)] == ["old", "new"]


def test_a_thread_keeps_its_root_and_its_newest_ids() -> None:
    many = [message(Direction.IN, "x", message_id=f"{n}@x") for n in range(20)]
    assert drafts.thread_of(many) == ("0@x", "16@x", "17@x", "18@x", "19@x")
    assert drafts.thread_of([many[0], many[0]]) == ("0@x",)
    assert drafts.thread_of([]) == ()
    assert drafts.thread_of([message(Direction.NOTE, "x", message_id="n@x")]) == ()


def test_an_anonymous_notice_has_no_word_that_its_recipient_could_have_chosen() -> None:
    loud = replace(CASEY, name=SECRET)
    draft = drafts.client_notice("received", loud, drafts.public(ticket(subject=SECRET, client=loud)))
    assert SECRET in repr(draft)
    assert SECRET not in repr(drafts.anonymous(draft))
    assert missing_names("received", drafts.anonymous(draft).context) == []


def test_the_owner_is_told_that_they_are_it() -> None:
    context = drafts.staff_context(ticket(), OLIVIA)
    assert (context["owner"]["is_you"], drafts.staff_context(ticket(), JOE)["owner"]["is_you"]) == (True, False)
    assert drafts.staff_context(ticket(owner=None), JOE)["owner"]["why"] == "nobody owns it"


def test_a_notice_that_no_template_knows_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="no notice is called"):
        NoticeDraft("nonsense", CASEY.mailbox, 1, {})


@pytest.mark.parametrize("name", ["", " ", ",", "Reyes, Olivia", "Olivia Reyes", "Reyes,", "  Ö  "])
def test_a_first_name_is_found_or_left_out(name: str) -> None:
    person = replace(AGENTS[0], name=name)
    assert person.first_name in {"", "Olivia", "Reyes,", ",", "Ö"}
