"""What is new in a reply, and what may never be lost."""

# ruff: noqa: E501

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.reading import reply
from gateway.inbound.reading.reply import Split

QUOTE = "On 27/10/2021 09:31, John Doe wrote:\n> Which model is it?\n>\n> And which system?\n>\n> John"
BLOCK = "From: John Doe <john@acme.example>\nSent: Wednesday, October 27, 2021 9:31 AM\nTo: Support <help@desk.example>\nSubject: RE: Invoice\n\nOld text"
FORWARD = "---------- Forwarded message ---------\nFrom: Carol <carol@client.example>\nDate: Wed, Oct 27, 2021 at 9:31 AM\nSubject: Printer\nTo: <anna@firm.example>\n\nIt burns.\n\nRegards,\nCarol"


def _new(text: str, subject: str = "Re: x", html: str = "", *, has_references: bool = False) -> Split:
    return reply.new_text(text=text, html=html, subject=subject, has_references=has_references)


@pytest.mark.parametrize("tail", [QUOTE, BLOCK, "-----Original Message-----\nOld text"])
@pytest.mark.parametrize("subject", ["Hello", "", "Question about my order"])
def test_first_mail_is_never_trimmed(tail: str, subject: str) -> None:
    text = f"Please look at this.\n\n{tail}"
    assert _new(text, subject).reply == text


@pytest.mark.parametrize("tail", [QUOTE, BLOCK, FORWARD])
@pytest.mark.parametrize(
    "subject", ["Fwd: x", "FW: x", "WG: x", "TR: x", "RV: x", "I: x", "Doorst: x", "VB: x", "转发: x"]
)
def test_forward_is_never_trimmed(tail: str, subject: str) -> None:
    text = f"Please look at this.\n\n{tail}"
    assert _new(text, subject, has_references=True).reply == text


def test_forwarded_message_within_a_reply_is_kept_with_its_closing() -> None:
    text = f"Here is what Carol wrote.\n\n{FORWARD}"
    assert _new(text).reply == text


@pytest.mark.parametrize(
    "subject",
    [
        "Re: x",
        "RE: x",
        "AW: x",
        "Antw: x",
        "SV: x",
        "Odp: x",
        "[#1001] Re: x",
        "Re[2]: x",
        "RE : x",
        "Re：x",
        "回复: x",
        "ΑΠ: x",
        "YNT: x",
    ],
)
def test_reply_subjects_in_many_languages(subject: str) -> None:
    assert _new(f"Done.\n\n{QUOTE}", subject).reply == "Done."


def test_references_make_a_reply_without_prefix() -> None:
    assert _new(f"Done.\n\n{QUOTE}", "x", has_references=True).reply == "Done."


def test_line_of_a_desk_makes_a_reply_without_prefix() -> None:
    text = "Done.\n\n##- Please type your reply above this line -##\n\nYour request was updated."
    assert _new(text, "x").reply == "Done."


def test_answer_below_the_quote() -> None:
    split = _new(f"{QUOTE}\n\nIt is the X200.")
    assert split.reply == "It is the X200."
    assert "Which model" in split.quoted


def test_answer_around_the_quote() -> None:
    assert _new(f"Hi John,\n\n{QUOTE}\n\nIt is the X200.").reply == "Hi John,\n\nIt is the X200."


def test_interleaved_answers_are_kept_whole() -> None:
    text = "On 27/10/2021 09:31, John Doe wrote:\n> Which model is it?\n\nThe X200.\n\n> And which system?\n\nDebian."
    assert _new(f"{text}\n\n> John").reply == text


def test_interleaved_answers_without_gaps_are_kept() -> None:
    text = "On 27/10/2021 09:31, John Doe wrote:\n> Which model is it?\nThe X200.\n> And which system?\nDebian."
    assert _new(text).reply == text


def test_one_answer_within_a_quote_keeps_what_it_answers() -> None:
    text = "On 27/10/2021 09:31, John Doe wrote:\n> Which model is it?\n\nThe X200.\n\n> And where did you buy it? We need the receipt."
    split = _new(text)
    assert split.reply.endswith("The X200.")
    assert "Which model" in split.reply


def test_picked_passage_stays() -> None:
    text = "You wrote:\n\n> the warranty ends in May\n\nThat is wrong, it ends in June."
    assert _new(text).reply == text


def test_picked_passage_stays_and_the_quote_below_goes() -> None:
    text = "Is this still true?\n\n> the warranty ends in May"
    assert _new(f"{text}\n\n{QUOTE}").reply == text


def test_wrapped_quote_is_no_answer() -> None:
    text = "Fine.\n\nOn 27/10/2021 09:31, John Doe wrote:\n> This is a rather long line that the client wrapped at seventy-eight, so\nthat its rest stands alone.\n>\n> And one more line that is long enough to be wrapped by that very same old\nclient.\n> John"
    assert _new(text).reply == "Fine."


@pytest.mark.parametrize(
    "text",
    [
        "On the surface, this looks like a quote. On average it is not.",
        "On 5 May I wrote to you about this: nothing happened.",
        "I asked him and he wrote:\nplease wait.",
        "The list:\n- one\n- two",
        "From: Berlin\nTo: Paris\nDate: 5 May 2026 10:00\nSeats: 2",
        "Name: Anna\nEmail: anna@x.example\nSubject: Math",
        "Sent from my desk, where it is quiet, this should arrive today.",
        "I bought it on 12.05.2020 at 10:00 in this shop:\nhttps://x.example",
        "Error log:\n2021-10-27 09:31:10 ERROR: failed\n2021-10-27 09:31:11 user@host.example: denied",
        "Key points\n----\n\n1. fast\n\n----\n\nThat is all.",
        ">>> import this <<<\nis what I typed",
        "We regard it as done. Regards to the team, they were great.",
        "Kind regards to Anna!\n\nDid she get my parcel?",
        "-- first point\n-- second point\n-- third point\n\nWhat do you think?",
        "On 12 May 2021 I sent you the following documents:\n- W-2\n- passport",
        "On Monday 12 May 2021 the courier delivered this and wrote down my address:\nMain Street 5",
        "Am 12.05.2021 schrieb ich Ihnen folgendes:\nDie Rechnung fehlt.",
        "Le 12 mai 2021 j'ai envoyé ceci :\nla facture",
        "I need:\n\n-Invoice",
        "Best regards\nand here is the error that I see on the screen today:\nfailed",
        "One part\n\n—\n\n" + "Another part that goes on for a while, as parts do. " * 20,
        "Thanks for everything",
        "Yes",
        "👍",
    ],
)
def test_ordinary_text_is_kept(text: str) -> None:
    assert _new(text).reply == text


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        "On 27/10/2021 09:31, John Doe wrote:\n\nOld text that nobody marked",
        "-----Original Message-----\nAn answer typed below",
        "> a\n> b",
        "##- Please type your reply above this line -##\nAn answer typed below",
    ],
)
def test_never_empty_where_somebody_may_have_written(text: str) -> None:
    assert _new(text).reply.split() == text.split()


def test_header_on_top_does_not_keep_older_quotes() -> None:
    split = _new(f"{BLOCK}\n\n{QUOTE}")
    assert "Old text" in split.reply
    assert "Which model" not in split.reply


@pytest.mark.parametrize("text", [QUOTE, f"Sent from my iPhone\n\n{QUOTE}", "-- \nAnna Berg", "", "  \n "])
def test_empty_where_nobody_wrote(text: str) -> None:
    split = _new(text)
    assert split.reply == ""
    assert f"{split.signature}\n{split.quoted}".split() == text.split()


def test_afterthought_below_a_closing_is_kept() -> None:
    text = "Works.\n\nBest regards,\nAnna\n\nP.S. The second printer is still broken."
    assert "second printer" in _new(text).reply


def test_question_below_a_closing_is_kept() -> None:
    text = "Works.\n\nCheers\nBy the way, when is the next update?"
    assert "next update?" in _new(text).reply


def test_warning_banner_is_set_aside() -> None:
    banner = "CAUTION: This email originated from outside of the organization. Do not click links."
    split = _new(f"{banner}\n\nIt works.")
    assert split.reply == "It works."
    assert banner in split.signature


def test_disclaimer_is_set_aside() -> None:
    legal = "The information contained in this message is confidential and intended solely for the addressee.\n\nIf you are not the addressee, delete it."
    split = _new(f"It works.\n\nAnna\n\n{legal}")
    assert split.reply == "It works.\n\nAnna"
    assert legal in split.signature


def test_phone_line_above_an_unmarked_quote_begins_it() -> None:
    split = _new("It works.\n\nSent from my Wiko RIDGE FAB 4G\n\nHello Anna, does it work?")
    assert split.reply == "It works."
    assert "does it work?" in split.quoted


def test_text_behind_the_attribution_on_its_line_is_quoted() -> None:
    text = "It works.\n\nSent from Yahoo Mail on Android\n\n  On Wed, Oct 27, 2021 at 9:31, John Doe<john@acme.example> wrote:   Hello Anna, does it work?"
    split = _new(text)
    assert split.reply == "It works."
    assert "does it work?" in split.quoted


def test_text_before_the_attribution_on_its_line_is_new() -> None:
    assert _new("It works. On Wed, Apr 4, 2012 at 3:59 PM, me@domain.example wrote:\n> Hi").reply == "It works."


def test_every_line_ends_up_somewhere() -> None:
    text = f"Hi\n\nIt works.\n\nRegards,\nAnna\n\n{QUOTE}\n\n-- \nAcme"
    split = _new(text)
    together = f"{split.reply}\n{split.signature}\n{split.quoted}".split()
    assert sorted(together) == sorted(text.split())


def test_html_is_read_where_the_text_is_missing_or_cannot_tell() -> None:
    page = "<p>It works.</p><div class='gmail_quote'>Q <blockquote>Old text</blockquote></div>"
    assert _new("", html=page).reply == "It works."
    assert _new("It works. Old text", html=page).reply == "It works."
    assert _new(f"It works well.\n\n{QUOTE}", html=page).reply == "It works well."


def test_first_mail_in_html_keeps_its_quotes() -> None:
    page = "<p>Look:</p><blockquote type=cite>Old text</blockquote>"
    assert "Old text" in _new("", subject="Hello", html=page).reply


def test_attribution_alone_is_not_an_answer() -> None:
    text = f"{QUOTE.splitlines()[0]}\n\n{BLOCK}"
    assert _new(text).reply.split() == text.split()


@pytest.mark.parametrize(
    "text",
    [
        f"{QUOTE}\n\nThe X200.\n\n> And since when?\n\nMay.",
        f"The X200.\n\n> And since when?\n\nMay.\n\n{QUOTE}",
        f"The X200.\nMay.\n\n{FORWARD}",
        f"The X200.\nMay.\n\n{BLOCK}",
    ],
)
def test_own_words_hold_no_quote_at_all(text: str) -> None:
    assert reply.own_words(text=text, html="").split() == ["The", "X200.", "May."]


@pytest.mark.parametrize("text", [QUOTE, BLOCK, FORWARD, "> a\n> b", "-----Original Message-----\nOld text"])
def test_own_words_are_empty_rather_than_a_quote(text: str) -> None:
    assert reply.own_words(text=text, html="") == ""


def test_deeply_quoted_or_huge_texts_stay_whole_in_sum() -> None:
    lines = [f"line {number}" for number in range(6_000)]
    split = _new("\n".join(lines))
    assert split.reply.split("\n") == lines
    quoted = "\n".join(f"> {line}" for line in lines)
    assert _new(f"Done.\n\nOn 27/10/2021 09:31, John Doe wrote:\n{quoted}").reply == "Done."


PIECES = (
    *QUOTE.split("\n"),
    *BLOCK.split("\n"),
    *FORWARD.split("\n"),
    *(
        "",
        "",
        "It works.",
        "> > deeper",
        "-- ",
        "--",
        "___",
        "Regards,",
        "Sent from my iPhone",
        "-----Original Message-----",
    ),
    *(
        ">",
        "> wrote:",
        "<",
        "Disclaimer",
        "-Anna",
        ">>> John 10/27/2021 9:31 AM >>>",
        "\u200b",
        "CAUTION: External email",
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=25))
def test_no_word_is_lost_whatever_the_text(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    split = _new(text)
    assert sorted(f"{split.reply}\n{split.signature}\n{split.quoted}".split()) == sorted(text.split())


def test_passage_set_off_in_html_alone_is_kept() -> None:
    page = "<p>Look:</p><blockquote>Roses<br>are<br>red<br>and so on</blockquote>"
    text = "Look:\n\nRoses\nare\nred\nand so on"
    assert _new(text, html=page).reply == text
