"""What happens while nobody writes: dead letters, silent mailboxes, unreadable mail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from harness.pure import ADA, CASEY, LINDSEY, NOW, OLIVIA, events, notices, situation, ticket, told

from gateway.desk import ticks
from gateway.desk.arrival import ReturnedNotice
from gateway.desk.notices import missing_names
from gateway.desk.ticks import DeadLetter


def letter(kind: str = "reply", recipient: str = CASEY.address) -> DeadLetter:
    return DeadLetter(ReturnedNotice(5, 1001, kind, recipient, "A question"), "550 no such user")


def test_the_owner_hears_that_the_client_did_not_and_the_admin_that_a_letter_is_dead() -> None:
    decision = ticks.dead_letter(letter(), ticket(), situation())
    assert told(decision) == [("staff_delivery_failed", OLIVIA.address), ("admin_dead_letter", ADA.address)]
    assert events(decision) == ["delivery_failed"]
    assert [missing_names(n.kind, n.context) for n in notices(decision)] == [[], []]


@pytest.mark.parametrize("kind", ["staff_delivery_failed", "admin_dead_letter"])
def test_a_dead_report_of_a_dead_letter_is_told_to_nobody(kind: str) -> None:
    assert told(ticks.dead_letter(letter(kind, OLIVIA.address), ticket(), situation())) == []


def test_whose_mailbox_is_dead_is_not_told_by_mail() -> None:
    assert told(ticks.dead_letter(letter("staff_new", ADA.address), ticket(), situation())) == []
    dead_owner = ticks.dead_letter(letter("reply", OLIVIA.address), ticket(), situation())
    assert told(dead_owner)[0] == ("staff_delivery_failed", LINDSEY.address)


def test_an_owner_who_has_left_is_not_told() -> None:
    gone = ticket(owner=replace(OLIVIA, active=False))
    assert told(ticks.dead_letter(letter(), gone, situation()))[0] == ("staff_delivery_failed", LINDSEY.address)


def test_a_dead_letter_of_no_ticket_is_reported_too() -> None:
    lone = DeadLetter(ReturnedNotice(5, None, "received", CASEY.address, ""), "no answer")
    decision = ticks.dead_letter(lone, None, situation())
    assert told(decision) == [("staff_delivery_failed", LINDSEY.address), ("admin_dead_letter", ADA.address)]
    assert [missing_names(n.kind, n.context) for n in notices(decision)] == [[], []]


def test_a_silent_mailbox_is_told_to_the_admins_and_an_unreadable_mail_to_the_leads() -> None:
    silent = ticks.mailbox_unreachable("support", NOW, "LOGIN refused", situation())
    assert told(silent) == [("admin_mailbox_unreachable", ADA.address)]
    unread = ticks.quarantined(17, "too deep", "a@b.example", "Hi", 5, situation())
    assert told(unread) == [("staff_quarantine", LINDSEY.address)]
    for decision in (silent, unread):
        assert [missing_names(n.kind, n.context) for n in notices(decision)] == [[]]
    assert told(ticks.quarantined(17, "x", "", "", 5, situation(agents=()))) == []
