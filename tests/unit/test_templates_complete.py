"""Every notice exists in full, is sound in every context, and reads well in a terminal and to a screen reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.config import parse
from gateway.desk.notices import KINDS, Audience
from gateway.outbound.render import PARTS, Renderer
from gateway.outbound.template_check import problems, variants
from gateway.outbound.template_names import documentation
from gateway.resources import shipped

LOCALES = ("de", "en", "es", "fr")
CLIENT = [name for name, kind in KINDS.items() if kind.audience is Audience.CLIENT]
DOC = Path(__file__).parents[2] / "docs" / "templates.md"
SETTINGS = parse(
    {
        "desk": {"name": "Acme Support", "address": "support@desk.example"},
        "outbound": {"maildir": {"path": "out"}},
        "notices": {"footer": "Acme Ltd"},
    },
    Path(),
)
RENDERER = Renderer(SETTINGS)
EACH = [(name, locale) for name in KINDS for locale in (LOCALES if name in CLIENT else ("en",))]


def test_every_notice_has_its_files() -> None:
    expected = {f"{locale}/{name}.{part}.j2" for name, locale in EACH for part in PARTS}
    present = {str(p.relative_to(shipped("templates"))) for p in shipped("templates").glob("*/[!_]*.j2")}
    assert present == expected


def test_no_problem_is_known() -> None:
    assert problems(RENDERER) == []


def test_every_notice_is_listed_for_preview() -> None:
    assert {(info.kind.name, info.locale) for info in RENDERER.names()} == set(EACH)


@pytest.mark.parametrize(("name", "locale"), EACH)
def test_it_reads_well_in_a_terminal(name: str, locale: str) -> None:
    for context in variants(RENDERER.sample(name)):
        rendered = RENDERER.render(name, context, locale=locale)
        lines = rendered.text.split("\n")
        assert rendered.subject == " ".join(rendered.subject.split())
        assert max(map(len, lines)) <= 100, [line for line in lines if len(line) > 100]
        assert "\n\n\n" not in rendered.text
        assert not re.search(r"[{}]|None|&amp;|&lt;|Undefined", rendered.text)
        assert not [line for line in lines if line != line.rstrip() and line != "-- "]


@pytest.mark.parametrize(("name", "locale"), EACH)
def test_it_is_accessible(name: str, locale: str) -> None:
    page = LexborHTMLParser(RENDERER.preview(name, locale=locale).html)
    assert page.css_first("html").attributes["lang"] == locale
    assert (page.css_first("title").text() or "").strip()
    assert {table.attributes.get("role") for table in page.css("table")} == {"presentation"}
    assert all((a.text() or "").strip() for a in page.css("a"))


@pytest.mark.parametrize(("name", "locale"), EACH)
def test_no_link_leads_to_a_web_page(name: str, locale: str) -> None:
    html = RENDERER.preview(name, locale=locale).html
    assert "http:" not in html
    assert "https:" not in html


@pytest.mark.parametrize(("name", "locale"), EACH)
def test_text_and_page_say_the_same(name: str, locale: str) -> None:
    """Every word of the text part stands in the HTML part too."""
    rendered = RENDERER.preview(name, locale=locale)
    page = LexborHTMLParser(rendered.html).body
    shown = set(re.findall(r"\w+", page.text(separator=" ") if page else ""))
    said = set(re.findall(r"\w+", rendered.text))
    assert said - shown <= {
        "x",
        "Attachments",
        "Also",
        "seen",
        "Internal",
        "notes",
        "Number",
        "Subject",
        "From",
        "a",
        "on",
    }


@pytest.mark.parametrize("name", CLIENT)
def test_a_client_sees_the_ticket_number_and_no_internal_word(name: str) -> None:
    rendered = RENDERER.preview(name)
    assert "[#1001]" in rendered.subject
    assert "1001" in rendered.text
    for word in ("owner", "internal", "summary", "status", "support+n", "support+c", "moved in March"):
        assert word not in (rendered.text + rendered.html.partition("<body")[2]).lower().replace("status", "")


@pytest.mark.parametrize(
    "name", ["staff_receipt", "staff_rejected", "staff_held", "staff_delivery_failed", "admin_dead_letter"]
)
def test_what_is_about_no_ticket_names_none(name: str) -> None:
    context = RENDERER.sample(name)
    nothing = {"number": 0, "subject": "", "status": "", "status_word": ""}
    rendered = RENDERER.render(name, {**context, "ticket": nothing}, locale="en")
    page = LexborHTMLParser(rendered.html).body
    assert "#0" not in rendered.subject + rendered.text + (page.text() if page else "")
    assert rendered.subject.strip(" :")[-1] not in "[]:"


@pytest.mark.parametrize("name", CLIENT)
def test_languages_differ(name: str) -> None:
    assert len({RENDERER.preview(name, locale=locale).text for locale in LOCALES}) == len(LOCALES)


def test_an_acknowledgement_repeats_nothing_a_stranger_chose() -> None:
    context = RENDERER.sample("received")
    evil = "buy-now.example"
    ticket = {**context["ticket"], "subject": evil, "summary": evil}
    rendered = RENDERER.render("received", {**context, "ticket": ticket, "client": {"name": evil}}, locale="en")
    assert evil not in rendered.text
    assert evil not in LexborHTMLParser(rendered.html).body.text()  # type: ignore[union-attr]


def test_the_colours_of_text_are_readable() -> None:
    """WCAG 2.1 success criterion 1.4.3: a contrast of 4.5 to the background."""
    pairs = [("#1f2328", "#ffffff"), ("#57606a", "#ffffff"), ("#4d3800", "#fff4d6"), ("#82071e", "#ffebe9"),
             ("#57606a", "#f6f8fa"), ("#1f2328", "#eef1f4"), ("#0b57d0", "#ffffff"), ("#1a7f37", "#ffffff"),
             ("#0969da", "#ffffff"), ("#8250df", "#ffffff"), ("#9a6700", "#ffffff"), ("#cf222e", "#ffffff"),
             ("#e6e8ea", "#1b1d1f"), ("#a3abb3", "#1b1d1f"), ("#8ab4f8", "#1b1d1f"), ("#f5dfa4", "#3a2f12"),
             ("#ffc1ba", "#3d1a1d"), ("#e6e8ea", "#34393e"), ("#a3abb3", "#26292c")]  # fmt: skip
    templates = "".join(path.read_text() for path in shipped("templates").rglob("*.html.j2"))
    for ink, paper in pairs:
        assert ink in templates, f"{ink} is used no more; take it out of this list"
        assert contrast(ink, paper) >= 4.5, (ink, paper)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_documentation_lists_the_names_that_each_notice_may_use() -> None:
    begin, end = "<!-- names: begin -->\n", "<!-- names: end -->"
    written = DOC.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert written == documentation(), "run: python tests/tools/write_template_names.py"
