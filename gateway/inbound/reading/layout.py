"""Which lines of a mail are new, which quoted, which signature.

A scanner of lines: work grows with the length alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto

from gateway.inbound.reading import quote_headers, signatures
from gateway.inbound.reading.lines import depth, is_blank, is_rule, is_torn_attribution

MAX_LINES = 4_000
"""Lines that are looked at for heads of quotes. Below them only quote marks count."""
MAX_ATTRIBUTIONS = 400
"""Lines that are weighed as attributions, which costs most."""
_WRAPPED_AT = 60
"""A quoted line this long was probably wrapped by the client, so that its rest lost the quote mark."""


class Role(Enum):
    """What a line is."""

    NEW = auto()
    QUOTE = auto()
    SIGNATURE = auto()


def roles(lines: Sequence[str], signature_lines: Collection[int] = ()) -> list[Role]:
    """The role of every line. ``signature_lines`` are known beforehand to be signature."""
    found = _find_quotes(lines)
    for at in signature_lines:
        if found[at] is Role.NEW:
            found[at] = Role.SIGNATURE
    blocks = _new_blocks(lines, found)
    _mark_signatures(lines, found, blocks)
    _keep_interleaved(lines, found)
    _drop_rules_above_quotes(lines, found)
    if not _says_anything(lines, found) and not is_only_machine_text(lines, found):
        found = [Role.NEW] * len(lines)
        mark_signature(lines, found, 0, len(lines))
        for at in signature_lines:
            found[at] = Role.SIGNATURE
    return found


def _find_quotes(lines: Sequence[str]) -> list[Role]:
    """First pass: quote marks, attributions and header blocks."""
    found = [Role.QUOTE if depth(line) and not _is_no_quote(line) else Role.NEW for line in lines]
    at, floor, started, weighed = 0, 0, False, 0
    while at < min(len(lines), MAX_LINES):
        if found[at] is Role.QUOTE:
            at += 1
            floor = at
            continue
        weighed += quote_headers.may_be_attribution(lines[at])
        if weighed > MAX_ATTRIBUTIONS:
            break
        tail = _tail_from(lines, found, at, floor, started=started)
        if tail is not None:
            begin, end, is_tail = tail
            if is_tail:
                _fill(found, begin, len(lines))
                return found
            _fill(found, begin, end)
            at = floor = end
            continue
        started = started or not is_blank(lines[at])
        at += 1
    _heal_wraps(lines, found)
    return found


def _is_no_quote(line: str) -> bool:
    """``>>> visit us <<<``, a row of marks, or the torn end of an attribution."""
    if line.rstrip().endswith("<<<") or (len(line) > 40 and not line.strip(" >")):
        return True
    return is_torn_attribution(line)


def _tail_from(
    lines: Sequence[str], found: list[Role], at: int, floor: int, *, started: bool
) -> tuple[int, int, bool] | None:
    """What begins on line ``at``: (first line, line after, whether all that follows is quoted), or None."""
    line = lines[at]
    if is_blank(line):
        return None
    kind = quote_headers.separator(line)
    if kind == "forward":
        found[at:] = [Role.NEW] * (len(lines) - at)
        return (len(lines), len(lines), True)
    if kind == "original" or quote_headers.reply_above(line):
        return (_above(lines, at, floor), at + 1, True)
    if quote_headers.names_original(line) and _above(lines, at, floor) < at:
        return (_above(lines, at, floor), at + 1, True)
    if (block := quote_headers.header_block(lines, at)) is not None:
        return (_above(lines, at, floor), block.end, True)
    if started and signatures.is_phone_line(line) and _text_follows(lines, found, at + 1):
        return (at, at + 1, True) if not _quote_follows(lines, found, at + 1) else None
    if not quote_headers.may_be_attribution(line):
        return None
    begin = quote_headers.attribution(lines, at, floor)
    following = _next_text(lines, at + 1)
    quoted_next = following is not None and found[following] is Role.QUOTE
    if begin is None and quoted_next and quote_headers.undated_attribution(lines, at):
        begin = at
    if begin is not None:
        return (_above(lines, begin, floor), at + 1, not quoted_next)
    return None


def _above(lines: Sequence[str], at: int, floor: int) -> int:
    """Takes the drawn line above a quote's head into the quote."""
    above = at - 1
    while above >= floor and is_blank(lines[above]):
        above -= 1
    return above if above >= floor and is_rule(lines[above]) else at


def _next_text(lines: Sequence[str], at: int) -> int | None:
    for index in range(at, min(len(lines), at + 12)):
        if not is_blank(lines[index]):
            return index
    return None


def _text_follows(lines: Sequence[str], found: Sequence[Role], at: int) -> bool:
    following = _next_text(lines, at)
    return following is not None and found[following] is Role.NEW


def _quote_follows(lines: Sequence[str], found: Sequence[Role], at: int) -> bool:
    """Whether marked quotes stand below: then the phone's line is not where the quote begins."""
    return any(role is Role.QUOTE for role in found[at : at + 60])


def _fill(found: list[Role], start: int, end: int) -> None:
    found[start:end] = [Role.QUOTE] * (end - start)


def _heal_wraps(lines: Sequence[str], found: list[Role]) -> None:
    """Up to two lines between two quoted ones, without a gap, are the rest of a wrapped quoted line."""
    at = 1
    while at < len(lines) - 1:
        if found[at] is not Role.NEW or found[at - 1] is not Role.QUOTE or is_blank(lines[at]):
            at += 1
            continue
        end = at
        while end < len(lines) and found[end] is Role.NEW and not is_blank(lines[end]) and end - at < 3:
            end += 1
        if end < len(lines) and end - at <= 2 and found[end] is Role.QUOTE and _is_wrap(lines[at - 1], lines[at]):
            _fill(found, at, end)
        at = end


def _is_wrap(above: str, line: str) -> bool:
    bare = above.rstrip()
    if len(bare) >= _WRAPPED_AT:
        return True
    first = line.lstrip()[:1]
    return not first.isupper() and not first.isdigit() and not bare.endswith((".", "?", "!", ":", ">"))


def _new_blocks(lines: Sequence[str], found: Sequence[Role]) -> list[tuple[int, int]]:
    """Runs of new lines that hold text."""
    blocks, start = [], None
    for at in range(len(lines) + 1):
        new = at < len(lines) and found[at] is Role.NEW
        if new and start is None:
            start = at
        elif not new and start is not None:
            if any(not is_blank(line) or signatures.is_delimiter(line) for line in lines[start:at]):
                blocks.append((start, at))
            start = None
    return blocks


def _mark_signatures(lines: Sequence[str], found: list[Role], blocks: Sequence[tuple[int, int]]) -> None:
    """Signatures stand at the end of the first and of the last block: above the quote or below it."""
    for start, end in {blocks[0], blocks[-1]} if blocks else ():
        mark_signature(lines, found, start, end, whole=start > 0 and Role.QUOTE in found[:start])


def mark_signature(lines: Sequence[str], found: list[Role], start: int, end: int, *, whole: bool = False) -> None:
    begin = signatures.start(lines[start:end], whole=whole)
    if begin is not None:
        found[start + begin : end] = [Role.SIGNATURE] * (end - start - begin)


def _keep_interleaved(lines: Sequence[str], found: list[Role]) -> None:
    """Answers written between the lines of a quote stay with what they answer."""
    blocks = _new_blocks(lines, found)
    quoted = [at for at, role in enumerate(found) if role is Role.QUOTE and not is_blank(lines[at])]
    if not blocks or not quoted:
        return
    answers = [block for block in blocks if block[0] > quoted[0]]
    if not answers:
        return
    led = blocks[0][0] < quoted[0]
    last = answers[-1]
    if len(answers) == 1 and not _answers_inside(lines, found, last, led=led):
        return
    for at in range(last[1]):
        if found[at] is Role.QUOTE:
            found[at] = Role.NEW


def _drop_rules_above_quotes(lines: Sequence[str], found: list[Role]) -> None:
    """A line drawn right above a quote belongs to it."""
    for at in range(1, len(lines)):
        if found[at] is not Role.QUOTE or found[at - 1] is Role.QUOTE:
            continue
        above = at - 1
        while above > 0 and is_blank(lines[above]) and found[above] is not Role.QUOTE:
            above -= 1
        if is_rule(lines[above]) and found[above] is Role.NEW:
            _fill(found, above, at)


def _answers_inside(lines: Sequence[str], found: Sequence[Role], answer: tuple[int, int], *, led: bool) -> bool:
    """One answer: inside the quote if more quote follows that is not a mere signature; or if it picks a passage."""
    after = [lines[at] for at in range(answer[1], len(lines)) if found[at] is Role.QUOTE]
    body = [line for line in (_bare(line) for line in after) if line]
    cut = signatures.start([_bare(line) for line in after], whole=True)
    if body and (cut is None or any(_bare(line) for line in after[:cut])):
        return True
    if not led:
        return False
    before = [lines[at] for at in range(answer[0]) if found[at] is Role.QUOTE and not is_blank(lines[at])]
    return all(depth(line) for line in before)


def _bare(line: str) -> str:
    return line.strip(" >\t\u00a0")


def _says_anything(lines: Sequence[str], found: Sequence[Role]) -> bool:
    return any(role is Role.NEW and not is_blank(line) for line, role in zip(lines, found, strict=True))


def is_only_machine_text(lines: Sequence[str], found: Sequence[Role]) -> bool:
    """Nothing but a signature, or an attribution with a marked quote: nobody wrote anything."""
    first = next((at for at, line in enumerate(lines) if not is_blank(line)), None)
    if first is None:
        return True
    shown = [at for at, line in enumerate(lines) if not is_blank(line) and found[at] is Role.QUOTE]
    if not shown:
        return True
    marked = [at for at in shown if depth(lines[at])]
    unmarked = [at for at in shown if not depth(lines[at])]
    return bool(marked) and len(unmarked) <= 4 and (not unmarked or unmarked[-1] < marked[0])
