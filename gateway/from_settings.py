"""What the settings say, in the words of the rooms: addresses, keys, rules and people. Quick to import."""

from __future__ import annotations

from datetime import timedelta

from gateway.config import Settings
from gateway.desk.model import Role
from gateway.desk.policy import Policy
from gateway.desk.routing import CategoryRule, CompanyRule, Routes
from gateway.store.people import PersonSpec
from gateway.threading.token import Minter


def own_addresses(settings: Settings) -> frozenset[str]:
    """The desk's, its aliases and those of its categories, for mail to these is mail to the desk."""
    desk, categories = settings.desk, settings.categories
    return frozenset(a.casefold() for a in (desk.address, *desk.aliases, *(a for c in categories for a in c.addresses)))


def minter(settings: Settings) -> Minter:
    """Raises ConfigError when the signing keys cannot be read."""
    return Minter(settings.keyring(), settings.desk.address, own_addresses(settings))


def policy(settings: Settings) -> Policy:
    notices, lifecycle = settings.notices, settings.lifecycle
    return Policy(
        desk_name=settings.desk.name,
        address=settings.desk.address,
        own_addresses=own_addresses(settings),
        routes=Routes(
            companies=tuple(CompanyRule(c.name, c.domains, c.owner) for c in settings.companies),
            categories=tuple(CategoryRule(c.name, c.addresses, c.keywords, c.owner) for c in settings.categories),
            teams={team.name: team.members for team in settings.teams},
            default_owner=settings.routing.default_owner,
        ),
        answer_makes_pending=lifecycle.after_reply == "pending",
        reopen_within=timedelta(seconds=lifecycle.reopen_within),
        thanks_reopens=lifecycle.thanks_reopens,
        acknowledge=notices.acknowledge,
        receipts=notices.receipts,
        acks_per_sender_per_day=notices.acks_per_sender_per_day,
        generated_per_minute=notices.generated_per_minute,
        shared_note_words=settings.security.masked_note_words,
    )


def person_specs(settings: Settings) -> list[PersonSpec]:
    """Agents and contacts as the configuration names them."""
    agents = [
        PersonSpec(
            name=a.name,
            addresses=tuple(x.casefold() for x in (a.address, *a.aliases)),
            role=Role(a.role),
            handle=a.handle,
            locale=a.locale,
            title=a.title,
            signature=a.signature,
        )
        for a in settings.agents
    ]
    contacts = [
        PersonSpec(
            name=c.name,
            addresses=tuple(x.casefold() for x in (c.address, *c.aliases)),
            role=Role.CLIENT,
            locale=c.locale,
            company=c.company,
            owner=c.owner,
        )
        for c in settings.contacts
    ]
    return agents + contacts
