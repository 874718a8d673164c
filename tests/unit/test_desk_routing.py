"""Who owns a new ticket: every rung of the chain (R0-07), and nobody who is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from harness.pure import ADA, AGENTS, CASEY, JOE, LINDSEY, OLIVIA

from gateway.desk.model import Person
from gateway.desk.routing import CategoryRule, CompanyRule, Routes, choose_owner, resolve

COMPANY = CompanyRule("Client & Sons", ("client.example",), "joe")
CATEGORY = CategoryRule("Billing", ("billing@desk.example",), ("invoice",), "lindsey")
FULL = Routes((COMPANY,), (CATEGORY,), {"tax": ("olivia", "joe")}, "tax")


def owner(
    routes: Routes = FULL,
    client: Person = CASEY,
    category: CategoryRule | None = CATEGORY,
    agents: tuple[Person, ...] = AGENTS,
    counts: dict[int, int] | None = None,
) -> tuple[str, str]:
    found, why = choose_owner(routes, client, category, agents, counts or {})
    return (found.handle if found else "", why)


def test_the_owner_of_the_contact_comes_first() -> None:
    assert owner(client=replace(CASEY, owner="olivia")) == ("olivia", "owner of Casey Client")
    assert owner(client=replace(CASEY, name="", owner="olivia")) == ("olivia", "owner of casey@client.example")


def test_then_the_owner_of_the_company() -> None:
    assert owner() == ("joe", "owner of Client & Sons")


def test_then_the_category() -> None:
    assert owner(replace(FULL, companies=())) == ("lindsey", "category Billing")


def test_then_the_default_which_may_be_a_team() -> None:
    assert owner(replace(FULL, companies=()), category=None) == ("olivia", "team default")


def test_then_a_lead_then_an_admin_then_anybody() -> None:
    nothing = Routes()
    assert owner(nothing, category=None) == ("lindsey", "lead, as no rule fits")
    assert owner(nothing, category=None, agents=(OLIVIA, ADA)) == ("ada", "admin, as no rule fits")
    assert owner(nothing, category=None, agents=(OLIVIA,)) == ("olivia", "no rule fits")


def test_without_any_agent_it_is_said_aloud() -> None:
    assert owner(agents=()) == ("", "there is no agent")


def test_a_rule_that_names_somebody_who_left_is_passed_over() -> None:
    there = (OLIVIA, LINDSEY)
    assert owner(client=replace(CASEY, owner="gone"), agents=there) == ("lindsey", "category Billing")
    assert owner(agents=there, category=None) == ("olivia", "team default")


@pytest.mark.parametrize(
    ("counts", "chosen"), [({}, "olivia"), ({11: 3, 12: 2}, "joe"), ({11: 2, 12: 2}, "olivia"), ({11: 1}, "joe")]
)
def test_of_a_team_whoever_has_the_fewest_open_tickets(counts: dict[int, int], chosen: str) -> None:
    found = resolve("tax", FULL, AGENTS, counts)
    assert found is not None
    assert found.handle == chosen


def test_a_team_without_anybody_there_is_nobody() -> None:
    assert resolve("tax", FULL, (LINDSEY,), {}) is None
    assert resolve("", FULL, AGENTS, {}) is None
    assert resolve("nobody", FULL, AGENTS, {}) is None


def test_a_company_is_known_by_name_before_its_domain() -> None:
    named = CompanyRule("Other", (), "olivia")
    routes = replace(FULL, companies=(COMPANY, named))
    assert routes.company_of(replace(CASEY, company="Other")) is named
    assert routes.company_of(CASEY) is COMPANY
    assert routes.company_of(replace(CASEY, addresses=("c@home.example", "c@client.example"))) is COMPANY
    assert routes.company_of(replace(CASEY, addresses=("c@xclient.example",))) is None


def test_a_category_is_known_by_address_before_a_word_of_the_subject() -> None:
    tech = CategoryRule("Tech", (), ("password",), "joe")
    routes = replace(FULL, categories=(tech, CATEGORY))
    assert routes.category_of(("Billing@Desk.example",), "my password") is CATEGORY
    assert routes.category_of((), "My PASSWORD") is tech
    assert routes.category_of((), "Your Invoices") is CATEGORY
    assert routes.category_of((), "hello") is None


def test_the_choice_does_not_depend_on_the_order_of_the_agents() -> None:
    assert owner(agents=tuple(reversed(AGENTS)), counts={JOE.id: 5}) == owner(counts={JOE.id: 5})
