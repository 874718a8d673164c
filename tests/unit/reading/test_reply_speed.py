"""The work of reading grows with the length of a mail and not faster, whatever it is made of."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gateway.inbound.reading import forward, html, reply
from gateway.inbound.reading.source import Part

SIZE = 100_000
TEXTS = {
    "colons": "a:\n",
    "attributions": "On Mon, Jan 5 2020 at 10:00 John <a@b.example> wrote:\n",
    "half attributions": "On Mon 2020 a@b wrote\nx\n",
    "loose ends": "<\n",
    "quotes": "> a\n",
    "quotes and text": "> a\n\nb\n\n",
    "wraps": "> a\nb\n",
    "deep quotes": ">" * 2_000 + "\n",
    "one line": "x",
    "addresses": "a@b ",
    "at signs": "@",
    "spaces": " ",
    "empty lines": "\n",
    "from": "From: a@b.example\n",
    "labels": "To: a\nCc: b\nSubject:\n\n",
    "headers": "Subject: x\nDate: 1 Jan 2020 10:00\n",
    "rules": "---\n",
    "closings": "Regards,\n",
    "phones": "Sent from my iPhone\n",
    "forwards": "---------- Forwarded message ---------\n",
    "invisible": "\u200b",
    "picked": "text\n\n> short\n\n",
}
PAGES = {
    "open div": "<div>",
    "closed div": "<div>a</div>",
    "open bold": "<b>",
    "formatting over paragraphs": "<b a=1><p>x",
    "tables": "<table><tr><td>",
    "angle": "<",
    "angle letter": "<a",
    "comments": "<!--",
    "styles": "<style>",
    "quotes": "<blockquote>a",
    "breaks": "<br>",
    "links": "<a href=http://x.example/y>t</a>",
    "attributes": "<div a=b c=d>",
    "entities": "&amp;",
}
EMPTY = Part("text/plain")


def _cost(work: Callable[[], object]) -> float:
    """Seconds of processor time, the lesser of two."""
    taken = []
    for _ in range(2):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


def _grows_with_length(work: Callable[[str], object], unit: str) -> None:
    short = (unit * (SIZE // len(unit) + 1))[:SIZE]
    small, large = _cost(lambda: work(short)), _cost(lambda: work(short * 4))
    assert large < 12 * small + 0.25, f"{small:.3f} s for {SIZE}, {large:.3f} s for four times as much"


def _read_text(text: str) -> None:
    reply.new_text(text=text, html="", subject="Re: x", has_references=True)
    forward.inline(text, "Fwd: x")


def _read_page(page: str) -> None:
    reply.from_html(page)
    html.new_fragment(page)


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS.keys())
def test_text(unit: str) -> None:
    _grows_with_length(_read_text, unit)


@pytest.mark.parametrize("unit", PAGES.values(), ids=PAGES.keys())
def test_page(unit: str) -> None:
    _grows_with_length(_read_page, unit)
