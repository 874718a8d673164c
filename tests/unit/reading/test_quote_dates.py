"""Dates as clients write them above quotes and forwards."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.inbound.reading import dates

MORNING = datetime(2021, 10, 27, 9, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 27 Oct 2021 09:31:00 +0000",
        "Wed, 27 Oct 2021 11:31:00 +0200",
        "Wed, Oct 27, 2021 at 9:31 AM",
        "Wednesday, October 27, 2021 9:31 AM",
        "27 October 2021 at 12:31:00 EEST",
        "October 27, 2021 at 05:31:00 EDT",
        "2021-10-27 09:31",
        "10/27/2021 9:31 AM",
        "27/10/2021, 09:31",
        "27.10.2021 09:31",
        "Mi., 27. Okt. 2021 um 09:31 Uhr",
        "Mittwoch, 27. Oktober 2021 09:31",
        "mer. 27 oct. 2021 à 09:31",
        "mercredi 27 octobre 2021 à 11:31:00 UTC+2",
        "mié, 27 oct 2021 a las 9:31",
        "miércoles, 27 de octubre de 2021 9:31",
        "qua., 27 de out. de 2021 às 09:31",
        "mer 27 ott 2021 alle ore 09:31",
        "wo 27 okt. 2021 om 09:31",
        "środa, 27 października 2021 09:31",
        "śr., 27 paź 2021 o 09:31",
        "st 27. 10. 2021 v 9:31",
        "středa 27. října 2021 9:31",
        "2021. okt. 27., Sze, 9:31",
        "2021. október 27., szerda 9:31",
        "miercuri, 27 octombrie 2021, 09:31",
        "sri, 27. lis 2021. u 09:31",
        "27. listopada 2021. u 09:31",
        "ср, 27 окт. 2021 г. в 09:31",
        "среда, 27 октября 2021 г. 9:31",
        "середа, 27 жовтня 2021 р. 9:31",
        "27 Ekim 2021 Çarşamba 09:31",
        "ons. 27. okt. 2021 kl. 09.31",
        "den 27 oktober 2021 09:31",
        "keskiviikko 27. lokakuuta 2021 klo 9.31",
        "Τετάρτη, 27 Οκτωβρίου 2021 9:31 πμ",
        "2021年10月27日水曜日 18:31:00 +0900",
        "2021年10月27日 上午9:31",
        "2021년 10월 27일 (수) 오전 9:31",
        "27 באוקטובר 2021 09:31",
        "الأربعاء، 27 أكتوبر 2021 9:31",
        "09:31 27 tháng 10, 2021",
    ],
)
def test_moment_is_read_in_any_language(text: str) -> None:
    assert dates.parse(text) == MORNING


def test_afternoons() -> None:
    assert dates.parse("Wed, Oct 27, 2021 at 12:05 PM") == datetime(2021, 10, 27, 12, 5, tzinfo=UTC)
    assert dates.parse("Wed, Oct 27, 2021 at 12:05 AM") == datetime(2021, 10, 27, 0, 5, tzinfo=UTC)
    assert dates.parse("2021年10月27日 下午3:31") == datetime(2021, 10, 27, 15, 31, tzinfo=UTC)
    assert dates.parse("Friday, 23 March 2012 5:08 p.m.") == datetime(2012, 3, 23, 17, 8, tzinfo=UTC)


def test_november_in_polish_and_october_in_croatian_share_a_word() -> None:
    assert dates.parse("27 listopada 2021 09:31") == datetime(2021, 11, 27, 9, 31, tzinfo=UTC)
    assert dates.parse("27 lip 2021 o 09:31") == datetime(2021, 7, 27, 9, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "03/04/2021 09:31", "31/02/2021", "27 October", "99:99", "x" * 1_000, "Mon 32 Foo 2021"]
)
def test_unsure_is_none(text: str) -> None:
    assert dates.parse(text) is None


@pytest.mark.parametrize("text", ["on 5 May", "2021-10-27", "Mon at 10:00", "27.10.21", "5 tháng 10"])
def test_days_are_noticed(text: str) -> None:
    assert dates.mentions_date(text)


@pytest.mark.parametrize("text", ["", "we may go", "version 1.2", "at 10:00", "12 pieces", "call 555-1234"])
def test_other_numbers_are_no_days(text: str) -> None:
    assert not dates.mentions_date(text)
