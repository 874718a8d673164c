"""The HTML of an agent's text goes on only where it says, shown and hidden, what the text says."""

from __future__ import annotations

import pytest

from gateway.inbound import fragment
from gateway.inbound.reading.fragment import clean


def test_a_fragment_that_says_the_same_is_kept() -> None:
    assert fragment.for_text("<p>Hi <b>Casey</b></p>", "Hi Casey", "Hi Casey") == "<p>Hi <b>Casey</b></p>"


@pytest.mark.parametrize(
    "html",
    [
        "<div>#close</div><div>All <i>done</i>.</div>",
        "#close<br>All <i>done</i>.",
        "<p>#close</p><p>All <i>done</i>.</p>",
        "<div><span>#close</span></div><div><br></div><div>All <i>done</i>.</div>",
    ],
)
def test_commands_are_cut_out(html: str) -> None:
    kept = fragment.for_text(html, "#close\n\nAll done.", "All done.")
    assert "All <i>done</i>." in kept
    assert "#close" not in kept


def test_quotes_around_a_commands_value_are_found_as_entities() -> None:
    html = "<div>#docs &quot;W-2&quot;</div><div>Please.</div>"
    assert "docs" not in fragment.for_text(html, '#docs "W-2"\nPlease.', "Please.")


@pytest.mark.parametrize(
    "extra",
    [
        "<blockquote>the note says he is late</blockquote>",
        '<div style="display:none">he is late</div>',
        '<div style="color:#fff;font-size:1px">he is late</div>',
        "<span hidden>late</span>",
        "<!-- -->late",
        "<title>late</title>",
    ],
)
def test_a_fragment_that_says_more_even_unseen_is_not_used(extra: str) -> None:
    assert fragment.for_text(f"<p>Hi Casey</p>{extra}", "Hi Casey", "Hi Casey") == ""


def test_cleaning_takes_away_what_is_hidden_and_the_shell_of_a_quote() -> None:
    html = (
        '<p>Hi <img src="cid:a"></p><blockquote><div style="display: none;">Preheader</div>'
        "<table><tr><td>&nbsp;</td></tr></table></blockquote><div><br></div>"
    )
    assert clean(html) == '<p>Hi <img src="cid:a"></p>'
