"""Parameters, file names, identifiers and dates out of header fields."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.inbound.reading import fields


@pytest.mark.parametrize(
    ("value", "token", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        ("TEXT/Plain; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('multipart/mixed; boundary="a;b=c"; x=y', "multipart/mixed", {"boundary": "a;b=c", "x": "y"}),
        ("text/plain; charset=utf-8; charset=latin1", "text/plain", {"charset": "utf-8"}),
        ("text/plain (a comment); charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain;; ;charset = utf-8 ;", "text/plain", {"charset": "utf-8"}),
        ('text/plain; name="never closed', "text/plain", {"name": "never closed"}),
        ("", "", {}),
    ],
)
def test_parameters(value: str, token: str, parameters: dict[str, str]) -> None:
    assert fields.parameters(value) == (token, parameters)


@pytest.mark.parametrize(
    "value",
    [
        "attachment; filename*=UTF-8''%E2%82%AC%20rates.txt",
        "attachment; filename*0*=UTF-8''%E2%82%AC; filename*1=\" rates\"; filename*2=.txt",
        "attachment; filename*1*=%20rates.txt; filename*0*=UTF-8''%E2%82%AC",
        "attachment; filename=wrong.txt; filename*=utf-8'en'%E2%82%AC%20rates.txt",
        'attachment; filename="=?utf-8?B?4oKsIHJhdGVzLnR4dA==?="',
        "attachment; filename==?utf-8?Q?=E2=82=AC_rates.txt?=",
        'attachment; filename="=?utf-8?Q?=E2=82=AC?= =?utf-8?Q?_rates.txt?="',
        'attachment; filename*0="=?utf-8?Q?=E2=82=AC_ra"; filename*1="tes.txt?="',
        "attachment; filename=€ rates.txt",
    ],
)
def test_a_file_name_in_every_encoding(value: str) -> None:
    assert fields.parameters(value)[1]["filename"] == "€ rates.txt"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("\u200b.htaccess", ".htaccess"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("...", ""),
        ("..", ""),
        ("u\u0308ber.txt", "über.txt"),
    ],
)
def test_a_file_name_is_data(name: str, shown: str) -> None:
    assert fields.filename(name) == shown


def test_a_long_file_name_keeps_its_extension() -> None:
    name = fields.filename("ü" * 300 + ".pdf")
    assert name.endswith("ü.pdf")
    assert len(name.encode()) <= 255


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b> <c@d>", ("a@b", "c@d")),
        ("<a@b><c@d>\t<a@b>", ("a@b", "c@d")),
        ("< a@b >", ("a@b",)),
        ("a@b c@d", ("a@b", "c@d")),
        ("Your message of Monday <a@b>", ("a@b",)),
        ("<[abc-def]@microsoft.example>", ("[abc-def]@microsoft.example",)),
        ("", ()),
        ("<>", ()),
    ],
)
def test_message_ids(value: str, ids: tuple[str, ...]) -> None:
    assert fields.message_ids(value) == ids


@pytest.mark.parametrize(
    ("value", "found"),
    [("<a@b>", "a@b"), ("a@b", "a@b"), ("no at sign", None), ("", None), ("nonsense", "nonsense")],
)
def test_message_id(value: str, found: str | None) -> None:
    assert fields.message_id(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Sat, 21 Nov 2026 10:00:00 +0100", datetime(2026, 11, 21, 10, tzinfo=timezone(timedelta(hours=1)))),
        ("21 Nov 26 10:00 EST", datetime(2026, 11, 21, 10, tzinfo=timezone(timedelta(hours=-5)))),
        ("Sat, 21 Nov 2026 10:00:00 GMT (a (comment))", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 31 Feb 2026 10:00:00 +0000", None),
        ("Sat, 21 Nov 2026 99:00:00 +0000", None),
        ("Whenever", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_dates(value: str, found: datetime | None) -> None:
    assert fields.date(value) == found


@pytest.mark.parametrize("unit", [";", "; a=b", '"', "\\", "*=", "; filename*0*=", "(", "= "])
def test_hostile_parameters_take_linear_time(unit: str) -> None:
    started = time.process_time()
    fields.parameters("text/plain; " + unit * (65_536 // len(unit)))
    assert time.process_time() - started < 1
