"""Foreign HTML: nothing that runs, loads or hides survives, nothing readable is lost, and no mail is a bomb."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from gateway.outbound.html import LONGEST_TEXT, sanitise, text_to_html, text_to_pre
from gateway.outbound.tidy import CUT, MAX_CHARACTERS, MAX_DEPTH, tokens

CIDS = frozenset({"logo@client.example"})
SCRIPT = "alert(1)"
HANDLERS = ("onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle", "onbegin", "onanimationstart")
HOLDERS = ("img", "body", "svg", "div", "input", "details", "video", "a", "marquee", "iframe", "p", "table")
SCHEMES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A&#x61;vascript:alert(1)",
    "javascript&colon;alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "file:///etc/passwd",
    "ftp://evil.example/x",
    "//evil.example/x",
    "/relative",
    "cid:logo@client.example",
    "blob:https://evil.example/1",
    "view-source:http://evil.example",
    "ms-word:ofe|u|http://evil.example/x.docx",
)
REMOTE = (
    '<img src="http://t.example/p.gif">',
    '<img src="https://t.example/p.gif" width=1 height=1>',
    "<img src=//t.example/p.gif>",
    '<img srcset="https://t.example/p.gif 2x">',
    '<img src="cid:logo@client.example" srcset="http://t.example/2x">',
    '<img src="cid:logo@client.example" lowsrc="http://t.example/l" dynsrc="http://t.example/d">',
    '<input type=image src="http://t.example/p.gif">',
    '<table background="http://t.example/p.gif"><tr><td background="http://t.example/p.gif">x',
    '<body background="http://t.example/p.gif">',
    '<div style="background:url(http://t.example/p.gif)">x',
    '<div style="background-image:url(http://t.example/p.gif)">x',
    '<div style="background-color:url(http://t.example/p.gif)">x',
    '<div style="color:red;background:u\\72l(http://t.example/p.gif)">x',
    '<div style="list-style-image:url(http://t.example/p.gif)">x',
    '<div style="content:url(http://t.example/p.gif)">x',
    '<p style="color:expression(alert(1))">x',
    '<p style="-moz-binding:url(http://t.example/x.xml#a)">x',
    "<style>@import url(http://t.example/x.css);p{color:red}</style>x",
    "<style>p{background:url(http://t.example/p.gif)}</style>x",
    '<link rel=stylesheet href="http://t.example/x.css">',
    '<link rel=prefetch href="http://t.example/x">',
    '<meta http-equiv=refresh content="0;url=http://t.example/">',
    '<base href="http://t.example/">',
    '<iframe src="http://t.example/"></iframe>',
    '<frameset><frame src="http://t.example/"></frameset>',
    '<object data="http://t.example/x.swf"></object>',
    '<embed src="http://t.example/x.swf">',
    '<applet code=x codebase="http://t.example/"></applet>',
    '<video poster="http://t.example/p.gif"><source src="http://t.example/v"></video>',
    '<audio src="http://t.example/a" autoplay></audio>',
    '<svg><image xlink:href="http://t.example/p.gif"/></svg>',
    '<svg><use href="http://t.example/x.svg#a"/></svg>',
    '<math href="http://t.example/">x</math>',
    '<form action="http://t.example/"><button>Log in</button></form>',
    '<a href="https://ok.example" ping="http://t.example/">x</a>',
    '<!--[if gte IE 4]><img src="http://t.example/p.gif"><![endif]-->',
    '<![if true]><img src="http://t.example/p.gif"><![endif]>',
    '<x:image src="http://t.example/p.gif">',
    '<picture><source srcset="http://t.example/p.gif"></picture>',
)
MUTATIONS = (
    "<script>alert(1)</script>",
    "<SCRIPT SRC=http://t.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1);//<</script>",
    "<script\x0cfoo>alert(1)</script>",
    "<script/x>alert(1)</script\t\n bar>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg><foreignObject><p><style><!--</style><img src onerror=alert(1)>--></style>",
    "<title><img src=x onerror=alert(1)></title>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    '<!--<img src="--><img src=x onerror=alert(1)//">',
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml <script>alert(1)</script>?>",
    '<img src="x` `<script>alert(1)</script>"` `>',
    '<img """><script>alert(1)</script>">',
    '<a href="x" title=\'"><script>alert(1)</script>\'>x</a>',
    '<p title="</p><script>alert(1)</script>">x</p>',
    "<b/onclick=alert(1)>x",
    "<p\x00onclick=alert(1)>x",
    '<gw-slot id="0"></gw-slot><script>alert(1)</script>',
)
PAYLOADS = (
    *(f"<{tag} {handler}={SCRIPT} src=x>text</{tag}>" for tag, handler in itertools.product(HOLDERS, HANDLERS)),
    *(
        f'<{tag} {name}="{url}">x</{tag}>'
        for url in SCHEMES
        for tag, name in (("a", "href"), ("img", "src"), ("area", "href"), ("q", "cite"), ("form", "action"))
    ),
    *REMOTE,
    *MUTATIONS,
)
LINKS = ("http://", "https://", "mailto:", "tel:")


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_runs_and_nothing_is_loaded(payload: str) -> None:
    assert_harmless(sanitise(f"<p>before {payload} after</p>", known_cids=CIDS).html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_shown_as_html_is_inert(payload: str) -> None:
    assert_harmless(text_to_html(payload).html)
    assert_harmless(text_to_pre(payload).html)


@given(st.lists(st.sampled_from([*PAYLOADS, "<", ">", '"', "'", "<p>", "</td>", "<!--", "-->", "&", "x"]), max_size=8))
def test_payloads_in_any_order_stay_harmless(parts: list[str]) -> None:
    assert_harmless(sanitise("".join(parts), known_cids=CIDS).html)


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing_that_matters(text: str) -> None:
    once = sanitise(text, known_cids=CIDS).html
    assert HTMLParser(sanitise(once, known_cids=CIDS).html).text() == HTMLParser(once).text()


def assert_harmless(html: str) -> None:
    """What a browser would see: known elements, no handler, no address but links, no image but our own."""
    for node in HTMLParser(html).css("*"):
        assert node.tag not in {"script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "base"}
        assert node.tag not in {"link", "meta", "video", "audio", "source", "template", "textarea", "title", "xmp"}
        for name, value in node.attributes.items():
            check_attribute(node.tag or "", name, value or "")


def check_attribute(tag: str, name: str, value: str) -> None:
    assert not name.startswith("on")
    assert name not in {"srcset", "background", "action", "formaction", "poster", "data", "ping", "id", "class", "name"}
    if name == "src":
        assert (tag, value) == ("img", "cid:logo@client.example")
    if name == "href":
        assert value.strip().lower().startswith(LINKS)
    if name == "style":
        assert "url" not in value
        assert "expression" not in value
        assert "\\" not in value


def test_known_images_point_to_the_id_of_this_mail() -> None:
    html = '<img src="CID:logo%40client.example" alt="Logo" width="40" onload=x>'
    assert (
        'src="cid:new@desk.example"'
        in sanitise(html, known_cids=CIDS, rename={"logo@client.example": "new@desk.example"}).html
    )


def test_an_image_that_is_not_here_leaves_its_description() -> None:
    assert (
        sanitise('a <img src="https://t.example/x" alt="Our <logo>"> b', known_cids=CIDS).html
        == "a [Our &lt;logo&gt;] b"
    )
    assert sanitise('a <img src="cid:unknown"> b', known_cids=CIDS).html == "a  b"


def test_what_people_write_survives() -> None:
    html = (
        '<html><head><title>x</title><style>p{}</style></head><body dir="ltr">'
        '<p class="MsoNormal" style="color:#1F497D;margin:0">'
        'Dear <b>Olivia</b>,<br>see <a href="https://x.example/?a=1&amp;b=2">this</a> & that &copy; 1 < 2</p>'
        "<ul><li>one<li>two</ul><table><tr><td>a<td>b</table><blockquote type=cite>old</blockquote></body></html>"
    )
    result = sanitise(html, known_cids=CIDS).html
    assert HTMLParser(result).text() == "Dear Olivia,see this & that © 1 < 2onetwoabold"
    assert 'style="color:#1f497d"' in result
    assert result.count("<li>") == 2
    assert result.count("<td>") == 2
    assert 'href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow"' in result


@pytest.mark.parametrize("colour", ["black", "windowtext", "#000000", "#000", "rgb(0, 0, 0)"])
def test_black_is_left_to_the_reader(colour: str) -> None:
    assert "style" not in sanitise(f'<p style="color:{colour}">x', known_cids=CIDS).html


BOMBS = {
    "nested": "<div>" * 60_000,
    "open formatting": "".join(f"<font size={i}><p>" for i in range(20_000)),
    "misnested": "".join(f"<div><b title={i}></div>" for i in range(15_000)),
    "hidden ends": "".join(f"<font a={i}><table><td></font></td></table>" for i in range(2_000))
    + "<div>x</div>" * 8_000,
    "ends in comments": "".join(f"<i a={i}><!--</i>-->" for i in range(10_000)) + "<p>x" * 10_000,
    "less-than": "<" * 300_000,
    "ampersands": "&" * 300_000,
    "quotes": '<a x="' * 50_000,
    "attributes": "<a " + "b " * 150_000,
    "blanks": "<a" + " " * 300_000,
    "equals": "<a " + "=" * 300_000,
    "scripts": "<script>" * 40_000,
    "comments": "<!--" * 75_000,
    "declarations": '<p style="' + "a:b;" * 75_000 + '">x',
    "lists": "<ul><li>" * 35_000,
    "quote marks": "> " * 100_000,
    "urls": "http://" * 40_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_mail_is_a_bomb(name: str) -> None:
    start = time.process_time()
    clean = sanitise(BOMBS[name], known_cids=CIDS).html
    text_to_html(BOMBS[name])
    assert time.process_time() - start < 6, "this was quadratic: some 1.5 s is the worst that was measured"
    assert depth(clean) <= MAX_DEPTH


def depth(html: str) -> int:
    deepest = current = 0
    for kind, value, _ in tokens(html):
        current += {"start": 1, "end": -1}.get(kind, 0) if value not in {"br", "img", "hr", "wbr"} else 0
        deepest = max(deepest, current)
    return deepest


def test_beyond_the_size_limit_the_rest_is_cut_with_a_mark() -> None:
    html = sanitise("<p>start</p>" + "x" * MAX_CHARACTERS + "<b>end</b>", known_cids=CIDS).html
    assert html.startswith("<p>start</p>")
    assert CUT in html[-20:]
    assert "end" not in html[-20:]
    assert CUT in text_to_html("x" * (LONGEST_TEXT + 1)).html


def test_text_keeps_its_lines_paragraphs_and_indents() -> None:
    html = text_to_html("Hello,\r\n\r\nfirst\n  second\n").html
    parsed = [p.html for p in HTMLParser(html).css("p")]
    assert len(parsed) == 2
    assert "first<br>\n&nbsp;&nbsp;second" in html


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see https://x.example/a, and", "https://x.example/a"),
        ("(https://x.example/a)", "https://x.example/a"),
        ("https://x.example/a_(b).", "https://x.example/a_(b)"),
        ("<https://x.example/?a=1&b=2>", "https://x.example/?a=1&amp;b=2"),
        ('"HTTP://x.example"', "HTTP://x.example"),
    ],
)
def test_addresses_in_text_become_links(text: str, url: str) -> None:
    assert f'<a href="{url}"' in text_to_html(text).html


def test_quotes_in_text_are_indented_by_their_depth() -> None:
    html = text_to_html("me\n> you\n> > them\nme again").html
    assert html.count("<blockquote") == 2
    assert html.index("them") < html.index("</blockquote>") < html.index("me again")


def test_columns_hold_in_preformatted_text() -> None:
    assert text_to_pre("a    b\n <c>").html == "a&nbsp; &nbsp; b<br>\n &lt;c&gt;"
