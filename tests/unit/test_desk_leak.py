"""The last wall between notes and clients: what must be caught, and what must pass."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.desk.leak import leaked

NOTE = "Casey moved in March and owes us two invoices; be careful."


def found(text: str, *notes: str, public: tuple[str, ...] = (), words: int = 6) -> str | None:
    return leaked(text, notes, public, words=words)


def test_six_words_in_a_row_are_a_leak_whatever_stands_around_them() -> None:
    assert found("FYI, casey MOVED in\n> March, and “owes” us... bye", NOTE) == "casey moved in march and owes"


def test_five_words_in_a_row_are_not() -> None:
    assert found("casey moved in march and is well", NOTE) is None


def test_a_whole_short_note_is_a_leak_and_one_of_two_words_is_none() -> None:
    assert found("I told you: he never pays, ever.", "He never pays") == "he never pays"
    assert found("Call him today please", "Call him") is None


def test_what_the_client_wrote_or_was_told_is_no_secret() -> None:
    assert found("Casey moved in March and owes us", NOTE, public=("(Casey moved in March and owes us)",)) is None
    assert found("Casey moved in March and owes us two", NOTE, public=("Casey moved in March and owes us",)) is not None


def test_every_note_is_compared() -> None:
    assert found("we lost the file on him", "one note of no matter", "We lost the file on him.") is not None


def test_accents_written_in_two_ways_are_the_same() -> None:
    assert found("le client Rene\u0301 ne paie jamais", "Le client René ne paie jamais") is not None
    assert found("ﬁnal oﬀer is one hundred dollars", "final offer is one hundred dollars") is not None


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("客户欠款很多请小心处理", "您好,客户欠款很多请小心处理。"),
        ("このお客様は支払いが遅いです", "重要: このお客様は支払いが遅いです"),
        ("ลูกค้าคนนี้ไม่จ่ายเงิน", "เรียนท่าน ลูกค้าคนนี้ไม่จ่ายเงิน"),
    ],
)
def test_scripts_without_spaces_are_compared_too(note: str, text: str) -> None:
    assert found(text, note) is not None
    assert found("您好,谢谢。ขอบคุณ ありがとう", note) is None


_WORDS = st.lists(st.text("abcdefgéß", min_size=1, max_size=8), min_size=3, max_size=12)
_OTHERS = st.lists(st.text("mnopqrst", min_size=1, max_size=8), max_size=20)


@settings(max_examples=300, deadline=None)
@given(_WORDS, _OTHERS, _OTHERS, st.integers(3, 8))
def test_a_text_that_holds_a_whole_note_is_always_caught(
    note: list[str], before: list[str], after: list[str], words: int
) -> None:
    assert found("\n".join([*before, *note, *after]), ", ".join(note), words=words) is not None


@settings(max_examples=300, deadline=None)
@given(_WORDS, _OTHERS, st.integers(3, 8))
def test_a_text_that_shares_no_word_is_never_caught(note: list[str], text: list[str], words: int) -> None:
    assert found(" ".join(text), " ".join(note), words=words) is None


def test_a_megabyte_is_compared_in_time() -> None:
    text = "word " * 200_000
    began = time.process_time()
    assert found(text, "another thing entirely that nobody ever wrote here", public=(text,)) is None
    assert time.process_time() - began < 5


def test_a_long_conversation_with_many_notes_is_compared_in_time() -> None:
    notes = [f"note number {n} says that the client of case {n} moved" for n in range(500)]
    said = [f"answer {n} " * 2000 for n in range(100)]
    began = time.process_time()
    assert found("answer 7 " * 2000, *notes, public=tuple(said)) is None
    assert time.process_time() - began < 5
