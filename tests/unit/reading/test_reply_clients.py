"""What mail clients write above a quote, by language and client."""

# ruff: noqa: E501

from __future__ import annotations

import pytest

from gateway.inbound.reading import reply

ATTRIBUTIONS = {
    "en gmail": "On Wed, Oct 27, 2021 at 9:31 AM John Doe <john@acme.example> wrote:",
    "en gmail wrapped": "On Wed, Oct 27, 2021 at 9:31 AM John Doe The Third Of His Name <\njohn@acme.example> wrote:",
    "en gmail wrapped verb": "On Wed, Oct 27, 2021 at 9:31 AM John Doe The Third <john@acme.example>\nwrote:",
    "en apple": "On 27 Oct 2021, at 09:31, John Doe <john@acme.example> wrote:",
    "en thunderbird": "On 27/10/2021 09:31, John Doe wrote:",
    "en thunderbird american": "On 10/27/21 9:31 AM, John Doe wrote:",
    "en evolution": "On Wed, 2021-10-27 at 09:31 +0200, John Doe wrote:",
    "en proton": "On Wednesday, October 27th, 2021 at 9:31 AM, John Doe <john@acme.example> wrote:",
    "en zoho": "---- On Wed, 27 Oct 2021 09:31:10 +0530 John Doe <john@acme.example> wrote ----",
    "en samsung": "---- John Doe wrote ----",
    "en spark": "On Oct 27, 2021, 9:31 AM +0200, John Doe <john@acme.example>, wrote:",
    "en notes": "John Doe/US/ACME wrote on 10/27/2021 09:31:10 AM:",
    "en notes address": '"John Doe" <john@acme.example> wrote on 10/27/2021 09:31:10 AM:',
    "en mutt": "* John Doe <john@acme.example> [2021-10-27 09:31]:",
    "en netease": 'At 2021-10-27 09:31:10, "John Doe" <john@acme.example> wrote:',
    "de gmail": "Am Mi., 27. Okt. 2021 um 09:31 Uhr schrieb John Doe <john@acme.example>:",
    "de apple": "Am 27.10.2021 um 09:31 schrieb John Doe <john@acme.example>:",
    "de thunderbird": "Am 27.10.21 um 09:31 schrieb John Doe:",
    "de notes": "John Doe/DE/ACME schrieb am 27.10.2021 09:31:10:",
    "fr gmail": "Le mer. 27 oct. 2021 à 09:31, John Doe <john@acme.example> a écrit :",
    "fr apple": "Le 27 oct. 2021 à 09:31, John Doe <john@acme.example> a écrit :",
    "fr yahoo": "Le mercredi 27 octobre 2021 à 09:31:10 UTC+2, John Doe <john@acme.example> a écrit :",
    "es gmail": "El mié, 27 oct 2021 a las 9:31, John Doe (<john@acme.example>) escribió:",
    "es apple": "El 27 oct 2021, a las 9:31, John Doe <john@acme.example> escribió:",
    "it gmail": "Il giorno mer 27 ott 2021 alle ore 09:31 John Doe <john@acme.example> ha scritto:",
    "it apple": "Il giorno 27 ott 2021, alle ore 09:31, John Doe <john@acme.example> ha scritto:",
    "pt gmail": "John Doe <john@acme.example> escreveu no dia quarta, 27/10/2021 à(s) 09:31:",
    "pt_br gmail": "Em qua., 27 de out. de 2021 às 09:31, John Doe <john@acme.example> escreveu:",
    "nl gmail": "Op wo 27 okt. 2021 om 09:31 schreef John Doe <john@acme.example>:",
    "nl apple": "Op 27 okt. 2021 om 09:31 heeft John Doe <john@acme.example> het volgende geschreven:",
    "pl gmail": "śr., 27 paź 2021 o 09:31 John Doe <john@acme.example> napisał(a):",
    "pl apple": "Wiadomość napisana przez John Doe <john@acme.example> w dniu 27.10.2021, o godz. 09:31:",
    "pl thunderbird": "W dniu 27.10.2021 o 09:31, John Doe pisze:",
    "cs gmail": "st 27. 10. 2021 v 9:31 odesílatel John Doe <john@acme.example> napsal:",
    "cs thunderbird": "Dne 27. 10. 21 v 9:31 John Doe napsal(a):",
    "sk gmail": "st 27. 10. 2021 o 9:31 John Doe <john@acme.example> napísal(a):",
    "hu gmail": "John Doe <john@acme.example> ezt írta (időpont: 2021. okt. 27., Sze, 9:31):",
    "hu thunderbird": "2021. 10. 27. 9:31 keltezéssel, John Doe írta:",
    "ro gmail": "În mie., 27 oct. 2021 la 09:31, John Doe <john@acme.example> a scris:",
    "hr gmail": "sri, 27. lis 2021. u 09:31 John Doe <john@acme.example> napisao je:",
    "sl gmail": "V V sre., 27. okt. 2021 ob 09:31 je oseba John Doe <john@acme.example> napisala:",
    "sr gmail": "сре, 27. окт 2021. у 09:31 John Doe <john@acme.example> је написао/ла:",
    "bg gmail": "На ср, 27.10.2021 г. в 9:31 John Doe <john@acme.example> написа:",
    "ru gmail": "ср, 27 окт. 2021 г. в 09:31, John Doe <john@acme.example>:",
    "ru mail.ru": "Среда, 27 октября 2021, 9:31 +03:00 от John Doe <john@acme.example>:",
    "ru yandex": '27.10.2021, 09:31, "John Doe" <john@acme.example>:',
    "ru thunderbird": "27.10.2021 9:31, John Doe пишет:",
    "uk gmail": "ср, 27 жовт. 2021 о 09:31 John Doe <john@acme.example> пише:",
    "el gmail": "Στις Τετ, 27 Οκτ 2021 στις 9:31 π.μ., ο χρήστης John Doe <john@acme.example> έγραψε:",
    "tr gmail": "John Doe <john@acme.example>, 27 Eki 2021 Çar, 09:31 tarihinde şunu yazdı:",
    "da gmail": "Den ons. 27. okt. 2021 kl. 09.31 skrev John Doe <john@acme.example>:",
    "da apple": "Den 27. okt. 2021 kl. 09.31 skrev John Doe <john@acme.example>:",
    "no gmail": "ons. 27. okt. 2021 kl. 09:31 skrev John Doe <john@acme.example>:",
    "sv gmail": "Den ons 27 okt. 2021 kl 09:31 skrev John Doe <john@acme.example>:",
    "sv apple": "27 okt. 2021 kl. 09:31 skrev John Doe <john@acme.example>:",
    "fi gmail": "ke 27. lokak. 2021 klo 9.31 John Doe (john@acme.example) kirjoitti:",
    "fi apple": "John Doe <john@acme.example> kirjoitti 27.10.2021 kello 9.31:",
    "et gmail": "Kontakt John Doe (<john@acme.example>) kirjutas kuupäeval K, 27. oktoober 2021 kell 09:31:",
    "lv gmail": "trešd., 2021. g. 27. okt., plkst. 09:31 — lietotājs John Doe (<john@acme.example>) rakstīja:",
    "lt gmail": "2021-10-27, tr, 09:31 John Doe <john@acme.example> rašė:",
    "ca gmail": "Missatge de John Doe <john@acme.example> del dia dc., 27 d’oct. 2021 a les 9:31:",
    "ja gmail": "2021年10月27日(水) 9:31 John Doe <john@acme.example>:",
    "ja apple": "2021/10/27 9:31、John Doe <john@acme.example>のメール:",
    "zh_cn gmail": "John Doe <john@acme.example> 于2021年10月27日周三 上午9:31写道：",
    "zh_cn apple": "在 2021年10月27日，09:31，John Doe <john@acme.example> 写道：",
    "zh_tw gmail": "John Doe <john@acme.example> 於 2021年10月27日 週三 上午9:31寫道：",
    "ko gmail": "2021년 10월 27일 (수) 오전 9:31, John Doe <john@acme.example>님이 작성:",
    "ko apple": "2021. 10. 27. 오전 9:31, John Doe <john@acme.example> 작성:",
    "he gmail": "\u202bבתאריך יום ד׳, 27 באוק׳ 2021 ב-9:31 מאת \u202aJohn Doe\u202c\u200f <\u202ajohn@acme.example\u202c\u200f>:\u202c",
    "ar gmail": "في الأربعاء، 27 أكتوبر 2021 في 9:31 ص تمت كتابة ما يلي بواسطة John Doe\u200f <\u202ajohn@acme.example\u202c\u200f>:",
    "vi gmail": "Vào 09:31, Th 4, 27 thg 10, 2021 John Doe <john@acme.example> đã viết:",
    "th gmail": "ในวันที่ พ. 27 ต.ค. 2021 เวลา 09:31 John Doe <john@acme.example> เขียนว่า:",
    "id gmail": "Pada tanggal Rab, 27 Okt 2021 pukul 09.31 John Doe <john@acme.example> menulis:",
}

BLOCKS = {
    "en outlook": "From: John Doe <john@acme.example>\nSent: Wednesday, October 27, 2021 9:31 AM\nTo: Support <help@desk.example>\nSubject: RE: Invoice",
    "en outlook resolved": "From: John Doe\nSent: Wednesday, October 27, 2021 9:31 AM\nTo: Support\nSubject: RE: Invoice",
    "en outlook importance": "From: John Doe\nSent: Wednesday, October 27, 2021 9:31 AM\nTo: Support\nSubject: RE: Invoice\nImportance: High",
    "en outlook mac": "From: John Doe <john@acme.example>\nDate: Wednesday, 27 October 2021 at 09:31\nTo: Support <help@desk.example>\nCc: A <a@x.example>, B\n <b@x.example>\nSubject: Re: Invoice",
    "en bold": "*From:* John Doe <john@acme.example>\n*Sent:* Wednesday, October 27, 2021 9:31 AM\n*To:* Support <help@desk.example>\n*Subject:* RE: Invoice",
    "en notes": "From:\tJohn Doe/US/ACME\nTo:\tSupport <help@desk.example>\nDate:\t10/27/2021 09:31 AM\nSubject:\tRe: Invoice",
    "de outlook": "Von: John Doe <john@acme.example>\nGesendet: Mittwoch, 27. Oktober 2021 09:31\nAn: Support <help@desk.example>\nBetreff: AW: Rechnung",
    "fr outlook": "De : John Doe <john@acme.example>\nEnvoyé : mercredi 27 octobre 2021 09:31\nÀ : Support <help@desk.example>\nObjet : RE: Facture",
    "es outlook": "De: John Doe <john@acme.example>\nEnviado el: miércoles, 27 de octubre de 2021 9:31\nPara: Support <help@desk.example>\nAsunto: RE: Factura",
    "it outlook": "Da: John Doe <john@acme.example>\nInviato: mercoledì 27 ottobre 2021 09:31\nA: Support <help@desk.example>\nOggetto: R: Fattura",
    "pt outlook": "De: John Doe <john@acme.example>\nEnviada em: quarta-feira, 27 de outubro de 2021 09:31\nPara: Support <help@desk.example>\nAssunto: RES: Fatura",
    "nl outlook": "Van: John Doe <john@acme.example>\nVerzonden: woensdag 27 oktober 2021 09:31\nAan: Support <help@desk.example>\nOnderwerp: RE: Factuur",
    "pl outlook": "Od: John Doe <john@acme.example>\nWysłano: środa, 27 października 2021 09:31\nDo: Support <help@desk.example>\nTemat: RE: Faktura",
    "cs outlook": "Od: John Doe <john@acme.example>\nOdesláno: středa 27. října 2021 9:31\nKomu: Support <help@desk.example>\nPředmět: RE: Faktura",
    "sk outlook": "Od: John Doe <john@acme.example>\nOdoslané: streda 27. októbra 2021 9:31\nKomu: Support <help@desk.example>\nPredmet: RE: Faktúra",
    "hu outlook": "Feladó: John Doe <john@acme.example>\nElküldve: 2021. október 27., szerda 9:31\nCímzett: Support <help@desk.example>\nTárgy: RE: Számla",
    "ro outlook": "De la: John Doe <john@acme.example>\nTrimis: miercuri, 27 octombrie 2021 09:31\nCătre: Support <help@desk.example>\nSubiect: RE: Factura",
    "hr outlook": "Od: John Doe <john@acme.example>\nPoslano: srijeda, 27. listopada 2021. 9:31\nPrima: Support <help@desk.example>\nPredmet: RE: Račun",
    "sl outlook": "Od: John Doe <john@acme.example>\nPoslano: sreda, 27. oktober 2021 09:31\nZa: Support <help@desk.example>\nZadeva: RE: Račun",
    "ru outlook": "От: John Doe <john@acme.example>\nОтправлено: среда, 27 октября 2021 г. 9:31\nКому: Support <help@desk.example>\nТема: RE: Счёт",
    "uk outlook": "Від: John Doe <john@acme.example>\nНадіслано: середа, 27 жовтня 2021 р. 9:31\nКому: Support <help@desk.example>\nТема: RE: Рахунок",
    "el outlook": "Από: John Doe <john@acme.example>\nΣτάλθηκε: Τετάρτη, 27 Οκτωβρίου 2021 9:31 πμ\nΠρος: Support <help@desk.example>\nΘέμα: ΑΠ: Τιμολόγιο",
    "tr outlook": "Kimden: John Doe <john@acme.example>\nGönderildi: 27 Ekim 2021 Çarşamba 09:31\nKime: Support <help@desk.example>\nKonu: YNT: Fatura",
    "da outlook": "Fra: John Doe <john@acme.example>\nSendt: 27. oktober 2021 09:31\nTil: Support <help@desk.example>\nEmne: SV: Faktura",
    "no outlook": "Fra: John Doe <john@acme.example>\nSendt: onsdag 27. oktober 2021 09:31\nTil: Support <help@desk.example>\nEmne: SV: Faktura",
    "sv outlook": "Från: John Doe <john@acme.example>\nSkickat: den 27 oktober 2021 09:31\nTill: Support <help@desk.example>\nÄmne: SV: Faktura",
    "fi outlook": "Lähettäjä: John Doe <john@acme.example>\nLähetetty: keskiviikko 27. lokakuuta 2021 9.31\nVastaanottaja: Support <help@desk.example>\nAihe: VS: Lasku",
    "ja outlook": "差出人: John Doe <john@acme.example>\n送信日時: 2021年10月27日 9:31\n宛先: Support <help@desk.example>\n件名: RE: 請求書",
    "zh_cn outlook": "发件人: John Doe <john@acme.example>\n发送时间: 2021年10月27日 9:31\n收件人: Support <help@desk.example>\n主题: 答复: 发票",
    "zh_cn foxmail": "发件人： John Doe\n发送时间： 2021-10-27 09:31\n收件人： help\n主题： Re: 发票",
    "zh_tw outlook": "寄件者: John Doe <john@acme.example>\n寄件日期: 2021年10月27日 上午 09:31\n收件者: Support <help@desk.example>\n主旨: RE: 發票",
    "ko outlook": "보낸 사람: John Doe <john@acme.example>\n보낸 날짜: 2021년 10월 27일 수요일 오전 9:31\n받는 사람: Support <help@desk.example>\n제목: RE: 송장",
    "he outlook": "מאת: John Doe <john@acme.example>\nנשלח: יום רביעי 27 אוקטובר 2021 09:31\nאל: Support <help@desk.example>\nנושא: RE: חשבונית",
    "ar outlook": "من: John Doe <john@acme.example>\nتم الإرسال: الأربعاء، 27 أكتوبر 2021 9:31\nإلى: Support <help@desk.example>\nالموضوع: RE: فاتورة",
    "vi outlook": "Từ: John Doe <john@acme.example>\nĐã gửi: Thứ Tư, 27 Tháng Mười 2021 9:31\nĐến: Support <help@desk.example>\nChủ đề: RE: Hóa đơn",
}

SEPARATORS = {
    "en outlook old": "-----Original Message-----",
    "en yahoo": "----- Original Message -----",
    "en samsung": "-------- Original message --------",
    "en proton": "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "en appointment": "-----Original Appointment-----",
    "en groupwise": ">>> John Doe <john@acme.example> 10/27/21 9:31 AM >>>",
    "en groupwise name": '>>> "John Doe" 10/27/2021 9:31 AM >>>',
    "en desk": "##- Please type your reply above this line -##",
    "de outlook old": "-----Ursprüngliche Nachricht-----",
    "de samsung": "-------- Ursprüngliche Nachricht --------",
    "de web.de": 'Gesendet: Mittwoch, 27. Oktober 2021 um 09:31 Uhr\nVon: "John Doe" <john@acme.example>\nAn: help@desk.example\nBetreff: Rechnung',
    "fr samsung": "-------- Message d'origine --------",
    "fr outlook old": "-----Message d'origine-----",
    "es outlook old": "-----Mensaje original-----",
    "it outlook old": "-----Messaggio originale-----",
    "pt outlook old": "-----Mensagem original-----",
    "nl outlook old": "-----Oorspronkelijk bericht-----",
    "pl outlook old": "-----Original Message-----",
    "cs outlook old": "-----Původní zpráva-----",
    "hu samsung": "-------- Eredeti üzenet --------",
    "ru samsung": "-------- Исходное сообщение --------",
    "uk samsung": "-------- Оригінальне повідомлення --------",
    "tr samsung": "-------- Orijinal mesaj --------",
    "sv samsung": "-------- Originalmeddelande --------",
    "da outlook old": "-----Oprindelig meddelelse-----",
    "no samsung": "-------- Opprinnelig melding --------",
    "fi outlook old": "-----Alkuperäinen viesti-----",
    "zh qq": "------------------ 原始邮件 ------------------",
    "ja": "-----元のメッセージ-----",
    "ko": "-----원본 메시지-----",
}

SIGNATURES = {
    "en iphone": "Sent from my iPhone",
    "en outlook ios": "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "en windows": "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows",
    "en proton": "Sent with Proton Mail secure email.",
    "en yahoo": "Sent from Yahoo Mail on Android",
    "de iphone": "Von meinem iPhone gesendet",
    "de samsung": "Von meinem Samsung Galaxy Smartphone gesendet.",
    "de android": "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "fr iphone": "Envoyé de mon iPhone",
    "fr outlook": "Obtenir Outlook pour Android<https://aka.ms/x>",
    "fr orange": "Envoyé à partir de mon appareil mobile Samsung",
    "es iphone": "Enviado desde mi iPhone",
    "it iphone": "Inviato da iPhone",
    "pt iphone": "Enviado do meu iPhone",
    "nl iphone": "Verstuurd vanaf mijn iPhone",
    "pl iphone": "Wysłane z iPhone'a",
    "cs iphone": "Odesláno z iPhonu",
    "sk iphone": "Odoslané z iPhonu",
    "hu iphone": "Az iPhone-omról küldve",
    "ro iphone": "Trimis de pe iPhone",
    "hr iphone": "Poslano s mog iPhonea",
    "ru iphone": "Отправлено с iPhone",
    "ru mail.ru": "Отправлено из мобильной Почты Mail.ru",
    "uk iphone": "Надіслано з iPhone",
    "el iphone": "Στάλθηκε από το iPhone μου",
    "tr iphone": "iPhone'umdan gönderildi",
    "da iphone": "Sendt fra min iPhone",
    "no iphone": "Sendt fra min iPhone",
    "sv iphone": "Skickat från min iPhone",
    "fi iphone": "Lähetetty iPhonesta",
    "ja iphone": "iPhoneから送信",
    "zh_cn iphone": "发自我的iPhone",
    "zh_tw iphone": "從我的 iPhone 傳送",
    "ko iphone": "나의 iPhone에서 보냄",
    "he iphone": "נשלח מה-iPhone שלי",
    "ar iphone": "أُرسلت من الـ iPhone",
    "vi iphone": "Đã gửi từ iPhone của tôi",
    "dashes": "-- \nAnna Berg\nAcme Ltd",
    "dashes without space": "--\nAnna Berg",
    "en closing": "Kind regards,\nAnna Berg\nAcme Ltd\n+49 30 1234",
    "de closing": "Mit freundlichen Grüßen\n\nAnna Berg",
    "fr closing": "Cordialement,\n\nAnna Berg",
    "es closing": "Un saludo,\nAnna",
    "it closing": "Cordiali saluti\nAnna Berg",
    "pt closing": "Atenciosamente,\nAnna Berg",
    "nl closing": "Met vriendelijke groet,\nAnna Berg",
    "pl closing": "Pozdrawiam\nAnna Berg",
    "ru closing": "С уважением,\nАнна Берг",
    "tr closing": "Saygılarımla,\nAnna Berg",
    "sv closing": "Med vänliga hälsningar\nAnna Berg",
    "dashed name": "-Anna Berg",
    "list footer": "_______________________________________________\nusers mailing list\nusers@lists.example",
}

ANSWER = "It still does not work.\n\nThe screen stays black."


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize(
    "quote", ["> Did you restart it?\n> Regards", "Did you restart it?\nRegards"], ids=["marked", "plain"]
)
def test_attribution_begins_the_quote(attribution: str, quote: str) -> None:
    split = reply.split(f"{ANSWER}\n\n{attribution}\n\n{quote}\n", subject="Re: Invoice")
    assert split.reply == ANSWER
    assert quote.splitlines()[0] in split.quoted


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
@pytest.mark.parametrize(
    "line", ["", "________________________________\n", " \n-----\n"], ids=["bare", "rule", "dashes"]
)
def test_header_block_begins_the_quote(block: str, line: str) -> None:
    split = reply.split(f"{ANSWER}\n\n{line}{block}\n\nDid you restart it?\n", subject="Re: Invoice")
    assert split.reply == ANSWER
    assert "Did you restart it?" in split.quoted


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS.keys())
def test_separator_begins_the_quote(separator: str) -> None:
    split = reply.split(f"{ANSWER}\n\n{separator}\nDid you restart it?\n", subject="Re: Invoice")
    assert split.reply == ANSWER
    assert "Did you restart it?" in split.quoted


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES.keys())
@pytest.mark.parametrize(
    "tail", ["", "\n\nOn 27/10/2021 09:31, John Doe wrote:\n> Did you restart it?\n"], ids=["alone", "quote"]
)
def test_signature_is_set_aside_and_kept(signature: str, tail: str) -> None:
    split = reply.split(f"{ANSWER}\n\n{signature}{tail}", subject="Re: Invoice")
    assert split.reply == ANSWER
    assert split.signature.split() == signature.split()
