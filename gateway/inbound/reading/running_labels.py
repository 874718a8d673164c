"""Header fields that run into one another on a line: ``From: A <a@b.example>To: …Sent: …Subject: …``.

Clients make such lines when they turn their own HTML into text.
"""

from __future__ import annotations

from gateway.inbound.reading import phrases

MAX_LENGTH = 3_000
"""Characters of a line that are looked at."""
_ORDERS = (("from", "to", "cc", "date", "subject"), ("from", "date", "to", "cc", "subject"))


def fields(text: str) -> dict[str, str]:
    """The fields of such a line by role, as far as they stand in an order that clients use."""
    marks = _marks(text[:MAX_LENGTH])
    found = (_cut(text[:MAX_LENGTH], _in_order(marks, order)) for order in _ORDERS)
    return max(found, key=len)


def _marks(text: str) -> list[tuple[int, int, str]]:
    """Where labels stand: begin, end, role. At one place the longest comes first."""
    marks: list[tuple[int, int, str]] = []
    for name, role in _LABELS:
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if text[end:].lstrip()[:1] == ":" or text[end : end + 1] == " ":
                marks.append((at, end, role))
                break
            at = text.find(name, at + 1)
    return sorted(marks, key=lambda mark: (mark[0], -mark[1]))


def _in_order(marks: list[tuple[int, int, str]], order: tuple[str, ...]) -> list[tuple[int, int, str]]:
    taken: list[tuple[int, int, str]] = []
    for mark in marks:
        if not taken or (mark[0] >= taken[-1][1] and order.index(mark[2]) > order.index(taken[-1][2])):
            taken.append(mark)
    return taken


def _cut(text: str, marks: list[tuple[int, int, str]]) -> dict[str, str]:
    ends = [mark[0] for mark in marks[1:]] + [len(text)]
    return {role: text[begin:end].strip(" :\u00a0") for (_, begin, role), end in zip(marks, ends, strict=False)}


def _as_written(words: frozenset[str]) -> set[str]:
    """Labels begin with a capital on such lines; short ones may be all capitals."""
    capital = {word[0].upper() + word[1:] for word in words}
    return capital | {word.upper() for word in words if len(word) <= 3}


_LABELS = [
    (name, role)
    for role, words in (
        ("from", phrases.FROM_LABELS),
        ("to", phrases.TO_LABELS),
        ("cc", phrases.CC_LABELS),
        ("date", phrases.DATE_LABELS),
        ("subject", phrases.SUBJECT_LABELS),
    )
    for name in sorted(_as_written(words))
]
