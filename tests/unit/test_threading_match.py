"""Which ticket a mail belongs to: every carrier, every verdict, conflicts, and tickets that went on elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from harness.pure import CASEY, JOE, MINTER, OLIVIA, SAM, mail, ticket

from gateway.desk.model import Person, Ticket, VerifiedAgent
from gateway.mail import Address, Envelope, InboundMail
from gateway.threading import carriers, match
from gateway.threading.carriers import collect
from gateway.threading.match import Match, follow
from gateway.threading.token import TokenRole

STRANGER = Address("Mallory", "mallory@evil.example")
TOKEN = MINTER.reply_address(1001, CASEY.id)
MINTED = MINTER.message_id(1001, CASEY.id, b"12345678")


def weigh(
    read: InboundMail,
    *tickets: Ticket,
    stored: Mapping[str, tuple[tuple[int, int], ...]] | None = None,
    agent: Person | None = None,
    envelope: tuple[str, ...] = (),
) -> Match:
    known = {t.number: t for t in tickets or (ticket(),)}
    found = collect(read, Envelope("", envelope), MINTER)
    proven = VerifiedAgent(agent, "token") if agent else None
    sender = read.sender if read.sender_sound else None
    return match.match(found, stored or {}, known, MINTER, sender=sender, agent=proven)


def to(address: str, sender: Person | Address = CASEY) -> InboundMail:
    return mail(sender, to=(Address("", address),))


# --- carriers ---------------------------------------------------------------------------------------


def test_a_token_counts_once_and_is_named_by_the_best_place_where_it_stands() -> None:
    read = mail(to=(Address("", TOKEN),), recipients=(("delivered-to", TOKEN),))
    found = collect(read, Envelope("", (TOKEN,)), MINTER)
    assert [(where, t.role, t.ticket) for where, t in found.tokens] == [("envelope", TokenRole.REPLY, 1001)]
    assert collect(read, Envelope("", ()), MINTER).tokens[0][0] == "delivered-to"


def test_references_are_read_from_the_nearest_and_are_bounded() -> None:
    read = mail(in_reply_to=("c@x",), references=("a@x", "b@x", "c@x"))
    assert carriers.nearest_first(read) == ("c@x", "b@x", "a@x")
    many = mail(references=tuple(f"{n}@x" for n in range(500)))
    assert len(carriers.nearest_first(many)) == 100
    assert carriers.nearest_first(many)[0] == "499@x"


@pytest.mark.parametrize(
    ("subject", "tags"),
    [
        ("Re: [#1001] Office", (1001,)),
        ("[ #1001 ]", (1001,)),
        ("[#\u00a01001]", (1001,)),
        ("AW: [#1001] [#1002] [#1001]", (1001, 1002)),
        ("[#1][#2][#3][#4][#5]", (1, 2, 3)),
        ("#1001", ()),
        ("[1001]", ()),
        ("[#12345678901]", ()),
        ("[#1001", ()),
        ("", ()),
        ("[#١٠٠١]", (1001,)),
    ],
)
def test_numbers_in_the_subject(subject: str, tags: tuple[int, ...]) -> None:
    assert carriers.subject_tags(subject) == tags


def test_a_subject_without_its_tags_reads_as_people_mean_it() -> None:
    assert carriers.without_tags("Re:  [#1001]  Büro [ #1001 ]") == "Re: Büro"
    assert carriers.without_tags("[#1001]") == ""


def test_all_named_tickets_are_to_be_loaded() -> None:
    read = mail(
        subject="[#1003]", in_reply_to=("known@x", MINTER.message_id(1004, 1, b"12345678")), to=(Address("", TOKEN),)
    )
    found = collect(read, Envelope("", (MINTER.bounce_address(77), MINTER.command_address(5))), MINTER)
    assert match.candidates(found, {"known@x": ((1002, 1),)}, MINTER) == {1001, 1002, 1003, 1004}
    assert carriers.bounce_token(found) is not None


# --- verdicts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [
        (CASEY, "participant"),
        (Address("", "CASEY@client.example"), "participant"),
        (Address("Pat", "pat@client.example"), "colleague"),
        (STRANGER, "stranger"),
    ],
)
@pytest.mark.parametrize("carrier", ["token", "signed id"])
def test_who_may_join_with_something_that_we_signed(sender: Person | Address, verdict: str, carrier: str) -> None:
    read = to(TOKEN, sender) if carrier == "token" else mail(sender, in_reply_to=(MINTED,))
    found = weigh(read)
    assert [e.verdict for e in found.evidence] == [verdict]
    assert found.ticket == (None if verdict == "stranger" else 1001)
    assert found.linked == ((1001,) if verdict == "stranger" else ())
    assert found.joins_as_colleague is (verdict == "colleague")


@pytest.mark.parametrize("domain", ["gmail.com", "web.de", "qq.com"])
def test_a_neighbour_at_a_public_provider_is_no_colleague(domain: str) -> None:
    client = Person(1, "C", (f"c@{domain}",))
    found = weigh(to(TOKEN, Address("", f"other@{domain}")), ticket(client=client))
    assert found.ticket is None


@pytest.mark.parametrize(
    ("sender", "verdict"), [(CASEY, "participant"), (SAM, "colleague"), (Address("", "pat@client.example"), "stranger")]
)
def test_who_may_join_with_the_id_of_an_earlier_mail(sender: Person | Address, verdict: str) -> None:
    known = ticket(addressed=frozenset({"sam@client.example"}))
    found = weigh(
        mail(sender, in_reply_to=("first@client.example",)), known, stored={"first@client.example": ((1001, 1),)}
    )
    assert [e.verdict for e in found.evidence] == [verdict]
    assert found.ticket == (None if verdict == "stranger" else 1001)


@pytest.mark.parametrize(("sender", "verdict"), [(CASEY, "participant"), (SAM, "stranger"), (STRANGER, "stranger")])
def test_a_number_in_the_subject_is_for_participants_alone(sender: Person | Address, verdict: str) -> None:
    known = ticket(addressed=frozenset({"sam@client.example"}))
    found = weigh(mail(sender, subject="[#1001]"), known)
    assert [e.verdict for e in found.evidence] == [verdict]
    assert found.by_number_alone is (verdict == "participant")


def test_a_number_with_better_evidence_is_not_the_number_alone() -> None:
    read = replace(to(TOKEN), subject="[#1001]")
    assert weigh(read).ticket == 1001
    assert not weigh(read).by_number_alone


def test_a_sender_who_cannot_be_trusted_to_be_one_joins_nothing() -> None:
    for read in (to(TOKEN), mail(in_reply_to=(MINTED,)), mail(subject="[#1001]")):
        assert weigh(replace(read, sender_sound=False)).ticket is None


def test_an_unknown_number_is_no_evidence() -> None:
    assert weigh(mail(subject="[#4711]")) == Match(None, (), ())


def test_a_proven_agent_joins_by_any_carrier() -> None:
    for read in (to(TOKEN, OLIVIA), mail(OLIVIA, in_reply_to=(MINTED,)), mail(OLIVIA, subject="[#1001]")):
        found = weigh(read, agent=OLIVIA)
        assert (found.ticket, found.evidence[0].verdict) == (1001, "agent")


def test_a_note_address_is_remembered_even_beside_a_reply_address() -> None:
    note = MINTER.note_address(1001, OLIVIA.id)
    assert weigh(to(note, OLIVIA), agent=OLIVIA).to_note
    assert weigh(to(TOKEN, OLIVIA), agent=OLIVIA, envelope=(note,)).to_note
    assert not weigh(to(TOKEN, OLIVIA), agent=OLIVIA).to_note


@pytest.mark.parametrize("address", [MINTER.bounce_address(1001), MINTER.command_address(CASEY.id)])
def test_addresses_of_other_roles_name_no_ticket(address: str) -> None:
    assert weigh(to(address)) == Match(None, (), ())


# --- agreement and conflict -------------------------------------------------------------------------


def test_carriers_that_agree_are_one_ticket() -> None:
    read = replace(to(TOKEN), subject="[#1001]", in_reply_to=(MINTED,))
    found = weigh(read)
    assert (found.ticket, len(found.evidence), found.conflict) == (1001, 3, False)


def test_carriers_that_disagree_never_guess() -> None:
    found = weigh(replace(to(TOKEN), subject="[#1002]"), ticket(1001), ticket(1002))
    assert (found.ticket, found.conflict, found.linked) == (None, True, (1001, 1002))


def test_a_carrier_that_the_sender_may_not_use_disagrees_with_nothing() -> None:
    others = ticket(1002, client=SAM)
    found = weigh(replace(to(TOKEN), subject="[#1002]"), ticket(1001), others)
    assert (found.ticket, found.conflict) == (1001, False)


def test_the_nearest_reference_that_may_be_used_decides() -> None:
    stored = {"far@x": ((1001, 1),), "near@x": ((1002, 1),)}
    read = mail(references=("far@x", "near@x"))
    assert weigh(read, ticket(1001), ticket(1002), stored=stored).ticket == 1002
    assert weigh(read, ticket(1001), ticket(1002, client=SAM), stored=stored).ticket == 1001


def test_a_mail_whose_own_id_was_named_before_it_came_joins_that_ticket() -> None:
    found = weigh(mail(message_id="late@client.example"), stored={"late@client.example": ((1001, 2),)})
    assert (found.ticket, found.evidence[0].carrier) == (1001, "Message-ID")


def test_a_forged_claim_on_an_id_does_not_outweigh_the_true_ticket() -> None:
    stored = {"first@client.example": ((1002, 1), (1001, 1))}
    found = weigh(mail(in_reply_to=("first@client.example",)), ticket(1001), ticket(1002, client=SAM), stored=stored)
    assert found.ticket == 1001


# --- tickets that went on elsewhere -----------------------------------------------------------------


def test_a_merged_ticket_is_followed_however_far() -> None:
    chain = [ticket(n, merged_into=n + 1) for n in range(1001, 1006)] + [ticket(1006)]
    assert weigh(to(TOKEN), *chain).ticket == 1006


def test_a_continued_ticket_is_followed_and_a_merge_comes_first() -> None:
    assert weigh(to(TOKEN), ticket(1001, continued_in=1002), ticket(1002)).ticket == 1002
    assert follow(1001, {1001: ticket(1001, continued_in=1002, merged_into=1003)}) == 1003


def test_two_tickets_that_were_merged_are_no_conflict() -> None:
    found = weigh(replace(to(TOKEN), subject="[#1002]"), ticket(1001), ticket(1002, merged_into=1001))
    assert (found.ticket, found.conflict) == (1001, False)


def test_a_loop_of_merges_ends() -> None:
    loop = {
        1001: ticket(1001, merged_into=1002),
        1002: ticket(1002, merged_into=1001),
        1003: ticket(1003, merged_into=1003),
    }
    assert follow(1001, loop) in {1001, 1002}
    assert follow(1003, loop) == 1003


def test_evidence_reads_like_a_sentence() -> None:
    assert weigh(to(TOKEN, STRANGER)).lines == ("token in to names #1001: stranger",)
    assert weigh(to(TOKEN, JOE), agent=JOE).lines == ("token in to names #1001: agent",)
