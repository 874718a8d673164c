"""Every operation of a decision, in the tables: all of it or nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import get_args

import pytest
import sqlalchemy as sa
from harness.stored import (
    CASEY,
    NOW,
    accept,
    apply,
    claim,
    contact,
    draft,
    later,
    message_op,
    mint,
    notice,
    notice_row,
    open_op,
    open_ticket,
    rows,
    ticket,
)

from gateway.desk import decision as d
from gateway.desk.model import Direction, DocumentState, FileRef, Status, TicketKind
from gateway.desk.notices import sample
from gateway.mail import Address
from gateway.store import Store, inbox, open_store, tickets
from gateway.store import schema as s
from gateway.store.apply import FIRST_NUMBER, Applier

SAM = Address("Sam", "sam@client.example")


def test_the_first_ticket_has_the_first_number_and_the_next_ones_follow(store: Store) -> None:
    assert [open_ticket(store) for _ in range(3)] == [FIRST_NUMBER, FIRST_NUMBER + 1, FIRST_NUMBER + 2]


def test_a_ticket_is_opened_with_all_that_was_decided(store: Store) -> None:
    client, owner = contact(store), contact(store, SAM)
    op = d.OpenTicket(
        TicketKind.CONVERSATION, "Papers", client, owner, "team default", Status.PENDING, "Tax", "Casey asks."
    )
    found = ticket(store, apply(store, op, ticket=d.NEW) or 0)
    assert (found.kind, found.subject, found.status) == (TicketKind.CONVERSATION, "Papers", Status.PENDING)
    assert (found.client.id, found.owner and found.owner.id, found.owner_why) == (client.id, owner.id, "team default")
    assert (found.category, found.summary, found.tier, found.priority, found.tags) == (
        "Tax",
        "Casey asks.",
        1,
        "normal",
        (),
    )
    assert (found.created_at, found.updated_at, found.closed_at) == (NOW, NOW, None)
    assert [p.id for p in found.participants] == [client.id]


def test_tickets_opened_at_once_by_two_hosts_get_numbers_of_their_own(url: str) -> None:
    stores = [open_store(url), open_store(url)]
    client = contact(stores[0])
    numbers: list[int] = []

    def work(store: Store) -> None:
        for _ in range(10):
            numbers.append(open_ticket(store, client))

    threads = [threading.Thread(target=work, args=(stores[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(FIRST_NUMBER, FIRST_NUMBER + 40))
    for store in stores:
        store.close()


@pytest.mark.parametrize("count", [1, 50])
def test_a_message_keeps_everything_and_its_mail(store: Store, count: int) -> None:
    inbox_id = accept(store)
    (held,) = claim(store)
    digest = store.transact(lambda c: inbox.put_blob(c, b"the form"))
    file = FileRef("w2 \x00 \ud800.pdf", "application/pdf", 8, digest, True, "cid@x")
    op = message_op(
        to=(Address("Desk", "support@desk.example"),),
        cc=(SAM,),
        files=(file,) * count,
        message_id="one@client.example",
        references=("zero@client.example", "zero@client.example"),
        evidence=("token in to names #1001: participant",),
        from_mail=True,
        text="nul \x00 and \ud800",
    )
    decision = d.Decision("test", (open_op(contact(store)), op), d.NEW)
    number = store.transact(lambda c: Applier(c, NOW, mint, inbox=held.id).apply(decision), serial=True)
    (message,) = ticket(store, number or 0).messages
    assert (message.author, message.to, message.cc) == (CASEY, (Address("Desk", "support@desk.example"),), (SAM,))
    file = replace(file, filename="w2  ?.pdf")
    assert (message.files, message.message_id, message.text) == ((file,) * count, "one@client.example", "nul  and ?")
    assert store.read(lambda c: c.execute(sa.select(s.message.c.inbox)).scalar_one()) == inbox_id
    found = store.read(lambda c: tickets.by_references(c, ("one@client.example", "zero@client.example", "no@x")))
    assert found == {"one@client.example": ((number, 1),), "zero@client.example": ((number, 2),)}


def test_a_note_leaves_no_reference_that_a_clients_mail_could_match(store: Store) -> None:
    number = open_ticket(store)
    apply(store, message_op(number, Direction.NOTE, message_id="note@desk.example", references=("ref@x.example",)))
    assert store.read(lambda c: tickets.by_references(c, ("note@desk.example", "ref@x.example"))) == {}


def test_an_id_that_no_standard_allows_is_no_reference_and_no_failure(store: Store) -> None:
    import random

    odd = "".join(chr(random.Random(n).randrange(0x4E00, 0x9FFF)) for n in range(998))
    number = open_ticket(store)
    apply(store, message_op(number, message_id=odd, references=(odd + "@x", "a" * 998)))
    assert set(store.read(lambda c: tickets.by_references(c, (odd, odd + "@x", "a" * 998)))) == {"a" * 998}


def test_the_lookup_of_references_takes_any_number_of_ids(store: Store) -> None:
    number = open_ticket(store)
    apply(store, message_op(number, message_id="one@client.example"))
    many = tuple(f"{n}@x.example" for n in range(2000))
    assert store.read(lambda c: tickets.by_references(c, (*many, "one@client.example"))) == {
        "one@client.example": ((number, 1),)
    }


def test_what_belongs_to_two_tickets_is_found_with_the_better_claim_first(store: Store) -> None:
    first, second, third = (open_ticket(store) for _ in range(3))
    apply(store, message_op(first, references=("m@x.example",)))
    apply(store, message_op(second, message_id="m@x.example"))
    apply(store, message_op(third, references=("m@x.example",)))
    found = store.read(lambda c: tickets.by_references(c, ("m@x.example",)))
    assert found == {"m@x.example": ((second, 1), (third, 2), (first, 2))}


def test_changes_reach_their_columns_and_move_the_time_of_the_last_change(store: Store) -> None:
    number = open_ticket(store)
    sam = contact(store, SAM)
    values = {
        "status": Status.CLOSED,
        "owner": sam,
        "owner_why": "took it",
        "closed_at": later(5),
        "waiting_for": "form",
        "tags": ["a", "b"],
        "tier": 2,
    }
    decision = d.Decision("test", (d.Change(number, values),), number)
    store.transact(lambda c: Applier(c, later(9), mint).apply(decision), serial=True)
    found = ticket(store, number)
    assert (found.status, found.owner and found.owner.id, found.owner_why) == (Status.CLOSED, sam.id, "took it")
    assert (found.closed_at, found.waiting_for, found.tags, found.tier) == (later(5), "form", ("a", "b"), 2)
    assert found.updated_at == later(9)
    apply(store, d.Change(number, {"owner": None}))
    assert ticket(store, number).owner is None


@pytest.mark.parametrize("key", ["number", "client", "created_at", "messages"])
def test_what_may_never_change_is_refused_and_nothing_else_is_done(store: Store, key: str) -> None:
    number = open_ticket(store)
    with pytest.raises(ValueError, match=key):
        apply(store, d.Change(number, {"status": Status.CLOSED}), d.Change(number, {key: 1}))
    assert ticket(store, number).status is Status.NEW


def test_a_new_ticket_can_be_named_before_its_number_is_known(store: Store) -> None:
    old = open_ticket(store)
    client = contact(store)
    number = apply(
        store,
        open_op(client),
        d.LinkTickets(d.NEW, old, "continues it"),
        d.Change(old, {"continued_in": d.NEW}),
        d.AddEvent(d.NEW, "client", "continues", {"ticket": old}),
        ticket=d.NEW,
    )
    assert number is not None
    assert ticket(store, old).continued_in == number
    assert store.read(lambda c: tickets.links(c, number)) == ((old, "continues it"),)
    assert [e.kind for e in store.read(lambda c: tickets.events(c, number))] == ["continues"]


def test_speaking_of_a_new_ticket_without_opening_one_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="new ticket"):
        apply(store, message_op(d.NEW))


def test_a_ticket_is_linked_once_and_never_to_itself(store: Store) -> None:
    first, second = open_ticket(store), open_ticket(store)
    for other in (second, second, first):
        apply(store, d.LinkTickets(first, other, "why"))
    assert store.read(lambda c: tickets.links(c, first)) == ((second, "why"),)


def test_participants_and_addressed_people_are_kept_once(store: Store) -> None:
    number, sam = open_ticket(store), contact(store, SAM)
    for _ in range(2):
        apply(store, d.AddParticipant(number, sam), d.RememberAddressed(number, ("Pat@X.example", "kim@x.example")))
    found = ticket(store, number)
    assert [p.address for p in found.participants] == [CASEY.address, SAM.address]
    assert found.addressed == {"pat@x.example", "kim@x.example"}


def test_documents_are_asked_for_and_ticked_off(store: Store) -> None:
    number = open_ticket(store)
    apply(store, d.AddDocuments(number, ("W-2", "Form 1099")))
    first, second = ticket(store, number).documents
    assert (first.name, first.state, second.name) == ("W-2", DocumentState.MISSING, "Form 1099")
    apply(store, d.SetDocument(second.id, DocumentState.RECEIVED, "scan.pdf"))
    first, second = ticket(store, number).documents
    assert (first.state, second.state, second.filename) == (DocumentState.MISSING, DocumentState.RECEIVED, "scan.pdf")


def test_events_are_kept_in_order_and_counted_by_kind(store: Store) -> None:
    number = open_ticket(store)
    apply(store, d.AddEvent(number, "client", "one", {"a": [1]}), d.AddEvent(number, "system", "two"))
    apply(store, d.AddEvent(None, "system", "of the desk"))
    found = store.read(lambda c: tickets.events(c, number))
    assert [(e.actor, e.kind, e.data) for e in found] == [("client", "one", {"a": [1]}), ("system", "two", {})]
    assert store.read(lambda c: tickets.happened(c, number, "one")) == 1
    assert store.read(lambda c: tickets.happened(c, number, "three")) == 0


def test_acting_is_remembered_with_its_latest_time(store: Store) -> None:
    number = open_ticket(store)
    apply(store, d.Acted(number, "olivia"))
    decision = d.Decision("test", (d.Acted(number, "olivia"), d.Acted(number, "joe")), number)
    store.transact(lambda c: Applier(c, later(60), mint).apply(decision), serial=True)
    assert ticket(store, number).last_acted == {"olivia": later(60), "joe": later(60)}


def test_a_deadline_replaces_the_earlier_one_of_its_kind_and_can_be_cleared(store: Store) -> None:
    number = open_ticket(store)
    apply(store, d.SetDeadline(number, "chase", later(10)), d.SetDeadline(number, "remind", later(20)))
    apply(store, d.SetDeadline(number, "chase", later(30), {"n": 2}))
    query = sa.select(s.deadline.c.kind, s.deadline.c.due_at, s.deadline.c.data).order_by(s.deadline.c.kind)
    found = [tuple(row) for row in store.read(lambda c: c.execute(query).all())]
    assert found == [("chase", later(30), {"n": 2}), ("remind", later(20), {})]
    apply(store, d.ClearDeadline(number, "chase"), d.ClearDeadline(number, "no such"))
    assert rows(store, s.deadline) == 1


def test_a_notice_of_a_new_ticket_learns_its_number(store: Store) -> None:
    context = {**sample("staff_new"), "ticket": {**sample("staff_new")["ticket"], "number": 0}}
    sent = replace(draft(kind="staff_new", ticket=d.NEW), context=context, references=("ticket-0.staff@desk.example",))
    number = apply(store, open_op(contact(store), "Office"), d.Notify(sent), ticket=d.NEW)
    row = store.read(lambda c: c.execute(sa.select(s.notice)).one())
    assert (row.ticket, row.draft["ticket"], row.draft["context"]["ticket"]["number"]) == (number, number, number)
    assert row.draft["references"] == [f"ticket-{number}.staff@desk.example"]
    assert row.message_id.startswith(f"m{number}.")
    found = store.read(lambda c: tickets.by_references(c, (row.message_id,)))
    assert found == {row.message_id: ((number, 0),)}


def test_an_answer_carries_the_message_id_of_its_first_copy_and_everybody_who_got_one(store: Store) -> None:
    number, casey, sam = open_ticket(store), contact(store), contact(store, SAM)
    copies = [d.Notify(draft(p.mailbox, ticket=number, person=p.id), carries_message=True) for p in (casey, sam)]
    apply(store, message_op(number, Direction.OUT), *copies, ticket=number)
    message = ticket(store, number).messages[-1]
    found = store.read(lambda c: c.execute(sa.select(s.notice).order_by(s.notice.c.id)).all())
    assert message.message_id == found[0].message_id
    assert [a.address for a in message.to] == [CASEY.address, SAM.address]
    assert len({row.message_id for row in found}) == 2
    assert {row.message for row in found} == {message.id}


def test_a_returned_notice_keeps_why_and_is_not_told_again(store: Store) -> None:
    notice_id = notice(store)
    apply(store, d.NoticeReturned(notice_id, "5.1.1 user unknown"))
    row = notice_row(store, notice_id)
    assert (row.reply, row.told) == ("5.1.1 user unknown", True)


def test_a_decision_that_fails_in_the_middle_leaves_nothing_behind(store: Store) -> None:
    client = contact(store)
    with pytest.raises(ValueError, match="changeable"):
        apply(store, open_op(client), message_op(), d.Notify(draft(ticket=d.NEW)), d.Change(d.NEW, {"number": 5}))
    assert [rows(store, t) for t in (s.ticket, s.message, s.notice, s.participant, s.message_ref)] == [0] * 5


def test_there_is_a_way_to_apply_every_operation_there_is(store: Store) -> None:
    known = {kind for kind in vars(Applier)["_do"].dispatcher.registry if kind is not object}
    assert known == set(get_args(d.Op))
    with pytest.raises(TypeError, match="no way to apply"):
        apply(store, object())  # type: ignore[arg-type]


# --- questions --------------------------------------------------------------------------------------


def test_tickets_are_listed_by_status_and_owner_the_latest_change_first(store: Store) -> None:
    numbers = [open_ticket(store) for _ in range(3)]
    for seconds, number in enumerate(reversed(numbers)):
        apply(store, d.Change(number, {"status": Status.PENDING}), now=later(seconds))
    apply(store, d.Change(numbers[1], {"status": Status.CLOSED}))
    listed = store.read(lambda c: tickets.listed(c))
    assert [t.number for t in listed] == [numbers[0], numbers[2], numbers[1]]
    assert [t.number for t in store.read(lambda c: tickets.listed(c, statuses=("closed",)))] == [numbers[1]]
    assert len(store.read(lambda c: tickets.listed(c, limit=2))) == 2
    assert store.read(lambda c: tickets.listed(c, owner="olivia")) == ()


def test_a_long_conversation_is_cut_to_its_newest_messages_unless_all_is_wanted(store: Store) -> None:
    number = open_ticket(store)
    digest = store.transact(lambda c: inbox.put_blob(c, b"x"))
    for n in range(60):
        files = (FileRef(f"{n}.txt", "text/plain", 1, digest),)
        apply(store, message_op(number, text=str(n), files=files))
    cut = store.read(lambda c: tickets.get(c, number))
    assert cut is not None
    assert [m.text for m in cut.messages] == [str(n) for n in range(10, 60)]
    assert [m.files[0].filename for m in cut.messages] == [f"{n}.txt" for n in range(10, 60)]
    assert len(ticket(store, number).messages) == 61


def test_a_clients_other_open_tickets_are_seen_and_closed_ones_are_not(store: Store) -> None:
    first, second, third = (open_ticket(store) for _ in range(3))
    other = open_ticket(store, contact(store, SAM))
    apply(store, d.Change(second, {"status": Status.CLOSED}))
    assert [o.number for o in ticket(store, first).others] == [third]
    assert [o.number for o in store.read(lambda c: tickets.open_of(c, contact_id(store)))] == [first, third]
    assert ticket(store, other).others == ()


def contact_id(store: Store) -> int:
    return contact(store).id


def test_there_is_no_ticket_where_there_is_none(store: Store) -> None:
    assert store.read(lambda c: tickets.get(c, 4711)) is None
    assert store.read(lambda c: tickets.events(c, 4711)) == ()
