"""Dates as mail clients write them above a quote, in any language. Best effort: None when not sure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from gateway.inbound.reading.date_words import MONTHS, WEEKDAYS
from gateway.inbound.reading.phrases import key

MAX_LENGTH = 200
"""Longer texts are no dates. Characters."""

_POLISH_OR_CROATIAN = {"lip": (7, 6), "lis": (11, 10), "listopada": (11, 10)}
"""Months of the same spelling; Croatian writes a full stop after the year."""

_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])\s?[:.hH時点시]\s?([0-5]\d)(?:[:.分]([0-5]\d))?")
_RFC5322 = re.compile(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}\b")
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})(?!\d)")
_KOREAN = re.compile(r"(?<!\d)((?:19|20)\d\d)년\s?(\d{1,2})월\s?(\d{1,2})일")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})([-/.])\s?(\d{1,2})[-/.]\s?((?:19|20)\d\d|\d\d)(?!\d)")
_OFFSET = re.compile(r"(?:GMT|UTC|UT)?\s?([+-])\s?(\d{1,2}):?([0-5]\d)?(?!\d)")
_PM = re.compile(
    r"(?<![^\W\d_])(?:p\.?\s?m\.?|μ\.?μ\.?|nachm\.?|du\.?|ös|pomeriggio)(?![^\W\d_])|下午|午後|오후", re.IGNORECASE
)
_AM = re.compile(r"(?<![^\W\d_])(?:a\.?\s?m\.?|π\.?μ\.?|vorm\.?)(?![^\W\d_])|上午|午前|오전", re.IGNORECASE)
_ZONES = {
    "gmt": 0, "utc": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "oez": 2, "oesz": 3, "bst": 1, "wet": 0, "west": 1,
    "msk": 3, "jst": 9, "hst": -10, "akst": -9, "akdt": -8, "aest": 10, "aedt": 11,
}  # fmt: skip


def mentions_date(text: str) -> bool:
    """Whether the text holds a day: numeric, or a month's name with a number, or a weekday with a time."""
    if len(text) > 4 * MAX_LENGTH or not any(char.isdigit() for char in text):
        return False
    if _ISO.search(text) or _NUMERIC.search(text) or _KOREAN.search(text):
        return True
    words = _TOKEN.findall(key(text))
    if any(word in MONTHS for word in words):
        return True
    if "tháng" in words:
        return True
    if not _TIME.search(text):
        return False
    return any(word in WEEKDAYS or (len(word) == 4 and word[:2] in ("19", "20", "25")) for word in words)


def starts_like_date(text: str) -> bool:
    """Whether the first word is a number, a month or a weekday."""
    first = _TOKEN.search(key(text[:40]))
    return first is not None and (first.group().isdigit() or first.group() in MONTHS or first.group() in WEEKDAYS)


def parse(text: str) -> datetime | None:
    """The moment that a client wrote down, in UTC; a time without a zone counts as UTC. None when not sure."""
    text = " ".join(text.replace("*", " ").split())
    if not text or len(text) > MAX_LENGTH:
        return None
    if _RFC5322.match(text):
        try:
            return parsedate_to_datetime(text).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return _assemble(text)


def _assemble(text: str) -> datetime | None:
    day = _day(text)
    if day is None:
        return None
    rest = day[1]
    hour, minute, second = _clock(rest)
    try:
        moment = datetime(*day[0], hour, minute, second, tzinfo=_zone(rest))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> tuple[tuple[int, int, int], str] | None:
    """Year, month, day, and the text without them."""
    for pattern in (_ISO, _KOREAN):
        if found := pattern.search(text):
            year, month, day = (int(part) for part in found.groups())
            return (year, month, day), text[: found.start()] + " " + text[found.end() :]
    found = _NUMERIC.search(text)
    if found and len(found[4]) == 4:
        return _numeric_day(found, text)
    return _named_day(text) or (_numeric_day(found, text) if found else None)


def _numeric_day(found: re.Match[str], text: str) -> tuple[tuple[int, int, int], str] | None:
    first, sign, second, year = found.groups()
    one, two = int(first), int(second)
    full = int(year) if len(year) == 4 else 2000 + int(year)
    rest = text[: found.start()] + " " + text[found.end() :]
    if sign == "/" and one <= 12 and two <= 12 and one != two:
        # Only American clients write month/day together with a twelve-hour clock; else nobody can know.
        if _PM.search(rest) or _AM.search(rest):
            return (full, one, two), rest
        return None
    if two > 12:
        one, two = two, one
    return (full, two, one), rest


def _named_day(text: str) -> tuple[tuple[int, int, int], str] | None:
    tokens = [(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(text)]
    if (vietnamese := _vietnamese_day(tokens)) is not None:
        return vietnamese, text
    month_at = next((i for i, token in enumerate(tokens) if _month(token[0]) and _month_fits(tokens, i)), None)
    if month_at is None:
        return None
    years = [i for i, token in enumerate(tokens) if len(token[0]) == 4 and token[0][:2] in ("19", "20")]
    near = [i for i in (month_at - 1, month_at + 1, month_at - 2, month_at + 2) if 0 <= i < len(tokens)]
    days = [i for i in near if tokens[i][0].isdigit() and len(tokens[i][0]) <= 2 and 1 <= int(tokens[i][0]) <= 31]
    if not years or not days:
        return None
    month = _number_of(tokens[month_at][0], stop_after_year=text[tokens[years[0]][2] :].startswith("."))
    used = {years[0], days[0], month_at}
    rest = list(text)
    for i in used:
        rest[tokens[i][1] : tokens[i][2]] = " " * (tokens[i][2] - tokens[i][1])
    return (int(tokens[years[0]][0]), month, int(tokens[days[0]][0])), "".join(rest)


def _month(word: str) -> bool:
    return key(word) in MONTHS


def _number_of(word: str, *, stop_after_year: bool) -> int:
    pair = _POLISH_OR_CROATIAN.get(key(word))
    return pair[stop_after_year] if pair else MONTHS[key(word)]


def _month_fits(tokens: list[tuple[str, int, int]], at: int) -> bool:
    """A month stands beside a number: ``mar`` and ``set`` are ordinary words too."""
    return any(0 <= i < len(tokens) and tokens[i][0].isdigit() for i in (at - 1, at + 1, at - 2))


def _vietnamese_day(tokens: list[tuple[str, int, int]]) -> tuple[int, int, int] | None:
    words = [key(token[0]) for token in tokens]
    if "tháng" not in words:
        return None
    at = words.index("tháng")
    if at == 0 or at + 2 >= len(words):
        return None
    day, month, year = words[at - 1], words[at + 1], words[at + 2]
    if day.isdigit() and month.isdigit() and year.isdigit() and len(year) == 4:
        return int(year), int(month), int(day)
    return None


def _clock(text: str) -> tuple[int, int, int]:
    found = _TIME.search(text)
    if found is None:
        return 0, 0, 0
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour < 12 and _PM.search(text):
        hour += 12
    elif hour == 12 and _AM.search(text):
        hour = 0
    return hour, minute, second


def _zone(text: str) -> timezone:
    clock = _TIME.search(text)
    tail = text[clock.end() :] if clock else text
    if found := _OFFSET.search(tail):
        hours = int(found[2]) if found[3] or len(found[2]) < 3 else 0
        minutes = 60 * hours + int(found[3] or 0)
        if minutes <= 14 * 60:
            return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    for word in _TOKEN.findall(tail):
        if word.lower() in _ZONES and word.isupper():
            return timezone(timedelta(hours=_ZONES[word.lower()]))
    return UTC
