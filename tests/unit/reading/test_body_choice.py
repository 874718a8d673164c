"""Which parts are the text and which are files."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.inbound.reading import body, parse, prescan

HEAD = b"From: a@b.example\r\nSubject: hi\r\nMIME-Version: 1.0\r\n"


def collected(raw: bytes) -> body.Body:
    budget = prescan.Budget(len(raw))
    return body.collect(parse.parse(raw, budget), budget)


def multipart(kind: bytes, *parts: bytes, parameters: bytes = b"") -> bytes:
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()[:12].encode()
    head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"' + parameters + b"\r\n\r\n"
    return head + b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + boundary + b"--\r\n"


def leaf(kind: bytes, content: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([b"Content-Type: " + kind, *fields, b"", content])


TEXT = leaf(b"text/plain; charset=utf-8", b"The printer in room five burns.")
HTML = leaf(b"text/html; charset=utf-8", b"<p>The printer in room <b>five</b> burns.</p>")
PDF = leaf(b"application/pdf; name=a.pdf", b"%PDF", b"Content-Disposition: attachment")
PNG = leaf(b"image/png; name=logo.png", b"\x89PNG", b"Content-Disposition: inline", b"Content-ID: <logo@x>")


def test_plain_text_stands_for_its_html_alternative() -> None:
    found = collected(HEAD + multipart(b"alternative", TEXT, HTML))
    assert found.text == "The printer in room five burns."
    assert found.html.startswith("<p>")
    assert found.attachments == []


def test_html_alone_is_shown_as_text() -> None:
    found = collected(HEAD + HTML)
    assert found.text.strip() == "The printer in room five burns."
    assert found.plain == []


@pytest.mark.parametrize("empty", [b"", b" \r\n\r\n", "\u00a0\r\n".encode()])
def test_an_empty_plain_alternative_gives_way(empty: bytes) -> None:
    found = collected(HEAD + multipart(b"alternative", leaf(b"text/plain; charset=utf-8", empty), HTML))
    assert found.text.strip() == "The printer in room five burns."


def test_alternatives_that_say_different_things_are_both_shown() -> None:
    stub = leaf(b"text/plain", b"Please use a viewer that understands such messages.")
    found = collected(HEAD + multipart(b"alternative", stub, HTML))
    assert "Please use a viewer" in found.text
    assert "printer in room five" in found.text


def test_plain_alternatives_of_different_content_are_all_shown() -> None:
    other = leaf(b"text/plain", b"Somebody should bring water quickly.")
    found = collected(HEAD + multipart(b"alternative", TEXT, other, TEXT))
    assert found.text == "The printer in room five burns.\nSomebody should bring water quickly."


def test_text_parts_are_joined_in_order() -> None:
    last = leaf(b"text/plain", b"Sent from a list.")
    found = collected(HEAD + multipart(b"mixed", TEXT, PDF, last))
    assert found.text == "The printer in room five burns.\nSent from a list."
    assert [a.filename for a in found.attachments] == ["a.pdf"]


def test_html_between_files_is_text() -> None:
    found = collected(HEAD + multipart(b"mixed", TEXT, PDF, leaf(b"text/html", b"<p>And then this.</p>")))
    assert "And then this." in found.text


def test_related_images_are_inline_files() -> None:
    found = collected(HEAD + multipart(b"related", multipart(b"alternative", TEXT, HTML), PNG))
    assert found.text == "The printer in room five burns."
    (image,) = found.attachments
    assert (image.filename, image.inline, image.content_id, image.content_type) == (
        "logo.png",
        True,
        "logo@x",
        "image/png",
    )
    assert image.sha256 == hashlib.sha256(b"\x89PNG").hexdigest()
    assert image.size == 4


def test_a_photo_that_no_html_shows_is_a_file_like_any_other() -> None:
    photo = leaf(b"image/jpeg; name=passport.jpg", b"\xff\xd8", b"Content-Disposition: inline; filename=passport.jpg")
    (found,) = collected(HEAD + multipart(b"mixed", TEXT, photo)).attachments
    assert not found.inline


def test_a_picture_that_the_html_shows_is_inline_wherever_it_stands() -> None:
    rich = leaf(b"text/html", b'<p>The printer in room five burns.</p><img src="cid:logo%40x">')
    picture = leaf(b"image/png; name=a.png", b"x", b"Content-Disposition: attachment", b"Content-ID: <logo@x>")
    (found,) = collected(HEAD + multipart(b"mixed", multipart(b"alternative", TEXT, rich), picture)).attachments
    assert found.inline


def test_a_document_among_related_parts_is_a_file() -> None:
    (found,) = collected(HEAD + multipart(b"related", HTML, PDF)).attachments
    assert not found.inline


def test_a_text_file_is_a_file() -> None:
    notes = leaf(b"text/plain; name=notes.txt", b"my notes", b"Content-Disposition: attachment; filename=notes.txt")
    found = collected(HEAD + multipart(b"mixed", TEXT, notes))
    assert found.text == "The printer in room five burns."
    assert found.attachments[0].content == b"my notes"


def test_a_mail_that_is_nothing_but_a_named_text_shows_it() -> None:
    notes = leaf(b"text/plain; name=notes.txt", b"my notes", b"Content-Disposition: inline; filename=notes.txt")
    found = collected(HEAD + multipart(b"mixed", notes))
    assert found.text == "my notes"
    assert [a.filename for a in found.attachments] == ["notes.txt"]


def test_a_nested_message_is_a_file_and_never_text() -> None:
    nested = leaf(b"message/rfc822", b"From: c@d.example\r\nSubject: Old story\r\n\r\nburied text")
    found = collected(HEAD + multipart(b"mixed", TEXT, nested))
    assert "buried" not in found.text
    assert (found.attachments[0].filename, found.attachments[0].content_type) == ("Old story.eml", "message/rfc822")


def test_files_inside_of_alternatives_count() -> None:
    rich = multipart(b"mixed", HTML, PDF)
    found = collected(HEAD + multipart(b"alternative", TEXT, rich))
    assert [a.filename for a in found.attachments] == ["a.pdf"]


def test_an_invitation_is_a_file_and_speaks_where_nothing_else_does() -> None:
    ics = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Call\\, weekly\r\nDTSTART:20261121T100000Z\r\nEND:VEVENT\r\n"
    alone = collected(HEAD + leaf(b"text/calendar; method=REQUEST", ics))
    assert alone.text == "Call, weekly\nFrom: 20261121T100000Z"
    assert alone.attachments[0].filename.endswith(".ics")
    beside = collected(HEAD + multipart(b"alternative", TEXT, leaf(b"text/calendar", ics)))
    assert beside.text == "The printer in room five burns."
    assert len(beside.attachments) == 1


def test_a_signature_is_a_file() -> None:
    signature = leaf(b'application/pgp-signature; name="signature.asc"', b"-----BEGIN PGP SIGNATURE-----")
    found = collected(HEAD + multipart(b"signed", TEXT, signature))
    assert found.text == "The printer in room five burns."
    assert [a.filename for a in found.attachments] == ["signature.asc"]


def test_encrypted_mail_says_so() -> None:
    version = leaf(b"application/pgp-encrypted", b"Version: 1")
    payload = leaf(b"application/octet-stream; name=encrypted.asc", b"-----BEGIN PGP MESSAGE-----")
    raw = HEAD + multipart(b"encrypted", version, payload)
    budget = prescan.Budget(len(raw))
    found = body.collect(parse.parse(raw, budget), budget)
    assert found.text == ""
    assert "encrypted.asc" in [a.filename for a in found.attachments]
    assert "encrypted with OpenPGP: cannot be read here" in budget.defects


def test_uuencoded_files_leave_the_text() -> None:
    raw = HEAD + b"\r\nSee this:\r\nbegin 644 a.bin\r\n#0V%T\r\n#0V%T\r\n#0V%T\r\n`\r\nend\r\nBye\r\n"
    found = collected(raw)
    assert found.text == "See this:\nBye"
    assert (found.attachments[0].filename, found.attachments[0].content) == ("a.bin", b"CatCatCat")


@pytest.mark.parametrize(
    ("parameters", "content", "text"),
    [
        (b"format=flowed", b"one \r\ntwo\r\n", "one two"),
        (b"format=flowed; delsp=yes", b"one \r\ntwo\r\n", "onetwo"),
        (b"format=flowed", b"> one \r\n> two\r\nthree\r\n", "> one two\nthree"),
        (b"format=flowed", b"text \r\n-- \r\nCasey\r\n", "text \n-- \nCasey"),
        (b"format=flowed", b" >not a quote\r\n", ">not a quote"),
        (b"format=fixed", b"one \r\ntwo\r\n", "one \ntwo"),
    ],
)
def test_flowed_text(parameters: bytes, content: bytes, text: str) -> None:
    assert collected(HEAD + leaf(b"text/plain; " + parameters, content)).text == text


def test_enriched_text_loses_its_commands() -> None:
    raw = HEAD + leaf(b"text/enriched", b"<bold>Now</bold> <color><param>red</param>is</color> 1 << 2")
    assert collected(raw).text == "Now is 1 < 2"


def test_a_text_too_long_is_cut_and_attached_whole() -> None:
    raw = HEAD + b"\r\n" + b"word " * (body.MAX_TEXT // 5 + 10)
    found = collected(raw)
    assert len(found.text) == body.MAX_TEXT
    assert found.attachments[0].size == len(raw) - len(HEAD) - 2


def test_unnamed_files_get_a_name_with_the_right_ending() -> None:
    found = collected(
        HEAD
        + multipart(
            b"mixed", *(leaf(b"image/jpeg", b"\xff"), leaf(b"application/pdf", b"%PDF")), leaf(b"image/jpeg", b"\xd8")
        )
    )
    assert [a.filename for a in found.attachments] == ["image.jpg", "document.pdf", "image-2.jpg"]


def test_a_file_in_base64_is_decoded() -> None:
    content = bytes(range(256))
    part = leaf(
        b"application/octet-stream; name=x.bin", base64.encodebytes(content), b"Content-Transfer-Encoding: base64"
    )
    assert collected(HEAD + multipart(b"mixed", TEXT, part)).attachments[0].content == content


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"Content-ID: <image001.png@01D0A1B2>", "image001.png"),
        (b"Content-Location: http://x.example/a/chart.gif", "chart.gif"),
        (b"Content-Description: Sales report.xls", "Sales report.xls"),
        (b"Content-Description: a picture", "image.png"),
    ],
)
def test_a_part_may_name_itself_elsewhere(field: bytes, name: str) -> None:
    found = collected(HEAD + multipart(b"mixed", TEXT, leaf(b"image/png", b"x", field)))
    assert found.attachments[0].filename == name


def test_an_alternative_may_have_a_name() -> None:
    named = leaf(b"text/html; name=mail.html", b"<p>The printer in room five burns.</p>")
    found = collected(HEAD + multipart(b"alternative", TEXT, named))
    assert found.html
    assert found.attachments == []


def test_alternatives_for_special_readers_are_no_files() -> None:
    amp = leaf(b"text/x-amp-html", b"<html amp4email></html>")
    assert collected(HEAD + multipart(b"alternative", TEXT, amp, HTML)).attachments == []


def test_an_apple_double_is_one_file() -> None:
    fork = leaf(b"application/applefile; name=a.pdf", b"\x00\x05\x16\x07")
    found = collected(HEAD + multipart(b"mixed", TEXT, multipart(b"appledouble", fork, PDF)))
    assert [(a.filename, a.content) for a in found.attachments] == [("a.pdf", b"%PDF")]


def test_a_text_that_the_html_includes_is_no_body_text() -> None:
    frame = leaf(b"text/html", b"<p>An advertisement.</p>", b"Content-ID: <frame@x>")
    found = collected(HEAD + multipart(b"related", HTML, frame))
    assert "advertisement" not in found.text
    assert len(found.attachments) == 1


ARMOUR = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nIt burns.\r\n- -- not a signature\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQE=\r\n-----END PGP SIGNATURE-----\r\nafterwards\r\n"
)


def test_the_armour_of_a_signature_is_shown_and_is_not_new_text() -> None:
    found = collected(HEAD + leaf(b"text/plain", ARMOUR))
    assert "BEGIN PGP SIGNED" in found.text
    assert found.plain == ["It burns.\n-- not a signature\nafterwards\n"]


def test_an_encrypted_text_says_so() -> None:
    raw = HEAD + leaf(b"text/plain", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQE=\r\n-----END PGP MESSAGE-----\r\n")
    budget = prescan.Budget(len(raw))
    body.collect(parse.parse(raw, budget), budget)
    assert "encrypted with OpenPGP: cannot be read here" in budget.defects
