"""Lines of plain text as the quote finder sees them. Every function is linear in the length of a line."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.inbound.reading.phrases import INVISIBLE, LABELS, MAX_LABEL, WROTE, key

MAX_EXAMINED = 2_000
"""Characters of a line that are looked at; what stands behind is text, whatever it is."""

_MARKS = "*_ \t\u00a0\u3000\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u2028"
_INVISIBLE = _MARKS.replace("_", "")
DASHES = "-–—_=─━－﹣‐‑‒―−"
_RULES = DASHES + "*~•#+"


@dataclass(frozen=True, slots=True)
class Label:
    """A line ``From: …`` in any language: its role (see ``phrases.LABELS``) and what stands after the colon."""

    role: str
    value: str


def depth(line: str) -> int:
    """How deep the line is quoted: the number of ``>`` at its start (RFC 3676 section 4.5)."""
    level = 0
    for char in line[:MAX_EXAMINED]:
        if char == ">":
            level += 1
        elif char not in " \u00a0\t|":
            break
    return level if line.lstrip(" \u00a0\t\ufeff").startswith(">") else 0


def visible(line: str) -> str:
    """The line without marks of direction and width, which clients strew around names and addresses."""
    return line if line.isascii() else line.translate(INVISIBLE)


def is_torn_attribution(line: str) -> bool:
    """``> wrote:`` or ``>:``: no quote mark, but the end of an address that the client tore from its line."""
    rest = line.strip().removeprefix(">")
    if len(rest) > 40 or not rest.rstrip().endswith((":", "：")) or rest.startswith(">"):
        return False
    words = key(rest.rstrip(":： "))
    return not words or words in WROTE


def unquote(line: str, levels: int = 1) -> str:
    """The line without up to so many quote marks, and without the space after each."""
    for _ in range(levels):
        bare = line.lstrip(" \u00a0\t\ufeff")
        if not bare.startswith(">"):
            return line
        line = bare[1:].removeprefix(" ")
    return line


def is_blank(line: str) -> bool:
    """Nothing to see, though marks of direction or emphasis may stand there."""
    return not line.strip(_INVISIBLE)


def is_rule(line: str) -> bool:
    """A drawn line: three or more of the same mark and nothing else."""
    bare = line[:MAX_EXAMINED].strip(" \t\u00a0*")
    return len(bare) >= 3 and bare[0] in _RULES and not bare.strip(bare[0])


def within_rules(line: str) -> str | None:
    """The words between two drawn lines (``---- Original Message ----``), or None. At least two marks a side."""
    bare = line[:MAX_EXAMINED].strip(" \t\u00a0*>|")
    inner = bare.strip(DASHES)
    if not inner or bare[:2].strip(DASHES) or bare[-2:].strip(DASHES):
        return None
    return inner.strip(" \t\u00a0:*")


def label(line: str) -> Label | None:
    """The label of a header line, or None. Bold marks, odd spaces and full-width colons do not hide it."""
    bare = line[:MAX_EXAMINED].lstrip(_MARKS)
    head = bare[:MAX_LABEL]
    at = min((i for i in (head.find(":"), head.find("："), head.find("﹕")) if i >= 0), default=-1)
    if at <= 0:
        return None
    role = LABELS.get(key(head[:at].strip(_MARKS)))
    if role is None:
        return None
    return Label(role, bare[at + 1 :].strip(_MARKS))
