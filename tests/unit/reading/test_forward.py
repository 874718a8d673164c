"""Who really wrote a forwarded mail."""

# ruff: noqa: E501

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.inbound.reading import forward
from gateway.inbound.reading.source import Field, Part
from gateway.mail import Forwarded

EMPTY = Part("text/plain")
BODY = "The printer burns.\n\nCarol"
MARKED = {
    "gmail": "---------- Forwarded message ---------\nFrom: Carol Client <carol@client.example>\nDate: Wed, Oct 27, 2021 at 9:31 AM\nSubject: Printer\nTo: <anna@firm.example>\n\n\n{body}",
    "apple": "> Begin forwarded message:\n>\n> From: Carol Client <carol@client.example>\n> Subject: Printer\n> Date: 27 October 2021 at 09:31:00 UTC\n> To: anna@firm.example\n>\n{quoted}",
    "thunderbird": "-------- Forwarded Message --------\nSubject: \tPrinter\nDate: \tWed, 27 Oct 2021 09:31:00 +0000\nFrom: \tCarol Client <carol@client.example>\nTo: \tanna@firm.example\n\n{body}",
    "yahoo": '   ----- Forwarded Message ----- From: Carol Client <carol@client.example>To: "anna@firm.example" <anna@firm.example>Sent: Wednesday, October 27, 2021, 09:31:00 AM GMTSubject: Printer\n {body}',
    "mailmate": "Forwarded message:\n\n> From: Carol Client <carol@client.example>\n> To: anna@firm.example\n> Subject: Printer\n> Date: Wed, 27 Oct 2021 09:31:00 +0000\n>\n{quoted}",
    "missive": "---------- Forwarded message ----------\nFrom: Carol Client <carol@client.example<mailto:carol@client.example>>\nDate: October 27, 2021 at 9:31 AM\nTo: anna@firm.example\nSubject: Printer\n\n{quoted}",
    "de gmail": "---------- Forwarded message ---------\nVon: Carol Client <carol@client.example>\nDate: Mi., 27. Okt. 2021 um 09:31 Uhr\nSubject: Printer\nTo: <anna@firm.example>\n\n{body}",
    "de apple": "Anfang der weitergeleiteten Nachricht:\n\n> Von: Carol Client <carol@client.example>\n> Betreff: Printer\n> Datum: 27. Oktober 2021 um 09:31:00 UTC\n> An: anna@firm.example\n> \n{quoted}",
    "de thunderbird": "-------- Weitergeleitete Nachricht --------\nBetreff: \tPrinter\nDatum: \tWed, 27 Oct 2021 09:31:00 +0000\nVon: \tCarol Client <carol@client.example>\nAn: \tanna@firm.example\n\n{body}",
    "fr": "---------- Message transféré ---------\nDe : Carol Client <carol@client.example>\nDate : mercredi 27 octobre 2021 à 09:31:00 +0000\nObjet : Printer\nÀ : anna@firm.example\n\n{body}",
    "es": "---------- Mensaje reenviado ---------\nDe: Carol Client <carol@client.example>\nFecha: miércoles, 27 de octubre de 2021 9:31\nAsunto: Printer\nPara: anna@firm.example\n\n{body}",
    "it": "Inizio messaggio inoltrato:\n\n> Da: Carol Client <carol@client.example>\n> Oggetto: Printer\n> Data: 27 ottobre 2021 09:31:00 UTC\n> A: anna@firm.example\n> \n{quoted}",
    "pt": "---------- Mensagem encaminhada ---------\nDe: Carol Client <carol@client.example>\nData: quarta-feira, 27 de outubro de 2021 09:31\nAssunto: Printer\nPara: anna@firm.example\n\n{body}",
    "nl": "---------- Doorgestuurd bericht ---------\nVan: Carol Client <carol@client.example>\nDatum: woensdag 27 oktober 2021 09:31\nOnderwerp: Printer\nAan: anna@firm.example\n\n{body}",
    "pl": "---------- Wiadomość przesłana dalej ---------\nOd: Carol Client <carol@client.example>\nData: środa, 27 października 2021, 09:31\nTemat: Printer\nDo: anna@firm.example\n\n{body}",
    "ru": "-------- Перенаправленное сообщение --------\nТема: \tPrinter\nДата: \t27 октября 2021 г. 09:31\nОт: \tCarol Client <carol@client.example>\nКому: \tanna@firm.example\n\n{body}",
    "uk": "-------- Переслане повідомлення --------\nТема: \tPrinter\nДата: \t27 жовтня 2021 р. 09:31\nВід: \tCarol Client <carol@client.example>\nКому: \tanna@firm.example\n\n{body}",
    "sv": "---------- Vidarebefordrat meddelande ---------\nFrån: Carol Client <carol@client.example>\nDatum: onsdag 27 oktober 2021 09:31\nÄmne: Printer\nTill: anna@firm.example\n\n{body}",
    "fi": "---------- Edelleenlähetetty viesti ---------\nLähettäjä: Carol Client <carol@client.example>\nPäivämäärä: keskiviikko 27. lokakuuta 2021 klo 9.31\nAihe: Printer\nVastaanottaja: anna@firm.example\n\n{body}",
    "cs": "-------- Přeposlaná zpráva --------\nPředmět: \tPrinter\nDatum: \t27. 10. 2021 09:31\nOd: \tCarol Client <carol@client.example>\nKomu: \tanna@firm.example\n\n{body}",
    "hu": "-------- Továbbított üzenet --------\nTárgy: \tPrinter\nDátum: \t2021. október 27. 09:31\nFeladó: \tCarol Client <carol@client.example>\nCímzett: \tanna@firm.example\n\n{body}",
    "tr": "-------- İletilen İleti --------\nKonu: \tPrinter\nTarih: \t27 Ekim 2021 09:31\nKimden: \tCarol Client <carol@client.example>\nKime: \tanna@firm.example\n\n{body}",
    "el": "---------- Προωθημένο μήνυμα ----------\nΑπό: Carol Client <carol@client.example>\nΗμερομηνία: Τετ, 27 Οκτ 2021 09:31\nΘέμα: Printer\nΠρος: anna@firm.example\n\n{body}",
    "ja": "---------- メッセージを転送 ---------\n送信元：Carol Client <carol@client.example>\n日付：2021年10月27日水曜日 09:31:00\n件名：Printer\n送信先：anna@firm.example\n\n{body}",
    "zh_cn": "---------- 转发的邮件 ----------\n发件人： Carol Client <carol@client.example>\n日期： 2021年10月27日 09:31\n主题： Printer\n收件人： anna@firm.example\n\n{body}",
    "zh_tw": "---------- 轉寄的郵件 ----------\n寄件者： Carol Client <carol@client.example>\n日期： 2021年10月27日 上午9:31\n主旨： Printer\n收件者： anna@firm.example\n\n{body}",
    "ko": "---------- 전달된 메시지 ----------\n보낸 사람: Carol Client <carol@client.example>\n날짜: 2021년 10월 27일 (수) 오전 9:31\n제목: Printer\n받는 사람: anna@firm.example\n\n{body}",
    "he": "---------- הודעה שהועברה ---------\nמאת: Carol Client <carol@client.example>\nתאריך: 27 באוקטובר 2021 09:31\nנושא: Printer\nאל: anna@firm.example\n\n{body}",
    "ar": "---------- رسالة معاد توجيهها ---------\nمن: Carol Client <carol@client.example>\nالتاريخ: 27 أكتوبر 2021 09:31\nالموضوع: Printer\nإلى: anna@firm.example\n\n{body}",
    "vi": "---------- Thư được chuyển tiếp ---------\nTừ: Carol Client <carol@client.example>\nNgày: 09:31 27 tháng 10, 2021\nChủ đề: Printer\nĐến: anna@firm.example\n\n{body}",
}
UNMARKED = {
    "outlook": ("FW: Printer", "________________________________\nFrom: Carol Client <carol@client.example>\nSent: Wednesday, October 27, 2021 09:31\nTo: Anna <anna@firm.example>\nSubject: Printer\n\n{body}"),
    "outlook mac": ("Fw: Printer", "From: Carol Client <carol@client.example>\nDate: Wednesday, 27 October 2021 at 09:31\nTo: Anna <anna@firm.example>\nSubject: Printer\n{body}"),
    "outlook 2013": ("FW: Printer", "From: Carol Client [mailto:carol@client.example]\nSent: 27 October 2021 09:31\nTo: Anna\nSubject: Printer\n\n{body}"),
    "outlook old": ("FW: Printer", "-----Original Message-----\nFrom: Carol Client [mailto:carol@client.example]\nSent: 27 October 2021 09:31\nTo: Anna\nSubject: Printer\n\n{body}"),
    "de outlook": ("WG: Printer", "Von: Carol Client <carol@client.example>\nGesendet: Mittwoch, 27. Oktober 2021 09:31\nAn: Anna <anna@firm.example>\nBetreff: Printer\n\n{body}"),
    "fr outlook": ("TR: Printer", "De : Carol Client <carol@client.example>\nEnvoyé : mercredi 27 octobre 2021 09:31\nÀ : Anna <anna@firm.example>\nObjet : Printer\n\n{body}"),
    "pl outlook": ("PD: Printer", "Od: Carol Client <carol@client.example>\nWysłano: środa, 27 października 2021 09:31\nDo: Anna <anna@firm.example>\nTemat: Printer\n\n{body}"),
    "unknown prefix": ("Προώθ.: Printer", "Από: Carol Client <carol@client.example>\nΣτάλθηκε: Τετάρτη, 27 Οκτωβρίου 2021 09:31\nΠρος: Anna <anna@firm.example>\nΘέμα: Printer\n\n{body}"),
    "outlook mac attribution": ("FW: Printer", 'On 27/10/2021, 09:31, "Carol Client" <carol@client.example> wrote:\n\n    {body}'),
    "it outlook mac attribution": ("I: Printer", 'Il giorno 27/10/2021, 09:31 "Carol Client" <carol@client.example> ha scritto:\n\n    {body}'),
    "fi outlook mac attribution": ("VL: Printer", "Carol Client <carol@client.example> kirjoitti 27.10.2021 9.31:\n\n    {body}"),
}  # fmt: skip
WRITTEN = datetime(2021, 10, 27, 9, 31, tzinfo=UTC)


def _fill(form: str) -> str:
    return form.replace("{body}", BODY).replace(
        "{quoted}", "\n".join(f"> {line}".rstrip() for line in BODY.split("\n"))
    )


def _agrees(found: Forwarded | None) -> None:
    assert found is not None
    assert (found.sender.name, found.sender.address) == ("Carol Client", "carol@client.example")
    assert found.subject == "Printer"
    assert found.date == WRITTEN
    assert found.text.split() == BODY.split()


@pytest.mark.parametrize("form", MARKED.values(), ids=MARKED.keys())
@pytest.mark.parametrize("comment", ["", "Can somebody look at this?\n\n"], ids=["bare", "comment"])
@pytest.mark.parametrize("subject", ["Fwd: Printer", "Printer trouble"])
def test_marked_forward_yields_its_author(form: str, comment: str, subject: str) -> None:
    _agrees(forward.find(text=comment + _fill(form), html="", subject=subject, root=EMPTY))


@pytest.mark.parametrize(("subject", "form"), UNMARKED.values(), ids=UNMARKED.keys())
@pytest.mark.parametrize("comment", ["", "Can somebody look at this?\n\n"], ids=["bare", "comment"])
def test_header_alone_is_a_forward_if_the_subject_says_so(subject: str, form: str, comment: str) -> None:
    _agrees(forward.find(text=comment + _fill(form), html="", subject=subject, root=EMPTY))


@pytest.mark.parametrize(("subject", "form"), UNMARKED.values(), ids=UNMARKED.keys())
def test_the_same_header_in_a_reply_is_no_forward(subject: str, form: str) -> None:
    text = "It works now.\n\n" + _fill(form)
    assert forward.find(text=text, html="", subject="Re: Printer", root=EMPTY) is None


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!\n\nOn 27/10/2021 09:31, Carol wrote:\n> ---------- Forwarded message ---------\n> From: Dan <dan@x.example>\n> Date: Wed, Oct 27, 2021\n> Subject: Printer\n> To: a@x.example\n>\n> text",
        "Thanks!\n\nFrom: Carol <carol@x.example>\nSent: Wednesday, October 27, 2021 09:31\nTo: Anna\nSubject: Fwd: Printer\n\n---------- Forwarded message ---------\nFrom: Dan <dan@x.example>\nDate: Wed, Oct 27, 2021\nSubject: Printer\n\ntext",
    ],
    ids=["marked", "outlook"],
)
def test_forward_inside_the_quote_of_a_reply_is_not_this_mails(text: str) -> None:
    assert forward.find(text=text, html="", subject="Re: Fwd: Printer", root=EMPTY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Begin forwarded message:\nHello",
        "From: Berlin\nTo: Paris\nDate: 5 May 2026",
        "I forwarded the message: see above",
    ],
)
def test_no_head_no_forward(text: str) -> None:
    assert forward.find(text=text, html="", subject="Fwd: x", root=EMPTY) is None


def test_html_forward() -> None:
    page = (
        '<div dir="ltr">See below<br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
        'Von: <strong class="gmail_sendername" dir="auto">Carol Client</strong> <span dir="auto">&lt;<a href="mailto:carol@client.example">carol@client.example</a>&gt;</span><br>'
        "Date: Mi., 27. Okt. 2021 um 09:31 Uhr<br>Subject: Printer<br>To:  &lt;<a href='mailto:a@y.example'>a@y.example</a>&gt;<br></div><br><br>"
        "<div>The printer burns.</div><br><div>Carol</div></div></div>"
    )
    _agrees(forward.find(text="", html=page, subject="Fwd: Printer", root=EMPTY))


def test_html_forward_of_thunderbird_has_its_header_in_a_table() -> None:
    page = (
        "<p>See below</p><div class='moz-forward-container'><br>-------- Weitergeleitete Nachricht --------"
        "<table class='moz-email-headers-table'><tbody><tr><th align=RIGHT>Betreff: </th><td>Printer</td></tr>"
        "<tr><th>Datum: </th><td>Wed, 27 Oct 2021 09:31:00 +0000</td></tr>"
        "<tr><th>Von: </th><td>Carol Client <a href='mailto:carol@client.example'>&lt;carol@client.example&gt;</a></td></tr>"
        "<tr><th>An: </th><td>anna@firm.example</td></tr></tbody></table><br><br>The printer burns.<br><br>Carol</div>"
    )
    _agrees(forward.find(text="", html=page, subject="Fwd: Printer", root=EMPTY))


def _message(*fields: tuple[str, str], children: tuple[Part, ...] = (), text: str | None = None) -> Part:
    kind = "multipart/mixed" if children else "text/plain"
    return Part(kind, fields=tuple(Field(name, value, value) for name, value in fields), children=children, text=text)


def test_attached_message_is_a_forward() -> None:
    inner = _message(
        ("from", "Carol Client <carol@client.example>"),
        ("subject", "Printer"),
        ("date", "Wed, 27 Oct 2021 09:31:00 +0000"),
        ("message-id", "<1@client.example>"),
        text=BODY,
    )
    root = _message(children=(_message(text="See attached"), Part("message/rfc822", children=(inner,))))
    found = forward.find(text="See attached", html="", subject="Printer", root=root)
    _agrees(found)
    assert found is not None
    assert found.message_id == "1@client.example"


def test_message_in_a_report_is_no_forward() -> None:
    inner = _message(("from", "desk@desk.example"), text="ours")
    root = Part("multipart/report", children=(Part("message/rfc822", children=(inner,)),))
    assert forward.find(text="", html="", subject="Undelivered", root=root) is None


def test_author_without_address_is_still_named() -> None:
    text = "-----Original Message-----\nFrom: Carol Client\nSent: 27 October 2021 09:31\nTo: Anna\nSubject: Printer\n\nIt burns."
    found = forward.find(text=text, html="", subject="FW: Printer", root=EMPTY)
    assert found is not None
    assert (found.sender.name, found.sender.address) == ("Carol Client", "")


def test_unsure_date_is_none() -> None:
    text = "---------- Forwarded message ---------\nFrom: Carol <c@x.example>\nDate: 03/04/2021 09:31\nSubject: Printer\nTo: a@x.example\n\nIt burns."
    found = forward.find(text=text, html="", subject="Fwd: Printer", root=EMPTY)
    assert found is not None
    assert found.date is None


def test_first_of_several_forwards_counts_and_keeps_the_others_in_its_text() -> None:
    text = (
        _fill(MARKED["gmail"])
        + "\n\n---------- Forwarded message ---------\nFrom: Dan <dan@x.example>\nDate: Tue, Oct 26, 2021 at 8:00 AM\nSubject: Old\nTo: c@x.example\n\nOlder"
    )
    found = forward.find(text=text, html="", subject="Fwd: Printer", root=EMPTY)
    assert found is not None
    assert found.sender.address == "carol@client.example"
    assert "Older" in found.text
