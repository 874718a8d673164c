"""How templates say dates, sizes, statuses and subjects, in each language that we speak.

A language without an entry gets ISO 8601 dates and English words. All functions are pure and linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import quote

from gateway.outbound.tidy import CUT

LONGEST_SUBJECT = 200
LONGEST_TEXT = 200_000
"""Characters of one text that a notice shows; longer ones are cut with a mark."""
WIDTH = 72
"""Columns of plain text (RFC 5322 section 2.1.1 wants at most 78 with quoting marks)."""


@dataclass(frozen=True, slots=True)
class Language:
    """Words of one language. ``date`` holds {day}, {month}, {year}; ``statuses`` names each status."""

    months: tuple[str, ...]
    date: str
    decimal: str
    statuses: dict[str, str]


def _statuses(*names: str) -> dict[str, str]:
    keys = ("new", "in_progress", "pending", "client_responded", "to_be_checked", "closed")
    return dict(zip(keys, names, strict=True))


def _months(names: str) -> tuple[str, ...]:
    return tuple(names.split(" "))


_ENGLISH = Language(
    _months("January February March April May June July August September October November December"),
    "{day} {month} {year}",
    ".",
    _statuses("New", "In progress", "Pending response from client", "Client has responded", "To be checked", "Closed"),
)
LANGUAGES = {
    "en": _ENGLISH,
    "de": Language(
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        "{day}. {month} {year}",
        ",",
        _statuses("Neu", "In Bearbeitung", "Warten auf Antwort", "Antwort erhalten", "Zu prüfen", "Abgeschlossen"),
    ),
    "fr": Language(
        _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        "{day} {month} {year}",
        ",",
        _statuses("Nouveau", "En cours", "En attente de réponse", "Réponse reçue", "À vérifier", "Clos"),
    ),
    "es": Language(
        _months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        "{day} de {month} de {year}",
        ",",
        _statuses("Nuevo", "En curso", "A la espera de respuesta", "Respuesta recibida", "Por revisar", "Cerrado"),
    ),
}
_REPLY_MARK = re.compile(r"\s*(?:re|aw|sv|vs|antw|rif|res|odp|ynt|回复|答复)(?:\[\d{1,3}\])?\s*[::]", re.IGNORECASE)
_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\ud800-\\udfff]")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_])){0,29}\.?")


def language(locale: str) -> Language:
    return LANGUAGES.get(locale.partition("-")[0], _ENGLISH)


def when(value: str | datetime, locale: str, zone: tzinfo, *, time: bool = True) -> str:
    """A moment in ``zone``, for instance "21 November 2026, 10:00 CET".

    Raises ValueError when ``value`` is no ISO 8601 date, or has no offset.
    """
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a date needs its offset from UTC")
    local = moment.astimezone(zone)
    words = LANGUAGES.get(locale.partition("-")[0])
    if words is None:
        day = local.strftime("%Y-%m-%d")
    else:
        day = words.date.format(day=local.day, month=words.months[local.month - 1], year=local.year)
    return f"{day}, {local:%H:%M %Z}".rstrip() if time else day


def filesize(count: int, locale: str) -> str:
    """Bytes for people: 812 bytes, 48 KB, 1.5 MB."""
    if count < 1000:
        return f"{count} {'byte' if count == 1 else 'bytes'}"
    size, units = count / 1000, iter(("KB", "MB", "GB"))
    unit = next(units)
    while size >= 999.5 and (larger := next(units, "")):
        size, unit = size / 1000, larger
    number = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}".removesuffix(".0")
    return f"{number.replace('.', language(locale).decimal)} {unit}"


def status(name: str, locale: str) -> str:
    return language(locale).statuses.get(name, name.replace("_", " "))


def printable(text: str) -> str:
    """Without control characters but tab and line ends, and without lone surrogates, which no encoding can hold."""
    return _CONTROL.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Without control characters, line ends and direction overrides; runs of spaces become one."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def reply_subject(text: str) -> str:
    """The subject with exactly one "Re:" before it, whatever reply marks it had."""
    subject = one_line(text)
    while match := _REPLY_MARK.match(subject):
        subject = subject[match.end() :].lstrip()
    return f"Re: {shorten(subject)}".rstrip()


def shorten(text: str, limit: int = LONGEST_SUBJECT) -> str:
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def given_name(name: str) -> str:
    """A name to greet with, or "" where the text is not one: strangers choose what stands in a From field."""
    text = one_line(name)
    if "," in text:
        text = text.partition(",")[2].strip() or text
    first = text.split(" ")[0]
    return first if _NAME.fullmatch(first) else ""


def plain_name(name: str) -> str:
    """The whole name to greet with, or "" where a part of it is not a name."""
    text = one_line(name)
    words = text.replace(",", " ").split()
    return text if 0 < len(words) <= 5 and all(_NAME.fullmatch(word) for word in words) else ""


def wrap(text: str, width: int = WIDTH, prefix: str = "") -> str:
    """Long lines folded at spaces, each line after ``prefix``; words are never cut, quotes stay quoted."""
    out: list[str] = []
    text = clip(text, LONGEST_TEXT)
    for line in text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n"):
        out += _folded(line.rstrip(), width - len(prefix))
    return "\n".join((prefix + line).rstrip() for line in out)


def _folded(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    body = line.lstrip(" >")
    lead = line[: len(line) - len(body)]
    quoted = lead if ">" in lead else " " * min(len(lead), width // 2)
    lines, current, used = [], [lead + (words := body.split(" "))[0]], len(lead) + len(words[0])
    for word in words[1:]:
        if used + 1 + len(word) > width:
            lines.append(" ".join(current))
            current, used = [quoted + word], len(quoted) + len(word)
        else:
            current.append(word)
            used += 1 + len(word)
    return [*lines, " ".join(current)]


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, with a mark where something was left out."""
    return text if len(text) <= limit else f"{text[:limit].rstrip()}\n\n{CUT}"


def mailto(address: str, subject: str = "", body: str = "") -> str:
    """A mailto link (RFC 6068) that opens a mail ready to send."""
    fields = [f"{name}={quote(value, safe='')}" for name, value in (("subject", subject), ("body", body)) if value]
    return f"mailto:{quote(address, safe='@+')}" + ("?" + "&".join(fields) if fields else "")


def signed(text: str, first_name: str) -> bool:
    """Does the text end with its writer's name already?"""
    last = [line for line in text.rstrip().split("\n")[-6:] if line.strip()][-3:]
    return bool(first_name) and any(first_name.casefold() in line.casefold() for line in last[-3:])
