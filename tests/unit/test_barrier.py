"""What the last look sees of a mail that is about to leave."""

from __future__ import annotations

import pytest

from gateway.outbound.barrier import text_of
from gateway.outbound.mime import Multipart, Part, file_part, serialise, text_part

HEAD = "From: Desk <support@desk.example>\r\nSubject: Your question\r\n"
BOTH = Multipart("alternative", "seed", (text_part("the words", "plain"), text_part("<p>the page</p>", "html")))
SCAN = file_part(bytes(3 << 20), "application/pdf", "scan.pdf")
TEXT = file_part(b"a file of text\n", "text/plain", "notes.txt")


@pytest.mark.parametrize(
    "root",
    [BOTH, text_part("the words", "plain"), *(Multipart("mixed", "seed", (BOTH, *f)) for f in ([SCAN], [TEXT, SCAN]))],
)
def test_the_text_is_found_whatever_goes_along(root: Part | Multipart) -> None:
    assert text_of(serialise(HEAD, root)).strip() == "the words"


def test_a_page_without_words_is_what_is_looked_at() -> None:
    assert "the page" in text_of(
        serialise(HEAD, Multipart("mixed", "seed", (text_part("<p>the page</p>", "html"), SCAN)))
    )
