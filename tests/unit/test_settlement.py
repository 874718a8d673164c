from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.desk.notices import Claim, NoticeDraft, NoticeState, Outgoing, sample
from gateway.mail import Address
from gateway.outbound.reply import Outcome, Reply, Stage, clean, judge
from gateway.outbound.settlement import Moment, settlement

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MOMENT = Moment(NOW, 5 * 86400)


def claim(*, attempts: int = 0, first: datetime | None = None, ambiguous: int = 0) -> Claim:
    draft = NoticeDraft("received", Address("Casey", "casey@client.example"), None, sample("received"))
    outgoing = Outgoing(7, draft, "id@desk.example", 1001, "Hello", attempts)
    return Claim(outgoing, "lease", first_tried_at=first, ambiguous_count=ambiguous)


def reply(outcome: Outcome, text: str = "words") -> Reply:
    return Reply(outcome, Stage.RCPT, text, 450, "4.2.0")


@pytest.mark.parametrize("outcome", [Outcome.TEMPORARY, Outcome.MISCONFIGURED])
def test_what_may_succeed_later_is_due_again(outcome: Outcome) -> None:
    result = settlement(claim(attempts=1, first=NOW - timedelta(minutes=1)), reply(outcome), MOMENT)
    assert (result.state, result.next_at) == (NoticeState.DUE, NOW + timedelta(minutes=5))
    assert result.reply == "450 4.2.0 words"


def test_after_five_days_it_is_a_dead_letter_that_says_why() -> None:
    result = settlement(claim(attempts=110, first=NOW - timedelta(days=5)), reply(Outcome.TEMPORARY), MOMENT)
    assert (result.state, result.next_at) == (NoticeState.DEAD, None)
    assert result.reply == "given up after 5 days: 450 4.2.0 words"


def test_a_permanent_refusal_is_a_dead_letter_at_once() -> None:
    assert settlement(claim(), reply(Outcome.PERMANENT), MOMENT).state is NoticeState.DEAD


def test_the_undecidable_is_resent_three_times_and_then_shown_as_unknown() -> None:
    states = [settlement(claim(ambiguous=n), reply(Outcome.AMBIGUOUS), MOMENT) for n in range(4)]
    assert [r.state for r in states] == [NoticeState.AMBIGUOUS] * 3 + [NoticeState.DEAD]
    assert states[3].reply.startswith("unknown: the server never confirmed")


def test_a_refusal_after_an_unconfirmed_attempt_says_that_the_mail_may_have_arrived() -> None:
    assert "may have been delivered" in settlement(claim(ambiguous=1), reply(Outcome.PERMANENT), MOMENT).reply


CELLS = [
    (Stage.CONNECT, 554, Outcome.MISCONFIGURED),
    (Stage.HELLO, 421, Outcome.TEMPORARY),
    (Stage.AUTH, 535, Outcome.MISCONFIGURED),
    (Stage.AUTH, 454, Outcome.TEMPORARY),
    (Stage.MAIL, 530, Outcome.MISCONFIGURED),
    (Stage.MAIL, 552, Outcome.PERMANENT),
    (Stage.RCPT, 550, Outcome.PERMANENT),
    (Stage.RCPT, 452, Outcome.TEMPORARY),
    (Stage.DATA, 250, Outcome.TEMPORARY),
    (Stage.DOT, 250, Outcome.DELIVERED),
    (Stage.DOT, 354, Outcome.AMBIGUOUS),
    (Stage.DOT, 421, Outcome.TEMPORARY),
]


@pytest.mark.parametrize(("stage", "code", "outcome"), CELLS)
def test_a_code_means_what_it_means_at_its_stage(stage: Stage, code: int, outcome: Outcome) -> None:
    assert judge(stage, code, b"text").outcome is outcome


def test_the_enhanced_status_is_kept_apart_from_the_words() -> None:
    found = judge(Stage.RCPT, 550, b"5.1.1 <casey@client.example>: no such user")
    assert (found.status, found.text) == ("5.1.1", "<casey@client.example>: no such user")
    assert found.line == "550 5.1.1 <casey@client.example>: no such user"


def test_an_enhanced_status_of_another_class_than_the_code_is_only_words() -> None:
    assert judge(Stage.RCPT, 550, b"2.1.5 fine").line == "550 2.1.5 fine"
    assert judge(Stage.RCPT, 550, b"2.1.5 fine").status == ""


def test_what_is_logged_of_a_reply_repeats_no_address() -> None:
    assert judge(Stage.RCPT, 550, b"5.1.1 <casey@client.example> unknown").brief == "rcpt: 550 5.1.1"


def test_reply_text_is_one_clean_line_of_bounded_length() -> None:
    assert clean("a\r\nb\x00\x1b[31m\u202ec\u2028d\x85e") == "a b [31m c d e"
    assert len(clean("x" * 10**6)) == 500
