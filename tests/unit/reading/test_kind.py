"""Who wrote a mail: each rule catches its class, and people stay people."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import addresses_in_text, bounce, kind
from gateway.inbound.reading.source import Field, Part
from gateway.mail import Address, Kind, ReadingContext

DESK = ReadingContext(own_addresses=frozenset({"support@desk.example"}), own_lists=frozenset({"helpers.lists.example"}))


def part(content_type: str = "text/plain", text: str = "", *children: Part, **fields: str) -> Part:
    kinds, _, parameter = content_type.partition("; report-type=")
    named = tuple(Field(name.replace("_", "-"), value, value) for name, value in fields.items())
    return Part(kinds, {"report-type": parameter} if parameter else {}, text=text, fields=named, children=children)


def judge(text: str = "Hello, my printer burns.", *, context: ReadingContext = DESK, **fields: str) -> Kind:
    fields = {"from_": "Casey <casey@client.example>", "subject": "Printer"} | fields
    fields["from"] = fields.pop("from_")
    return judge_part(part("text/plain", text, **fields), context)


def judge_part(root: Part, context: ReadingContext = DESK) -> Kind:
    text, subject = root.text or "", root.first("subject")
    reports = bounce.reports(root, text=text, subject=subject)
    address = addresses_in_text.first(root.first("from"))
    sender = Address("", address) if address else None
    found, why = kind.classify(root, sender=sender, subject=subject, text=text, context=context, reports=reports)
    assert bool(why) == (found is not Kind.PERSON)
    return found


def test_a_letter_is_from_a_person() -> None:
    assert judge() is Kind.PERSON


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "Auto-Replied (vacation)"},
        {"auto_submitted": 'auto-replied; owner-email="casey@client.example"'},
        {"x_autoreply": "yes"},
        {"x_autorespond": "Re: your mail"},
        {"precedence": "auto_reply"},
    ],
)
def test_fields_of_vacation_programs_mark_an_automatic_reply(fields: dict[str, str]) -> None:
    assert judge(**fields) is Kind.AUTO_REPLY


@pytest.mark.parametrize("value", ["no", "No ", "auto-forwarded"])
def test_auto_submitted_may_say_that_a_person_wrote(value: str) -> None:
    assert judge(auto_submitted=value) is Kind.PERSON


def test_a_denied_autoreply_field_proves_nothing() -> None:
    assert judge(x_autoreply="no") is Kind.PERSON


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Printer",
        "[EXTERNAL] Automatic reply: Printer",
        "Automatische Antwort: Drucker",
        "Réponse automatique : Imprimante",
        "Respuesta automática: Impresora",
        "Risposta automatica: Stampante",
        "Resposta automática: Impressora",
        "Automatisch antwoord: Printer",
        "Odpowiedź automatyczna: Drukarka",
        "Автоматический ответ: Принтер",
        "Autosvar: Skrivare",
        "Automaattinen vastaus: Tulostin",
        "Automatická odpověď: Tiskárna",
        "Otomatik Yanıt: Yazıcı",
        "自動応答: プリンター",
        "自动答复: 打印机",
        "자동 회신: 프린터",
    ],
)
def test_exchange_absence_without_a_field_is_known_by_its_subject(subject: str) -> None:
    assert judge("Bin weg.", subject=subject) is Kind.AUTO_REPLY


def test_an_answer_to_an_automatic_reply_is_from_a_person() -> None:
    assert judge(subject="Re: Automatic reply: Printer") is Kind.PERSON


def test_an_absence_told_by_a_person_is_a_letter() -> None:
    assert judge("I am out of the office until Monday, but please send me the invoice.") is Kind.PERSON


def test_an_absence_with_the_null_path_is_an_automatic_reply() -> None:
    assert judge("I am out of the office until Monday.", return_path="<>") is Kind.AUTO_REPLY


def test_the_words_of_a_quoted_automatic_reply_do_not_count() -> None:
    text = "Can you help?\n\n> This is an automatic reply. I am out of the office."
    assert judge(text, subject="Re: Printer", return_path="<casey@client.example>") is Kind.PERSON


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_submitted": "auto-generated"},
        {"auto_submitted": "auto-notified"},
        {"precedence": "bulk"},
        {"precedence": "List"},
        {"precedence": "junk"},
        {"list_id": "News <news.shop.example>"},
        {"list_unsubscribe": "<mailto:leave@shop.example>"},
        {"x_auto_response_suppress": "All"},
        {"x_loop": "yes"},
        {"mailing_list": "contact news-help@shop.example; run by ezmlm"},
    ],
)
def test_lists_and_mass_mail_are_bulk(fields: dict[str, str]) -> None:
    assert judge(**fields) is Kind.BULK


@pytest.mark.parametrize(
    "fields",
    [
        {"list_id": "Helpers <helpers.lists.example>", "precedence": "list"},
        {"list_id": "<support.desk.example>", "precedence": "list"},
        {"mailing_list": "list support@desk.example; contact support+owners@desk.example", "precedence": "list"},
    ],
)
def test_a_letter_over_a_list_of_our_own_is_from_a_person(fields: dict[str, str]) -> None:
    assert judge(**fields) is Kind.PERSON


def test_a_salesmans_answer_with_a_lone_unsubscribe_link_is_from_a_person() -> None:
    fields = {"list_unsubscribe": "<https://crm.example/u>", "in_reply_to": "<1@desk.example>"}
    assert judge(subject="Re: Printer", **fields) is Kind.PERSON


def test_a_letter_that_an_exchange_rule_forwarded_is_from_a_person() -> None:
    fields = {
        "auto_submitted": "auto-generated",
        "x_ms_exchange_generated_message_source": "Mailbox Rules Agent",
        "resent_from": "info@client.example",
    }
    assert judge(**fields) is Kind.PERSON


def test_an_absence_note_by_the_same_agent_is_not() -> None:
    fields = {
        "auto_submitted": "auto-generated",
        "x_ms_exchange_generated_message_source": "Mailbox Rules Agent",
        "x_auto_response_suppress": "All",
        "in_reply_to": "<1@desk.example>",
    }
    assert judge("Back on Monday.", subject="Weg: Printer", **fields) is not Kind.PERSON


def test_our_own_mail_is_known_by_its_mark_and_address() -> None:
    fields = {"from_": "Desk <support+t1@desk.example>", "x_ticket_gateway": "1", "auto_submitted": "auto-generated"}
    assert judge(**fields) is Kind.OWN


def test_our_mark_on_a_strangers_mail_is_nothing() -> None:
    assert judge(x_ticket_gateway="1") is Kind.PERSON


def test_an_agent_writing_from_the_desks_address_is_a_person() -> None:
    assert judge(from_="support@desk.example") is Kind.PERSON


def test_our_address_with_the_null_path_is_our_own_notice() -> None:
    assert judge(from_="support@desk.example", return_path="<>") is Kind.OWN


def test_an_abuse_report_is_a_feedback_report_even_from_a_postmaster() -> None:
    complaint = part("message/feedback-report", "Feedback-Type: abuse\n")
    root = part("multipart/report; report-type=feedback-report", "", complaint, subject="Fwd: Offer")
    assert judge_part(root) is Kind.FEEDBACK_REPORT


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Report Domain: desk.example Submitter: mail.example Report-ID: <1>"},
        {"subject": "unsubscribe", "auto_submitted": "auto-replied"},
    ],
)
def test_reports_without_a_report_part_are_feedback(fields: dict[str, str]) -> None:
    assert judge("", **fields) is Kind.FEEDBACK_REPORT


def test_a_client_who_asks_to_be_unsubscribed_is_a_person() -> None:
    assert judge("Please!", subject="unsubscribe") is Kind.PERSON


def test_a_client_who_hands_in_a_complaint_is_a_person() -> None:
    root = part(
        "multipart/mixed", "", part("message/rfc822", "", part()), subject="Abuse report", **{"from": "a@b.example"}
    )
    assert judge_part(root) is Kind.PERSON


def test_a_robot_that_names_itself_is_not_answered() -> None:
    text = "This is an automated message. Your backup is ready."
    assert judge(text, from_="noreply@backup.example") is Kind.AUTO_REPLY


def test_a_web_form_that_names_its_client_is_a_letter() -> None:
    text = "This is an automated message. Casey wrote: my printer burns."
    assert judge(text, from_="noreply@shop.example", reply_to="casey@client.example") is Kind.PERSON


def test_a_read_receipt_is_no_bounce() -> None:
    receipt = part("message/disposition-notification", "Final-Recipient: rfc822; a@b.example\nAction: displayed\n")
    root = part("multipart/report; report-type=disposition-notification", "", receipt, subject="Read: Printer")
    assert judge_part(root) is Kind.AUTO_REPLY


def test_a_success_report_is_no_bounce() -> None:
    status = part("message/delivery-status", "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0\n")
    root = part("multipart/report; report-type=delivery-status", "", status, subject="Success")
    assert judge_part(root) is Kind.AUTO_REPLY


def test_a_bounce_over_a_list_is_a_bounce() -> None:
    fields = {"from_": "MAILER-DAEMON@mx.example", "subject": "failure notice", "list_id": "<l.example>"}
    assert judge("<gone@b.example>:\nUser unknown", **fields) is Kind.BOUNCE


def test_an_exchange_absence_is_known_by_its_loop_mark() -> None:
    fields = {"x_ms_exchange_inbox_rules_loop": "casey@client.example", "x_auto_response_suppress": "All"}
    assert judge("Bis Montag!", subject="Weg", **fields) is Kind.AUTO_REPLY


def test_a_notification_with_the_null_path_is_not_to_be_answered() -> None:
    assert judge("Your backup is ready.", return_path="<>") is Kind.BULK


def test_a_letter_from_a_mail_client_survives_a_relay_that_lost_its_path() -> None:
    assert judge(return_path="<>", x_mailer="Apple Mail (2.3654)") is Kind.PERSON


BOUNCE_TEXT = (
    "This is the mail system at host mx.example.\n\nYour message could not be delivered.\n\n"
    "<gone@b.example>: host mx.b.example said: 550 5.1.1 User unknown\n"
)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Undelivered Mail Returned to Sender", f"What does this mean?\n\n{BOUNCE_TEXT}"),
        ("Fwd: Undelivered Mail Returned to Sender", f"Please look:\n\n{BOUNCE_TEXT}"),
        ("My mail was returned", f"I get this every day:\n\n{BOUNCE_TEXT}"),
        ("Undeliverable mail", f"I get this every day:\n\n{BOUNCE_TEXT}"),
        ("Mail delivery failed", "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"),
    ],
)
def test_a_person_who_quotes_a_bounce_is_a_person(subject: str, text: str) -> None:
    if subject == "Mail delivery failed":
        text = f"I get this every day, {text}"
    assert judge(text, subject=subject) is Kind.PERSON


def test_a_person_who_attaches_a_bounce_is_a_person() -> None:
    status = part("message/delivery-status", "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n")
    returned = part("multipart/report; report-type=delivery-status", BOUNCE_TEXT, status, subject="Undelivered")
    letter = part("text/plain", "What is this?")
    root = part("multipart/mixed", "What is this?", letter, part("message/rfc822", "", returned), subject="Problem")
    assert judge_part(root) is Kind.PERSON


def test_a_postmaster_who_answers_is_a_person() -> None:
    text = "Hello, your message could not be delivered yesterday because of our outage. It works again."
    assert judge(text, from_="postmaster@client.example", subject="Re: Mail trouble") is Kind.PERSON


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("DHL <noreply@dhl.example>", "Delivery failed: your parcel could not be delivered"),
        ("Delivery Notification <delivery@post.example>", "Delivery notification"),
        ("admin@client.example", "Delivery problem with order 17"),
    ],
)
def test_a_parcel_that_could_not_be_delivered_is_no_bounce(sender: str, subject: str) -> None:
    text = "Your parcel could not be delivered. Please contact help@dhl.example."
    assert judge(text, from_=sender, subject=subject) is not Kind.BOUNCE


@pytest.mark.parametrize("words", ["Invoice 10550 is wrong.", "It costs 1.550 francs.", "My HP-550 burns, abc554 too."])
def test_a_number_that_ends_like_a_reply_code_makes_no_bounce(words: str) -> None:
    assert judge(words, from_="smtp-team@client.example") is Kind.PERSON


def test_a_traveller_writes_about_his_vacation() -> None:
    assert judge("Wir sind im Urlaub in Italien, das Hotel ist weg.", subject="Urlaub in Italien") is Kind.PERSON


def test_notes_says_who_is_out_of_the_office() -> None:
    text = "I will be out of the office starting 01/02 and will not return until 01/09."
    assert judge(text, subject="Casey Client is out of the office.") is Kind.AUTO_REPLY


def test_a_desks_address_as_display_name_is_not_ours() -> None:
    sender = Address("support@desk.example", "mallory@evil.example")
    root = part(subject="x", x_ticket_gateway="1", **{"from": '"support@desk.example" <mallory@evil.example>'})
    found, _ = kind.classify(root, sender=sender, subject="x", text="hi", context=DESK, reports=())
    assert found is Kind.PERSON


@pytest.mark.parametrize("hostile", ["out of office " * 70_000, "[a]" * 330_000, "*" * 1_000_000, "Re: " * 250_000])
def test_a_megabyte_made_to_be_slow_is_judged_in_time(hostile: str) -> None:
    started = time.process_time()
    judge(hostile, subject=hostile, precedence=hostile, list_id=hostile)
    assert time.process_time() - started < 0.5
