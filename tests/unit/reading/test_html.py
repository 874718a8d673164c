"""HTML bodies as text, and the fragment of them that is new."""

# ruff: noqa: E501

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import html, html_limits, reply

OLD = "Did you restart it?"
CLIENTS = {
    "gmail": """<div dir="ltr"><div>It still fails.</div><img src="cid:shot" alt="shot.png"><div>Black screen.</div></div><br>
<div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Wed, Oct 27, 2021 at 9:31 AM John &lt;<a href="mailto:j@a.example">j@a.example</a>&gt; wrote:<br></div>
<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">Did you restart it?</blockquote></div>""",
    "gmail phone": """<div dir="auto">It still fails.</div><div dir="auto"><img src="cid:shot"><br></div><div dir="auto">Black screen.</div><br>
<div class="gmail_quote"><div dir="ltr">Den ons 27 okt. 2021 kl 09:31 skrev J &lt;j@a.example&gt;:<br></div><blockquote class="gmail_quote">Did you restart it?</blockquote></div>""",
    "outlook desktop": """<html><body><div class=WordSection1><p class=MsoNormal>It still fails.<o:p></o:p></p><p class=MsoNormal><img src="cid:shot"></p><p class=MsoNormal>Black screen.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal><b>Lähettäjäx:</b> John<br><b>Xsent:</b> Wednesday<o:p></o:p></p></div></div><p class=MsoNormal>Did you restart it?</p></div></body></html>""",
    "outlook web": """<div><div>It still fails.</div><img src="cid:shot"><div>Black screen.</div></div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">
<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>From:</b> John<br><b>Sent:</b> Wednesday<br></font></div><div>Did you restart it?</div>""",
    "outlook new": """<div class="elementToProof">It still fails.</div><img src="cid:shot"><div class="elementToProof">Black screen.</div><div id="mail-editor-reference-message-container"><div><b>From: </b>John</div><div>Did you restart it?</div></div>""",
    "outlook phone": """<div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><div id="ms-outlook-mobile-signature"><a href="https://aka.ms/o0ukef">Get Outlook for iOS</a></div><hr><div id="divRplyFwdMsg"><b>De :</b> John</div><div>Did you restart it?</div>""",
    "apple mail": """<html><body>It still fails.<div><br></div><div><img src="cid:shot"></div><div>Black screen.<br><div><br><blockquote type="cite"><div>On 27 Oct 2021, at 09:31, John &lt;<a href="mailto:j@a.example">j@a.example</a>&gt; wrote:</div><br class="Apple-interchange-newline"><div>Did you restart it?</div></blockquote></div></div></body></html>""",
    "ios": """<div>It still fails.</div><div><img src="cid:shot"></div><div>Black screen.</div><div dir="ltr" id="AppleMailSignature">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">On 27 Oct 2021, at 09:31, John &lt;j@a.example&gt; wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">Did you restart it?</div></blockquote>""",
    "thunderbird": """<html><body><p>It still fails.</p><img src="cid:shot"><p>Black screen.<br></p><div class="moz-cite-prefix">Am 27.10.21 um 09:31 schrieb John:<br></div><blockquote type="cite" cite="mid:x@y"><p>Did you restart it?</p></blockquote><pre class="moz-signature" cols="72">--
Anna</pre></body></html>""",
    "yahoo": """<div class="ydp1yahoo-style-wrap"><div>It still fails.</div><img src="cid:shot"><div>Black screen.</div></div><div id="ydp2yahoo_quoted_123" class="yahoo_quoted"><div>Le mercredi 27 octobre 2021, John a écrit :</div><div>Did you restart it?</div></div>""",
    "proton": """<div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with Proton Mail.</div></div><div class="protonmail_quote">On Wednesday, John wrote:<br><blockquote class="protonmail_quote" type="cite">Did you restart it?</blockquote></div>""",
    "zoho": """<div><div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><br><div class="zmail_extra"><div id="Zm-_Id_-Sgn1">---- On Wed, 27 Oct 2021 John wrote ----<br></div><blockquote><div>Did you restart it?</div></blockquote></div></div>""",
    "zimbra": """<div style="font-family: arial"><div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>Von: </b>"John"<br></div><div>Did you restart it?</div></div>""",
    "gmx": """<html><body><div>It still fails.<img src="cid:shot"><div>Black screen.</div><div name="quote" style="margin:10px 5px 5px 10px;padding:10px 0 10px 10px;border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b> Mittwoch<br><b>Von:</b> "John"</div><div name="quoted-content">Did you restart it?</div></div></div></body></html>""",
    "yandex": """<div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><div>27.10.2021, 09:31, "John" &lt;j@a.example&gt;:</div><blockquote><p>Did you restart it?</p></blockquote>""",
    "qq": """<div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><div style="font-size: 12px;">------------------&nbsp;原始邮件&nbsp;------------------</div><div><b>发件人:</b> "John"</div><div>Did you restart it?</div>""",
    "netease": """<div>It still fails.</div><img src="cid:shot"><div>Black screen.</div><div></div><p>At 2021-10-27 09:31:10, "John" &lt;j@a.example&gt; wrote:</p><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; BORDER-LEFT: #ccc 1px solid">Did you restart it?</blockquote>""",
    "samsung": """<div dir="auto">It still fails.</div><img src="cid:shot"><div dir="auto">Black screen.</div><div id="composer_signature" dir="auto"><div style="font-size:85%;color:#575757">Von meinem Samsung Galaxy Smartphone gesendet.</div></div><div><br></div><div style="font-size:100%"><div>-------- Ursprüngliche Nachricht --------</div><div>Von: John &lt;j@a.example&gt; </div><div>Datum: 27.10.21  09:31  (GMT+01:00) </div><div>An: help@desk.example </div><div>Betreff: Rechnung </div></div>Did you restart it?""",
    "spark": """<div name="messageBodySection"><div dir="auto">It still fails.<img src="cid:shot"><br>Black screen.</div></div><div name="messageSignatureSection"><br>Anna Berg</div><div name="messageReplySection">On Oct 27, 2021, 9:31 AM +0200, John &lt;j@a.example&gt;, wrote:<br><blockquote type="cite">Did you restart it?</blockquote></div>""",
    "notes": """<font size=2>It still fails.</font><br><img src="cid:shot"><br><font size=2>Black screen.</font><br><br><br><font size=1 color=#5f5f5f>From: &nbsp; &nbsp; &nbsp; &nbsp;</font><font size=1>John &lt;j@a.example&gt;</font><br><font size=1>To: &nbsp; &nbsp; &nbsp; &nbsp;</font><font size=1>help@desk.example</font><br><font size=1>Date: &nbsp; &nbsp; &nbsp; &nbsp;</font><font size=1>10/27/2021 09:31 AM</font><br><font size=1>Subject: &nbsp; &nbsp; &nbsp; &nbsp;</font><font size=1>Invoice</font><br><hr noshade><br>Did you restart it?""",
    "roundcube": """<html><body><p>It still fails.</p><img src="cid:shot"><p>Black screen.</p><p id="reply-intro">On 2021-10-27 09:31, John wrote:</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0"><div>Did you restart it?</div></blockquote></body></html>""",
}


@pytest.mark.parametrize("page", CLIENTS.values(), ids=CLIENTS.keys())
def test_new_text_of_every_client(page: str) -> None:
    split = reply.from_html(page)
    assert split.reply.replace("[shot.png]", "").split() == ["It", "still", "fails.", "Black", "screen."]
    assert OLD in split.quoted


@pytest.mark.parametrize("page", CLIENTS.values(), ids=CLIENTS.keys())
def test_new_fragment_keeps_the_answer_and_its_image_alone(page: str) -> None:
    fragment = html.new_fragment(page)
    assert "It still fails." in fragment
    assert "Black screen." in fragment
    assert 'src="cid:shot"' in fragment
    assert OLD not in fragment
    assert "John" not in fragment
    assert "Anna" not in fragment


@pytest.mark.parametrize("page", CLIENTS.values(), ids=CLIENTS.keys())
def test_whole_text_holds_everything(page: str) -> None:
    text = html.to_text(page)
    assert "It still fails." in text
    assert OLD in text


def test_blockquote_becomes_quote_marks_and_indentation_does_not() -> None:
    page = "Yes.<blockquote type=cite>One<blockquote>Two</blockquote></blockquote>"
    assert html.to_text(page) == "Yes.\n\n> One\n>\n> > Two"
    assert html.to_text('<blockquote style="margin:0 0 0 40px;border:none">Indented</blockquote>') == "Indented"


def test_lists_keep_their_marks() -> None:
    page = "<ul><li>bolts<li>nuts<ol><li>small</li><li>large</li></ol></ul>"
    assert html.to_text(page).splitlines() == ["- bolts", "- nuts", "", "  1. small", "  2. large"]


def test_cells_of_a_row_stand_on_one_line() -> None:
    page = "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Bolt</td><td>2.00</td></tr></table>"
    assert html.to_text(page).splitlines() == ["Item | Price", "Bolt | 2.00"]


def test_label_cells_read_like_fields() -> None:
    assert html.to_text("<table><tr><th>From: </th><td>anna</td></tr></table>") == "From: anna"


def test_link_shows_its_address_where_it_differs() -> None:
    assert html.to_text('<a href="https://x.example/a?b=1">the form</a>') == "the form <https://x.example/a?b=1>"
    assert html.to_text('<a href="https://x.example/">x.example</a>') == "x.example"
    assert html.to_text('<a href="mailto:a@x.example">a@x.example</a>') == "a@x.example"


@pytest.mark.parametrize(
    "hidden",
    [
        "<style>p{color:red}</style>",
        "<script>alert(1)</script>",
        "<head><title>Newsletter</title></head>",
        '<div style="display:none;max-height:0">preheader</div>',
        '<span style="font-size:0px">preheader</span>',
        "<div hidden>preheader</div>",
        "<!-- a comment -->",
        "<template>unseen</template>",
    ],
)
def test_what_nobody_sees_is_dropped(hidden: str) -> None:
    assert html.to_text(f"{hidden}<p>Hello</p>") == "Hello"


def test_white_space_is_folded_outside_pre() -> None:
    assert html.to_text("<p>a\n   b</p><pre>c\n  d</pre>") == "a b\n\nc\n  d"


def test_paragraphs_of_word_stand_close() -> None:
    assert html.to_text("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>") == "a\nb"
    assert html.to_text("<p>a</p><p>b</p>") == "a\n\nb"


def test_entities_and_broken_markup() -> None:
    assert html.to_text("<p>a &lt; b &amp;&nbsp;c<p>d</b></i>") == "a < b & c\n\nd"


@pytest.mark.parametrize("page", ["", "   ", "<", "<>", "<!doctype html>", "</p>", "<html></html>", "\0"])
def test_empty_pages_are_empty(page: str) -> None:
    assert html.to_text(page).strip("<>") == ""
    assert html.new_fragment(page) in ("", "&lt;", "&lt;&gt;")


def test_deep_nesting_and_many_tags_still_give_their_text() -> None:
    assert "deep" in html.to_text("<div>" * 50_000 + "deep")
    assert "bold" in html.to_text("<b id=x>" * 5_000 + "bold")
    assert html.to_text("<p>row</p>" * 40_000).count("row") == 40_000


CROWD = " ".join(f"a{n}=b" for n in range(200_000))


@pytest.mark.parametrize("start", ["<p ", "<!-- <p a='--><p ", '<p a=">" b=\'', '<p a="<i b=" ', "<p / ", '<p " '])
def test_a_crowd_of_attributes_takes_no_time(start: str) -> None:
    began = time.process_time()
    html.to_text(f"{start}{CROWD}>words</p>")
    html.new_fragment(f"{start}{CROWD}>words</p>")
    assert time.process_time() - began < 2


def test_tags_that_seem_to_lie_in_each_other_take_no_time() -> None:
    began = time.process_time()
    for unit in ("<p\n<p", "<p", "<p a=", "<p a='"):
        html.to_text(unit * 14_000 + " x" * 500_000)
    assert time.process_time() - began < 3


def test_a_page_with_many_attributes_in_all_is_parsed() -> None:
    page = '<p style="color: red; margin: 0 0 0 0" class="a b c">row</p>' * 3000
    assert html_limits.is_parseable(page)
    assert html_limits.is_parseable(f'<img src="data:image/png;base64,{"ab/" * 100_000}">')


def test_tangled_page_has_no_new_fragment() -> None:
    assert html.new_fragment("<div>" * 50_000 + "deep") == ""


def test_lines_of_a_preformatted_body_are_told_apart_within_their_node() -> None:
    page = "<pre>Works now.\n\nOn 27/10/2021 09:31, John wrote:\n&gt; Did you restart it?\n</pre>"
    assert reply.from_html(page).reply == "Works now."
    fragment = html.new_fragment(page)
    assert "Works now." in fragment
    assert OLD not in fragment


def test_interleaved_answers_stay_with_what_they_answer() -> None:
    page = (
        '<div class="moz-cite-prefix">On 27/10/2021 09:31, John wrote:</div><blockquote type="cite">Which model?</blockquote>'
        '<p>The X200.</p><blockquote type="cite">Which system?</blockquote><p>Debian.</p>'
        '<blockquote type="cite">Thanks, John</blockquote>'
    )
    text = reply.from_html(page).reply
    assert text.index("Which model?") < text.index("The X200.") < text.index("Which system?") < text.index("Debian.")


def test_fragment_is_strict_about_quotes_between_answers() -> None:
    page = (
        '<div class="moz-cite-prefix">On 27/10/2021 09:31, John wrote:</div><blockquote type="cite">Which model?</blockquote>'
        '<p>The X200.</p><blockquote type="cite">Which system?</blockquote><p>Debian.</p>'
    )
    fragment = html.new_fragment(page)
    assert "The X200." in fragment
    assert "Debian." in fragment
    assert "Which" not in fragment


@pytest.mark.parametrize(
    "page",
    [
        "<div id=divRplyFwdMsg><b>From:</b> John</div><div>Internal note</div>",
        "<p>From: John &lt;j@a.example&gt;<br>Sent: Wednesday, October 27, 2021 9:31 AM<br>To: x<br>Subject: y</p><p>Internal note</p>",
        "<blockquote>Internal note</blockquote>",
        "<p>---------- Forwarded message ---------<br>From: John &lt;j@a.example&gt;<br>Subject: y</p><p>Internal note</p>",
    ],
)
def test_fragment_is_empty_rather_than_a_quote(page: str) -> None:
    assert "Internal note" not in html.new_fragment(page)


def test_name_with_a_mail_link_shows_its_address() -> None:
    assert (
        html.to_text('From: <a href="mailto:anna%2Bx@x.example?subject=y">Anna</a>') == "From: Anna <anna+x@x.example>"
    )


def test_gmail_forward_is_no_quote() -> None:
    page = (
        '<div dir="ltr">See below<br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
        "From: <b>Carol</b> &lt;c@x.example&gt;<br>Date: Wed, Oct 27, 2021 at 9:31 AM<br>Subject: Printer<br>To: a@y.example<br></div>"
        "It burns.</div></div>"
    )
    split = reply.new_text(text="", html=page, subject="Re: x", has_references=True)
    assert "It burns." in split.reply
