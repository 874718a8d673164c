"""Which file ticks off which document."""

from __future__ import annotations

import pytest
from harness.pure import file
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.documents import counts, handed_in, missing, tick_off
from gateway.desk.model import Document, DocumentState

W2, BANK, FORM = Document(1, "W-2"), Document(2, "Bank statement, October"), Document(3, "Form 1099")


def pairs(*names: str) -> dict[str, str]:
    found = tick_off((W2, BANK, FORM), [file(n) for n in names])
    return {doc.name: ref.filename for doc, ref in found}


def test_names_decide_before_order() -> None:
    assert pairs("october-bank_statement.pdf", "W2 (1).pdf") == {
        "Bank statement, October": "october-bank_statement.pdf",
        "W-2": "W2 (1).pdf",
    }


@pytest.mark.parametrize("name", ["w-2.pdf", "w2_2025.pdf", "My W 2.PDF", "2025W-2scan.pdf"])
def test_a_name_is_found_however_it_is_joined(name: str) -> None:
    assert pairs(name) == {"W-2": name}


def test_files_whose_names_say_nothing_are_taken_in_order() -> None:
    assert pairs("scan1.pdf", "scan3.pdf") == {"W-2": "scan1.pdf", "Bank statement, October": "scan3.pdf"}


def test_a_file_ticks_off_one_item_and_an_item_takes_one_file() -> None:
    assert pairs("w2.pdf", "w2 copy.pdf", "a", "b", "c") == {
        "W-2": "w2.pdf",
        "Bank statement, October": "w2 copy.pdf",
        "Form 1099": "a",
    }


def test_what_is_received_is_not_ticked_off_again_and_what_was_rejected_is_still_missing() -> None:
    got = Document(1, "W-2", DocumentState.RECEIVED)
    bad = Document(2, "Bank statement", DocumentState.REJECTED)
    assert missing((got, bad)) == (bad,)
    assert [d.id for d, _ in tick_off((got, bad), [file("w-2.pdf")])] == [2]
    assert counts((got, bad, FORM)) == "1 of 3 received"


@pytest.mark.parametrize(
    "decoration",
    [
        file("smime.p7s", kind="application/pkcs7-signature"),
        file("invite.ics", kind="text/calendar"),
        file("me.vcf", kind="text/vcard"),
        file("logo.png", kind="image/png", size=4000, inline=True),
    ],
    ids=lambda f: f.filename,
)
def test_logos_signatures_and_cards_are_no_documents(decoration: object) -> None:
    assert handed_in([decoration]) == ()  # type: ignore[list-item]


def test_a_photograph_of_a_page_is_one() -> None:
    photo = file("page.jpg", kind="image/jpeg", size=900_000, inline=True)
    small = file("page.jpg", kind="image/jpeg", size=900)
    assert handed_in([photo, small]) == (photo, small)


@given(st.lists(st.text(max_size=20), max_size=6), st.lists(st.text(max_size=20), max_size=6))
def test_no_item_and_no_file_is_ever_used_twice(items: list[str], names: list[str]) -> None:
    wanted = [Document(i, name) for i, name in enumerate(items)]
    found = tick_off(wanted, [file(n) for n in names])
    assert len({d.id for d, _ in found}) == len(found) == min(len(items), len(names))
