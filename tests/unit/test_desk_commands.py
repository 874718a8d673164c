"""The grammar of commands: forgiving in spelling, strict in meaning, never slow, never an exception."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.desk import commands, verbs


def read(text: str) -> list[tuple[str, str]]:
    parsed = commands.parse(text)
    assert parsed.errors == ()
    return [(c.verb.name, c.value) for c in parsed.commands]


@pytest.mark.parametrize(
    "line",
    [
        "#close", "# close", "#Close", "#CLOSE", "  #close  ", "\u00a0#close\u00a0", "＃close", "/close", "/ close",
        "#closed", "#solved", "#close\r",
        "\u200b#close", "\ufeff#close", "#\u200bclose", "\u200e#close\u200e", "#cl\u00adose",
    ],
)  # fmt: skip
def test_one_command_in_many_spellings(line: str) -> None:
    assert read(line + "\nAll done.") == [("close", "")]
    assert commands.parse(line + "\nAll done.").body == "All done."


@pytest.mark.parametrize(
    "line", ["#assign joe", "#assign: joe", "#assign = joe", "#assign:joe", "# assign   joe", "#owner joe"]
)
def test_a_value_may_follow_a_colon_an_equals_sign_or_a_space(line: str) -> None:
    assert read(line) == [("assign", "joe")]


def test_commands_stand_on_top_and_the_first_other_line_ends_them() -> None:
    parsed = commands.parse("\n#take\n\n#pending the form\n\nHi Casey,\n#close\nbye")
    assert [(c.verb.name, c.value, c.line) for c in parsed.commands] == [("take", "", 2), ("pending", "the form", 4)]
    assert parsed.body == "Hi Casey,\n#close\nbye"


@pytest.mark.parametrize(
    "text", ["/path/like this", "/etc/passwd is public", "#1 reason", "# 1", "#", "a #close", "/unknown"]
)
def test_what_only_looks_like_a_command_is_text(text: str) -> None:
    assert read(text) == []
    assert commands.parse(text).body == text


def test_a_doubled_sign_is_a_text_that_begins_with_one() -> None:
    assert commands.parse("##close is a word").body == "#close is a word"
    assert commands.parse("#take\n##1 reason").body == "#1 reason"
    assert commands.parse("###x").body == "##x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#clsoe", "Line 1: there is no command #clsoe. Did you mean #close?"),
        ("\n\n#xyzzy", "Line 3: there is no command #xyzzy. To begin a text with #, write ##."),
        ("#assign", "Line 1: #assign needs a value"),
        ("#assign:", "Line 1: #assign needs a value"),
        ("#take it", "Line 1: #take takes no value"),
        ("#note the text", "Line 1: #note takes no value"),
    ],
)
def test_a_wrong_command_is_an_error_with_its_line_and_a_way_out(text: str, reason: str) -> None:
    assert commands.parse(text + "\nHi Casey").errors[0].startswith(reason)


def test_every_error_of_a_mail_is_told_at_once() -> None:
    assert len(commands.parse("#clsoe\n#take it\n#assign\nHi").errors) == 3


def test_thirty_commands_are_the_most() -> None:
    assert len(read("#received 1\n" * 30)) == 30
    assert "more commands than 30" in commands.parse("#received 1\n" * 31).errors[-1]


@pytest.mark.parametrize("line", ["#abcdefghij", "#close", "#assign", "\u200b", "#docs " + '"a";' * 100])
def test_a_hundred_thousand_lines_are_read_at_once(line: str) -> None:
    began = time.process_time()
    parsed = commands.parse(f"{line}\n" * 100_000)
    assert time.process_time() - began < 3
    assert len(parsed.errors) <= 31


@pytest.mark.parametrize("unit", ["#", "/", " ", "# ", "#a", "#a ", "#a:", '"', '#docs "', "\u200b", "@a", ":="])
def test_one_long_line_costs_time_in_proportion(unit: str) -> None:
    began = time.process_time()
    commands.parse(unit * 200_000)
    commands.mentions(unit * 200_000)
    commands.names(unit * 200_000)
    assert time.process_time() - began < 3


_ODD = st.text(alphabet=st.sampled_from(list("#/: =\n\r\t\"'“”„«»\u00a0\u200bacdelosx@;.-_ßſK＃")), max_size=80)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=200), _ODD))
def test_any_text_is_read_without_an_exception_and_the_body_is_a_part_of_it(text: str) -> None:
    parsed = commands.parse(text)
    assert parsed.body in text
    assert all(c.verb in verbs.VERBS for c in parsed.commands)
    assert all(c.value or c.verb.argument != "required" for c in parsed.commands)
    commands.names(text)
    commands.who_and_why(text)
    commands.mentions(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100).filter(lambda t: not t.lstrip().startswith(("#", "/", "＃"))))
def test_a_text_without_commands_is_left_as_it_is(text: str) -> None:
    first = next((line for line in text.split("\n") if line.strip()), "")
    if first.translate(commands._QUOTES).strip()[:1] not in {"#", "/"}:
        parsed = commands.parse(text)
        assert (parsed.commands, parsed.errors) == ((), ())
        assert parsed.body.strip("\n") in text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"W-2"; "Bank statement"', ("W-2", "Bank statement")),
        ('"W-2" "1099"', ("W-2", "1099")),
        ('"W-2", "1099"', ("W-2", "1099")),
        ("W-2; Bank statement ;", ("W-2", "Bank statement")),
        ('"semi; colon"', ("semi; colon",)),
        ('"W-2" and "1099"', ()),
        ('"W-2', ('"W-2',)),
        ('"W-2"; "1099', ()),
        ('""', ()),
        ("", ()),
    ],
)
def test_a_list_of_names_is_quoted_or_separated_by_semicolons(value: str, found: tuple[str, ...]) -> None:
    assert commands.names(value) == found


def test_curly_quotes_are_as_good_as_straight_ones() -> None:
    assert read("#docs “W-2”; „Bank statement“; « 1099 »") == [("docs", '"W-2"; "Bank statement"; " 1099 "')]


def test_a_reason_follows_whom_it_is_about() -> None:
    assert commands.who_and_why("@Joe : knows: it") == ("joe", "knows: it")
    assert commands.who_and_why("joe") == ("joe", "")


def test_mentions_are_names_and_no_addresses() -> None:
    text = "@joe and @Olivia, not joe@desk.example nor a.@x; (@seth.) @joe @-x"
    assert commands.mentions(text) == ("joe", "olivia", "seth")
