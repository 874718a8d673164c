"""People: mail makes contacts known, the configuration names agents and decides whose an address is."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from harness.stored import CASEY, NOW, apply, contact, open_ticket, ticket

from gateway.desk import decision as d
from gateway.desk.model import Person, Role, Status
from gateway.mail import Address
from gateway.store import Store, people
from gateway.store.people import PersonSpec


def agent(handle: str, *addresses: str, **more: Any) -> PersonSpec:
    return PersonSpec(handle.title(), addresses or (f"{handle}@desk.example",), Role.AGENT, handle, **more)


def known(*addresses: str, name: str = "", **more: Any) -> PersonSpec:
    return PersonSpec(name, addresses, Role.CLIENT, **more)


def sync(store: Store, *specs: PersonSpec) -> None:
    store.transact(lambda c: people.sync(c, specs, NOW), serial=True)


def whose(store: Store, address: str) -> Person:
    found = store.read(lambda c: people.by_address(c, address))
    assert found is not None
    return found


def handles(store: Store) -> list[str]:
    return [a.handle for a in store.read(people.agents)]


def test_an_unknown_sender_becomes_a_contact_once(store: Store) -> None:
    first = contact(store, Address("", "Casey@Client.Example"))
    again = contact(store, Address("Casey Client", "casey@client.example"))
    assert (first.id, first.addresses, first.role) == (again.id, ("casey@client.example",), Role.CLIENT)
    assert again.name == "Casey Client"  # learned later
    assert contact(store, Address("Somebody Else", "CASEY@client.example")).name == "Casey Client"


def test_two_first_mails_of_one_sender_at_once_make_one_contact(store: Store) -> None:
    together = threading.Barrier(6)
    ids: list[int] = []

    def work() -> None:
        together.wait()
        ids.append(store.transact(lambda c: people.contact(c, CASEY, NOW)).id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_agents_are_those_that_the_configuration_names(store: Store) -> None:
    sync(store, agent("olivia", "olivia@desk.example", "o@home.example", title="Advisor"), agent("joe"))
    assert handles(store) == ["joe", "olivia"]
    olivia = whose(store, "O@Home.example")
    assert (olivia.handle, olivia.address, olivia.title, olivia.active) == (
        "olivia",
        "olivia@desk.example",
        "Advisor",
        True,
    )


def test_syncing_twice_changes_nothing(store: Store) -> None:
    specs = (agent("olivia"), known("casey@client.example", "c@home.example", name="Casey"))
    sync(store, *specs)
    before = (whose(store, "olivia@desk.example"), whose(store, "c@home.example"))
    sync(store, *specs)
    assert (whose(store, "olivia@desk.example"), whose(store, "c@home.example")) == before


def test_a_change_of_the_configuration_reaches_the_same_person(store: Store) -> None:
    sync(store, agent("olivia"))
    before = whose(store, "olivia@desk.example")
    sync(store, PersonSpec("Olivia Reyes", ("olivia@desk.example",), Role.LEAD, "olivia", locale="de"))
    after = whose(store, "olivia@desk.example")
    assert (after.id, after.name, after.role, after.locale) == (before.id, "Olivia Reyes", Role.LEAD, "de")


def test_an_agent_who_is_no_longer_named_is_no_agent_any_more_and_may_come_back(store: Store) -> None:
    sync(store, agent("olivia"), agent("joe"))
    sync(store, agent("joe"))
    assert handles(store) == ["joe"]
    assert not whose(store, "olivia@desk.example").active
    sync(store, agent("olivia"), agent("joe"))
    assert handles(store) == ["joe", "olivia"]


def test_without_any_agent_all_are_gone(store: Store) -> None:
    sync(store, agent("olivia"))
    sync(store)
    assert handles(store) == []


def test_an_address_that_an_agent_no_longer_has_is_no_agents_address_any_more(store: Store) -> None:
    sync(store, agent("olivia", "olivia@desk.example", "olivia@sold.example"))
    sync(store, agent("olivia", "olivia@desk.example"))
    assert whose(store, "olivia@desk.example").addresses == ("olivia@desk.example",)
    assert store.read(lambda c: people.by_address(c, "olivia@sold.example")) is None


def test_agents_may_swap_addresses(store: Store) -> None:
    sync(store, agent("olivia", "one@desk.example"), agent("joe", "two@desk.example"))
    sync(store, agent("olivia", "two@desk.example"), agent("joe", "one@desk.example"))
    assert whose(store, "one@desk.example").handle == "joe"
    assert whose(store, "two@desk.example").handle == "olivia"
    assert handles(store) == ["joe", "olivia"]


def test_an_agent_with_a_new_handle_stays_the_same_person_with_their_tickets(store: Store) -> None:
    sync(store, agent("olivia"))
    before = whose(store, "olivia@desk.example")
    number = open_ticket(store)
    apply(store, d.Change(number, {"owner": before}))
    sync(store, PersonSpec("Olivia", ("olivia@desk.example",), Role.AGENT, "liv"))
    owner = ticket(store, number).owner
    assert owner is not None
    assert (owner.id, owner.handle, owner.active) == (before.id, "liv", True)


def test_a_client_who_becomes_an_agent_and_leaves_again_keeps_their_own_tickets(store: Store) -> None:
    number = open_ticket(store, contact(store))
    sync(store, PersonSpec("Casey", (CASEY.address,), Role.AGENT, "casey"))
    assert ticket(store, number).client.handle == "casey"
    sync(store, known(CASEY.address))
    assert ticket(store, number).client.role is Role.CLIENT
    assert whose(store, CASEY.address).id == ticket(store, number).client.id


def test_a_contact_of_the_configuration_is_the_one_that_mail_made_known(store: Store) -> None:
    before = contact(store)
    sync(store, known("casey@client.example", "c@home.example", company="Client & Sons", owner="olivia"))
    after = whose(store, "c@home.example")
    assert (after.id, after.name, after.company, after.owner) == (before.id, "Casey Client", "Client & Sons", "olivia")
    assert after.addresses == ("casey@client.example", "c@home.example")


def test_what_mail_made_known_of_a_contact_stays_behind_what_is_configured(store: Store) -> None:
    sync(store, known("casey@client.example", "old@client.example"))
    sync(store, known("new@client.example", "casey@client.example"))
    assert whose(store, "old@client.example").addresses == (
        "new@client.example",
        "casey@client.example",
        "old@client.example",
    )


def test_two_contacts_that_turn_out_to_be_one_keep_all_their_tickets(store: Store) -> None:
    one, two = contact(store), contact(store, Address("C. Client", "c@home.example"))
    mine, other = open_ticket(store, one), open_ticket(store, two)
    apply(store, d.AddParticipant(mine, two))
    sync(store, known("casey@client.example", "c@home.example"))
    assert ticket(store, other).client.id == one.id
    assert [p.id for p in ticket(store, mine).participants] == [one.id]
    assert ticket(store, other).participant("c@home.example") is not None
    assert [o.number for o in ticket(store, mine).others] == [other]


def test_a_contact_who_keeps_an_address_keeps_their_tickets(store: Store) -> None:
    sync(store, known("pat@client.example", "shared@client.example"))
    pat = whose(store, "pat@client.example")
    number = open_ticket(store, pat)
    sync(store, agent("olivia", "olivia@desk.example", "shared@client.example"))
    assert ticket(store, number).client.id == pat.id
    assert whose(store, "shared@client.example").handle == "olivia"


def test_one_spelling_of_an_address_is_as_good_as_another(store: Store) -> None:
    sync(store, agent("olivia", "Olivia@Desk.Example", "olivia@desk.example"))
    assert whose(store, "OLIVIA@desk.example").addresses == ("olivia@desk.example",)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("casey", ["casey@client.example", "other@client.example"]),
        ("CASEY CLIENT", ["casey@client.example"]),
        ("other@", ["other@client.example"]),
        ("100%", ["percent@client.example"]),
        ("under_score", ["under_score@client.example"]),
        ("back\\slash", []),
        ("olivia", []),
        ("nobody", []),
    ],
)
def test_contacts_are_found_by_name_company_or_address_and_agents_are_not(
    store: Store, words: str, found: list[str]
) -> None:
    sync(store, agent("olivia"))
    contact(store)
    contact(store, Address("Casey Other", "other@client.example"))
    contact(store, Address("100% Ltd", "percent@client.example"))
    contact(store, Address("", "under_score@client.example"))
    contact(store, Address("", "underxscore@client.example"))
    assert [p.address for p in store.read(lambda c: people.search(c, words))] == found


def test_open_tickets_are_counted_for_each_owner(store: Store) -> None:
    sync(store, agent("olivia"), agent("joe"))
    olivia, joe = whose(store, "olivia@desk.example"), whose(store, "joe@desk.example")
    numbers = [open_ticket(store) for _ in range(4)]
    for number, owner in zip(numbers, (olivia, olivia, joe, None), strict=True):
        apply(store, d.Change(number, {"owner": owner}))
    apply(store, d.Change(numbers[0], {"status": Status.CLOSED}))
    assert store.read(people.open_counts) == {olivia.id: 1, joe.id: 1}
