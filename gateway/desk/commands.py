"""What agents may write on top of a mail, and the grammar that reads it. Pure, linear.

Commands are consecutive lines at the very top, ``#verb [value]``; blank lines between them are allowed, and
the first other line ends the block. ``##`` at the start of a line escapes a text that begins with ``#``.
An unknown verb is an error, never text, and so is a command further down, where it would do nothing and be
sent to the client: nothing of such a mail is executed or sent.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from gateway.desk.verbs import VERBS, Verb

_BY_WORD = {word: verb for verb in VERBS for word in (verb.name, *verb.aliases)}
_LINE = re.compile(r"[#/]\s?([a-z][a-z_-]{0,30})(?:\s*[:=]\s*|\s+|$)(.*)", re.IGNORECASE)
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_QUOTES = _UNSEEN | str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "\u00a0": " ", "＃": "#"}
)
_QUOTED = re.compile(r'"([^"]*)"')
_ESCAPED = re.compile(rf"(?m)^#(#(?:{'|'.join(_BY_WORD)})\b)", re.IGNORECASE)
_MOST_LINES = 30
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Command:
    verb: Verb
    value: str
    line: int
    """1 for the first line of the text."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """``errors`` are for the agent to read; when there are any, ``commands`` must not be carried out."""

    commands: tuple[Command, ...]
    body: str
    errors: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        return any(c.verb.name == name for c in self.commands)


def parse(text: str) -> Parsed:
    """Split a text into the commands on top and the rest."""
    lines = text.split("\n")
    commands: list[Command] = []
    errors: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].translate(_QUOTES).strip()
        if line and not _is_command(line):
            break
        if len(commands) + len(errors) == _MOST_LINES and line:
            errors.append(f"There are more commands than {_MOST_LINES}, the most in one mail.")
            break
        if line:
            _read(line, at + 1, commands, errors)
        at += 1
    errors += _misplaced(lines, at) if not errors else []
    return Parsed(tuple(commands), _unescape("\n".join(lines[at:]).strip("\n")), tuple(errors))


def _misplaced(lines: list[str], start: int) -> list[str]:
    """A ``#note`` below a greeting would make the note public."""
    found = []
    for number, line in enumerate(lines[start : start + _LOOKED_AT], start + 1):
        match = _LINE.match(line.translate(_QUOTES).strip()) if "#" in line or "＃" in line else None
        verb = _BY_WORD.get(match[1].casefold()) if match else None
        if match and verb and match[0][0] == "#" and not (verb.argument == "none" and match[2].strip()):
            found.append(
                f"Line {number}: #{match[1]} stands below your text, where it does nothing. Move it to the top, "
                f"or write ##{match[1]} to say just these words."
            )
    return found[:3]


def _is_command(line: str) -> bool:
    """``#verb``; ``/verb`` only where the word is a verb, since paths begin like that too."""
    match = _LINE.match(line)
    return bool(match) and (line[0] == "#" or match[1].casefold() in _BY_WORD)  # type: ignore[index]


def _read(line: str, number: int, commands: list[Command], errors: list[str]) -> None:
    match = _LINE.match(line)
    assert match is not None
    word, value = match[1].casefold(), match[2].strip()
    verb = _BY_WORD.get(word)
    if verb is None:
        errors.append(f"Line {number}: there is no command #{word}.{_suggest(word)}")
    elif verb.argument == "required" and not value:
        errors.append(
            f"Line {number}: #{verb.name} needs a value: #{verb.name} {verb.shows}, for example {verb.example}"
        )
    elif verb.argument == "none" and value:
        errors.append(f"Line {number}: #{verb.name} takes no value; write it on a line of its own.")
    else:
        commands.append(Command(verb, value, number))


def _suggest(word: str) -> str:
    near = difflib.get_close_matches(word, _BY_WORD, n=1, cutoff=0.6)
    if near:
        return f" Did you mean #{near[0]}?"
    return " To begin a text with #, write ##."


def _unescape(body: str) -> str:
    """``##`` on the first line, and before a verb on any other."""
    first = body[1:] if body.startswith("##") else body
    return _ESCAPED.sub(r"\1", first) if "\n##" in first else first


def names(value: str) -> tuple[str, ...]:
    """The items of a list: quoted ones, or else separated by semicolons."""
    quoted = [q.strip() for q in _QUOTED.findall(value)]
    if quoted:
        rest = _QUOTED.sub(" ", value).replace(";", " ").replace(",", " ").split()
        return () if rest else tuple(q for q in quoted if q)
    return tuple(part.strip() for part in value.split(";") if part.strip())


def who_and_why(value: str) -> tuple[str, str]:
    """ "joe: knows the case" → ("joe", "knows the case")."""
    who, _, why = value.partition(":")
    return who.strip().lstrip("@").casefold(), why.strip()


def mentions(text: str) -> tuple[str, ...]:
    """Handles written as @name, each once."""
    found = re.findall(r"(?<![\w.+-])@([a-z][a-z0-9._-]{0,31})", text.casefold())
    return tuple(dict.fromkeys(f.rstrip(".-_") for f in found))
