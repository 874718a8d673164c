"""Encoded-words as they are, not as RFC 2047 wants them."""

from __future__ import annotations

import time

import pytest

from gateway.inbound.reading import encodedwords


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?q?a_b=5Fc?=", "a b_c"),
        ("=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße"),
        ("Re: =?utf-8?Q?Gr=C3=BC?= an alle", "Re: Grü an alle"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?=\t =?iso-8859-1?Q?=FC?=", "aü"),
        ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        ("x=?utf-8?Q?=C3=BC?=y", "xüy"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
    ],
)
def test_words_are_decoded(value: str, text: str) -> None:
    assert encodedwords.decode(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=", "Grüße"),
        ("=?utf-8?B?R3L?= =?UTF-8?B?DvMOfZQ==?=", "Grüße"),
        ("=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1wbKEI=?=", "日本"),
    ],
)
def test_a_character_may_be_split_between_words(value: str, text: str) -> None:
    assert encodedwords.decode(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?with spaces inside?=", "with spaces inside"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?B?R3LD vMOfZQ==?=", "Grüße"),
        ("=?utf-8?Q?never=20closed", "never closed"),
        ("=?utf-8?Q?100=_sure?=", "100= sure"),
        ("=?nonsense?Q?abc?=", "abc"),
        ("=?utf-8?Q??=", ""),
        ("a =?utf-8?X?b?= c", "a =?utf-8?X?b?= c"),
        ("=?", "=?"),
        ("=?utf-8?Q?What??=", "What?"),
    ],
)
def test_broken_words_give_what_they_hold(value: str, text: str) -> None:
    assert encodedwords.decode(value) == text


@pytest.mark.parametrize("unit", ["=?a?Q?", "=?", "=?utf-8?Q?a?= ", "?=", "=?utf-8?B?"])
def test_time_is_linear(unit: str) -> None:
    started = time.process_time()
    encodedwords.decode(unit * (65_536 // len(unit)))
    assert time.process_time() - started < 1
