"""Rendering: overrides, languages, strictness, escaping, and that nothing but the context can be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.config import Settings, parse
from gateway.desk.notices import Context, mail_sample, missing_names, sample
from gateway.errors import Permanent
from gateway.outbound import phrasing
from gateway.outbound.render import Renderer
from gateway.outbound.template_check import problems

CHICAGO = ZoneInfo("America/Chicago")


def desk(folder: Path, **notices: Any) -> Settings:
    return parse(
        {
            "desk": {"name": "Acme & Sons", "address": "support@desk.example", "timezone": "America/Chicago"},
            "outbound": {"maildir": {"path": "out"}},
            "notices": notices,
        },
        folder,
    )


@pytest.fixture
def overrides(tmp_path: Path) -> Path:
    folder = tmp_path / "mine" / "en"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def renderer(tmp_path: Path, overrides: Path) -> Renderer:
    return Renderer(desk(tmp_path, templates="mine"))


def context(kind: str, **changes: Any) -> Context:
    return {**mail_sample(kind), **sample(kind), **changes}


def test_an_admins_file_takes_the_place_of_ours_and_the_rest_stays(renderer: Renderer, overrides: Path) -> None:
    (overrides / "reply.subject.j2").write_text("Mine: {{ ticket.subject }}")
    rendered = renderer.preview("reply")
    assert rendered.subject == "Mine: Question about my 2025 tax return"
    assert "a home office can be deducted" in rendered.text
    assert [info.overridden for info in renderer.names() if info.kind.name == "reply" and info.locale == "en"] == [
        ("subject",)
    ]


def test_an_admin_can_change_the_layout_of_every_mail(renderer: Renderer, overrides: Path) -> None:
    (overrides.parent / "_client.html.j2").write_text("<p>layout</p>{% block body %}{% endblock %}")
    assert "<p>layout</p>" in renderer.preview("received").html
    assert "<p>layout</p>" in renderer.preview("received", locale="fr").html


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("de-AT", "de"), ("DE_de", "de"), ("nl", "en"), ("", "en"), ("../../etc", "en"), ("en/../de", "en")],
)
def test_the_nearest_language_is_taken(renderer: Renderer, locale: str, language: str) -> None:
    assert renderer.language("reply", locale) == language
    assert f'<html lang="{language}"' in renderer.preview("received", locale=locale).html


def test_an_unknown_language_gets_the_desks_own(tmp_path: Path) -> None:
    settings = desk(tmp_path)
    german = settings.model_copy(update={"desk": settings.desk.model_copy(update={"locale": "de"})})
    assert Renderer(german).language("reply", "nl") == "de"
    assert Renderer(german).language("staff_new", "nl") == "en"


def test_an_undefined_name_is_an_error_that_names_file_line_and_name(renderer: Renderer, overrides: Path) -> None:
    (overrides / "reply.txt.j2").write_text("Hello\n{{ ticket.sumary }}")
    with pytest.raises(Permanent, match=r"en/reply\.txt\.j2: line 2 of reply\.txt\.j2: there is no 'sumary'"):
        renderer.preview("reply")


@pytest.mark.parametrize(
    "source",
    [
        "{% if %}",
        "{{ nobody }}",
        "{{ ticket.number / 0 }}",
        "{{ ticket.subject | when }}",
        "{{ ticket.__class__.__mro__ }}",
        "{{ ticket.items.__globals__ }}",
        "{{ ticket.update({'number': 2}) }}",
        "{{ message.body | safe }}",
        "{{ lipsum() }}",
        "{{ range(10000000) | list }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../../gateway/config.py' %}",
        "{% include 'config.py' %}",
        "{% include '_signature.txt.j2' %}",
        "{% import '_checklist.txt.j2' as c %}",
        "{% include ticket.subject %}",
        "{% autoescape false %}{{ ticket.subject }}{% endautoescape %}",
    ],
)
def test_what_a_template_must_not_do_is_refused(renderer: Renderer, overrides: Path, source: str) -> None:
    (overrides / "reply.html.j2").write_text(source)
    with pytest.raises(Permanent, match=r"template en/reply\.html\.j2: "):
        renderer.preview("reply")


def test_html_is_escaped_and_text_is_not(renderer: Renderer) -> None:
    ticket = {**sample("staff_new")["ticket"], "subject": '<b>"Q&A"</b>'}
    rendered = renderer.render("staff_new", context("staff_new", ticket=ticket), locale="en")
    assert LexborHTMLParser(rendered.html).css_first("h1").text() == '<b>"Q&A"</b>'
    assert '<b>"Q&A"</b>' in rendered.text
    assert rendered.subject == '<b>"Q&A"</b> [#1001]'


def test_a_forged_slot_is_only_text(renderer: Renderer) -> None:
    """Bodies are put in place of slots after everything else: nobody may choose where."""
    forged = '<gw-slot id="0"></gw-slot>'
    notes = [{"from_name": forged, "at": "2026-11-21T09:40:00+00:00", "text": "internal: 4711"}]
    message = {**sample("staff_new")["message"], "text": forged, "html": f"<p>{forged}x</p>", "from_name": forged}
    rendered = renderer.render("staff_new", context("staff_new", notes=notes, message=message), locale="en")
    page = LexborHTMLParser(rendered.html)
    assert rendered.html.count("internal: 4711") == 1
    assert not page.css("gw-slot")
    assert forged in page.css_first("td.who").text()


def test_foreign_html_is_shown_clean_with_its_own_images(renderer: Renderer) -> None:
    html = '<p onclick=x>Hi<script>x</script> <img src="cid:a@b"><img src="http://t.example/x"></p>'
    message = {**sample("staff_new")["message"], "html": html}
    rendered = renderer.render("staff_new", context("staff_new", message=message), locale="en", cids={"a@b": "c@d"})
    assert '<p>Hi <img src="cid:c@d"' in rendered.html
    assert "//t.example" not in rendered.html


def test_styles_are_inlined_and_nothing_is_loaded(renderer: Renderer) -> None:
    page = LexborHTMLParser(renderer.preview("staff_client_responded").html)
    assert all("font-family" in (cell.attributes["style"] or "") for cell in page.css("td") if cell.attributes)
    assert not page.css("link, script, [src], [background]")
    assert all((a.attributes["href"] or "").startswith("mailto:") for a in page.css("a"))


def test_a_render_is_the_same_each_time_and_quick(renderer: Renderer, tmp_path: Path) -> None:
    first = renderer.preview("staff_client_responded")
    assert Renderer(desk(tmp_path, templates="mine")).preview("staff_client_responded") == first


def test_buttons_carry_a_ready_command(renderer: Renderer) -> None:
    page = LexborHTMLParser(renderer.preview("staff_new").html)
    links = {a.text(): a.attributes["href"] or "" for a in page.css("td.button a")}
    assert links["Close"].endswith(
        "?subject=Re%3A%20Question%20about%20my%202025%20tax%20return%20%5B%231001%5D&body=%23close"
    )
    assert "Take" not in links  # the owner has it already
    assert "#take" in LexborHTMLParser(renderer.preview("staff_note").html).css_first("td.foot").text()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("replly.txt.j2", "x", "did you mean reply.txt.j2?"),
        ("reply.txt.j2", "{{ tikcet.number }}", "tikcet is not known to this notice; use ticket"),
        ("reply.html.j2", "{% if false %}{{ agnet }}{% endif %}", "agnet is not known to this notice; use agent"),
        ("reply.subject.j2", "{% if x", "line 1"),
        ("closed.txt.j2", "{% if not message.text %}{{ ticket.sumary }}{% endif %}", "there is no 'sumary'"),
    ],
)
def test_check_finds_mistakes_before_a_mail_does(
    renderer: Renderer, overrides: Path, name: str, content: str, problem: str
) -> None:
    (overrides / name).write_text(content)
    found = problems(renderer)
    assert any(name in file and problem in advice for file, advice in found), found


def test_check_wants_a_whole_language(renderer: Renderer, overrides: Path) -> None:
    dutch = overrides.parent / "nl"
    dutch.mkdir()
    (dutch / "reply.txt.j2").write_text("{{ message.text }}")
    assert [file for file, _ in problems(renderer)] == ["nl/reply.subject.j2", "nl/reply.html.j2"]


def test_check_reports_a_folder_that_is_not_there(tmp_path: Path) -> None:
    [(file, advice)] = problems(Renderer(desk(tmp_path, templates="nowhere")))
    assert file.endswith("nowhere")
    assert "does not exist" in advice


def test_a_draft_that_lacks_a_name_can_be_found_in_tests() -> None:
    assert missing_names("reply", sample("reply")) == []
    assert missing_names("received", {"ticket": {}, "client": sample("received")["client"]})[0] == "ticket.number"
    assert missing_names("document_missing", {**sample("document_missing"), "documents": [{"name": "x"}]}) == [
        "documents[].state"
    ]


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "21 November 2026, 04:00 CST"),
        ("de", "21. November 2026, 04:00 CST"),
        ("fr", "21 novembre 2026, 04:00 CST"),
        ("es", "21 de noviembre de 2026, 04:00 CST"),
        ("nl", "2026-11-21, 04:00 CST"),
    ],
)
def test_dates_are_said_in_the_language_and_zone(locale: str, text: str) -> None:
    assert phrasing.when("2026-11-21T10:00:00+00:00", locale, CHICAGO) == text
    assert phrasing.when(datetime(2026, 11, 21, 10, tzinfo=UTC), locale, CHICAGO) == text


def test_a_date_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        phrasing.when("2026-11-21T10:00:00", "en", CHICAGO)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 KB"), (48213, "48 KB"), (1_540_000, "1,5 MB"),
     (999_600, "1 MB"), (25_000_000, "25 MB"), (3_000_000_000, "3 GB"), (5_000_000_000_000, "5000 GB")],
)  # fmt: skip
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert phrasing.filesize(count, "de") == text


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Invoice", "Re: Invoice"),
        ("Re: Invoice", "Re: Invoice"),
        ("AW: RE[2]: Sv: Invoice", "Re: Invoice"),
        ("Regarding: x", "Re: Regarding: x"),
        ("a\r\nBcc: x@y", "Re: a Bcc: x@y"),
        ("", "Re:"),
    ],
)
def test_a_reply_subject_has_one_mark(subject: str, reply: str) -> None:
    assert phrasing.reply_subject(subject) == reply


def test_long_subjects_are_shortened_but_keep_room_for_the_tag() -> None:
    assert len(phrasing.reply_subject("x" * 5000)) < 210


@pytest.mark.parametrize(
    ("name", "given"),
    [("Casey Client", "Casey"), ("Client, Casey", "Casey"), ("Jean-Luc P", "Jean-Luc"), ("O’Neil", "O’Neil"),
     ("Żaneta", "Żaneta"), ("http://evil.example", ""), ("evil.example", ""), ("WIN 1000$", "WIN"), ("4711", ""),
     ("x" * 40, ""), ("", ""), ("李 小龙", "李")],
)  # fmt: skip
def test_only_a_name_is_greeted(name: str, given: str) -> None:
    assert phrasing.given_name(name) == given


def test_long_lines_are_folded_and_quotes_stay_quoted() -> None:
    folded = phrasing.wrap("> " + "word " * 30 + "\n" + "https://x.example/" + "y" * 100 + "\nshort")
    lines = folded.split("\n")
    assert all(line.startswith("> ") for line in lines[:-2])
    assert max(map(len, lines[:-2])) <= 72
    assert lines[-2] == "https://x.example/" + "y" * 100


def test_text_signed_by_its_writer_is_not_signed_again(renderer: Renderer) -> None:
    message = {**sample("reply")["message"], "text": "Done."}
    assert renderer.render("reply", context("reply", message=message), locale="en").text.startswith(
        "Done.\n\nOlivia Reyes, Tax advisor\n\n-- \n"
    )
    assert "Olivia Reyes" not in renderer.preview("reply").text
