"""What an invitation says (RFC 5545), for a mail that is nothing but one."""

from __future__ import annotations

_SHOWN = {
    "SUMMARY": "",
    "DTSTART": "From: ",
    "DTEND": "To: ",
    "LOCATION": "Where: ",
    "ORGANIZER": "Organizer: ",
    "DESCRIPTION": "\n",
}
_MAX_LINES = 5000
_ESCAPES = {"n": "\n", "N": "\n", ",": ",", ";": ";", "\\": "\\"}


def summary(ics: str) -> str:
    """Subject, time, place and description of the first event, a line each; "" where there is none."""
    found: dict[str, str] = {}
    inside = False
    for line in _unfolded(ics):
        head, _, value = line.partition(":")
        name = head.partition(";")[0].upper()
        if name == "BEGIN" and value.upper() in ("VEVENT", "VTODO"):
            inside = True
        elif name == "END" and inside and value.upper() in ("VEVENT", "VTODO"):
            break
        elif inside and name in _SHOWN:
            found.setdefault(name, _plain(value))
    return "\n".join(label + found[name] for name, label in _SHOWN.items() if found.get(name))


def _unfolded(ics: str) -> list[str]:
    """Content lines (section 3.1): a line that starts with white space continues the one before."""
    lines: list[list[str]] = []
    for line in ics.splitlines()[:_MAX_LINES]:
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line[1:])
        else:
            lines.append([line])
    return ["".join(pieces) for pieces in lines]


def _plain(value: str) -> str:
    out: list[str] = []
    escaped = False
    for char in value:
        if escaped:
            out.append(_ESCAPES.get(char, "\\" + char))
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            out.append(char)
    return "".join(out).removeprefix("mailto:").removeprefix("MAILTO:").strip()
