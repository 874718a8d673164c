"""Free-form notices of every family: the failed addresses, and no other."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import bounce_text

IGNORED = ("support@desk.example", "mailer-daemon@mx.example")


def blamed(text: str, *, subject: str = "failure notice", expected: tuple[str, ...] = ()) -> list[tuple[str, bool]]:
    given = bounce_text.notice(text.split("\n"), subject=subject, expected=expected, ignored=IGNORED)
    return [(each.recipient, each.permanent) for each in bounce_text.reports(given)]


NOTICES = {
    "qmail": "Hi. This is the qmail-send program.\n\n<a@x.example>:\n192.0.2.1 does not like recipient.\n"
    "Remote host said: 550 no such user\nGiving up on 192.0.2.1.\n",
    "postfix": "For further assistance, please contact <help@mx.example>\n\n"
    "<a@x.example>: host mx.x.example[192.0.2.1] said: 550 5.1.1\n    <a@x.example>: User unknown\n",
    "exim": "The following address(es) failed:\n\n  a@x.example\n    SMTP error from remote mail server after\n"
    "    RCPT TO: 550 unknown user\n",
    "sendmail": "   ----- The following addresses had permanent fatal errors -----\n<a@x.example>\n"
    "    (reason: 550 5.1.1 User unknown)\n\n   ----- Transcript of session follows -----\n550 5.1.1 User unknown\n",
    "old sendmail": "   ----- Transcript of session follows -----\n550 <a@x.example>... User unknown\n",
    "exchange 5.5": "Your message\n\n  To:      support@desk.example\n  Subject: Hi\n\ndid not reach the following"
    " recipient(s):\n\na@x.example on Fri, 4 Oct 2002 17:12:28 -0400\n    The recipient name is not recognized\n",
    "x.400": "did not reach the following recipient(s):\n\nc=US;a= ;p=X;dda:SMTP=a@x.example; on Fri, 4 Oct 2002\n"
    "    The recipient name is not recognized\n",
    "gmx": 'The following address\nfailed:\n\n"a@x.example":\nSMTP error: 550 no such user\n',
    "gmail": "Delivery to the following recipient failed permanently:\n\n     a@x.example\n\nTechnical details:\n"
    "The email account that you tried to reach does not exist.\n",
    "mdaemon": "The following addresses did NOT receive a copy of your message:\n\n> a@x.example\n\n550 user unknown\n",
    "imail": "Unknown user: a@x.example\n",
    "listserv": "Error-for:  a@x.example\nError-Text: no such user\n",
    "notes": "Your message\n\nwas not delivered to:\n\n  a@x.example\n\nbecause:\n\n  User a not listed in directory\n",
    "bracketed": "* [a@x.example]: 550 no such user\n",
    "interscan": "Sent <<< RCPT TO:<a@x.example>\nReceived >>> 550 5.1.1 unknown user.\n",
}


@pytest.mark.parametrize("family", NOTICES)
def test_the_failed_address_is_named(family: str) -> None:
    assert blamed(NOTICES[family]) == [("a@x.example", True)]


def test_several_recipients_have_each_their_own_words() -> None:
    text = "<a@x.example>:\n550 no such user\n\n<b@x.example>:\nmailbox is full\n"
    assert blamed(text) == [("a@x.example", True), ("b@x.example", False)]


def test_advice_below_the_reason_does_not_change_it() -> None:
    text = "<a@x.example>: 550 unknown user\n\nPlease try again later, or check your spam settings.\n"
    assert blamed(text) == [("a@x.example", True)]


def test_the_origin_of_an_expanded_address_is_the_one_written_to() -> None:
    text = "<inner@y.example> (expanded from <a@x.example>): unknown user\n"
    assert blamed(text, expected=("a@x.example",)) == [("a@x.example", True)]
    assert blamed(text) == [("inner@y.example", True)]


def test_addresses_of_help_and_senders_are_not_blamed() -> None:
    text = "Please contact postmaster@x.example.\nMessage from: b@x.example\nMail from <c@x.example>\n"
    assert blamed(text) == []


def test_our_own_address_is_blamed_only_where_nobody_else_is() -> None:
    assert blamed("<support@desk.example>:\n552 quota exceeded\n") == [("support@desk.example", False)]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Warning: could not send message for past 4 hours", "a@x.example\nwill keep trying until 5 days old"),
        ("Delivery Status Notification (Delay)", "a@x.example"),
        ("Mail", "This is a warning message only.\nYou do not need to resend your message.\n\n<a@x.example>\n"),
    ],
)
def test_a_delay_is_not_a_failure(subject: str, text: str) -> None:
    given = bounce_text.notice(text.split("\n"), subject=subject, expected=(), ignored=IGNORED)
    (report,) = bounce_text.reports(given)
    assert (report.action, report.permanent) == ("delayed", False)


def test_bare_mailbox_names_belong_to_the_senders_domain() -> None:
    given = bounce_text.notice(
        "Your mail to the following recipients could not be delivered:\n\tscreenname\n".split("\n"),
        subject="Mail Delivery Problem", expected=(), ignored=(),
    )  # fmt: skip
    assert [each.recipient for each in bounce_text.local_names(given, "aol.example")] == ["screenname@aol.example"]
