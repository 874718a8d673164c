"""Which lines of a mail are new, which quoted, which signature.

A scanner of lines: work grows with the length alone. When in doubt a line is new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.inbound.reading import signatures
from gateway.inbound.reading.lines import depth, is_blank, is_rule
from gateway.inbound.reading.scanner import Role, Scanner

MAX_LINES = 2_500
"""Lines that are looked at. What stands below goes with the last of them."""
_WRAPPED_AT = 60
"""A quoted line this long was probably wrapped by the client, so that its rest lost the quote mark."""


def roles(
    lines: Sequence[str],
    *,
    signature_lines: Collection[int] = (),
    quote_lines: Collection[int] = (),
    strict: bool = False,
) -> list[Role]:
    """The role of every line. The two collections are lines that a client's HTML marks as what they are.

    With ``strict`` whatever may be a quote is one, even if answers stand between its lines or nothing is left:
    for text that goes on to somebody who must not see the quote.
    """
    head = lines[:MAX_LINES]
    marked = {at for at in signature_lines if at < len(head)}
    scan = Scanner(head, quote_lines, strict=strict)
    scan.run()
    _heal_wraps(head, scan.found)
    found = _set_aside(scan, marked) if strict else _weighed(scan, marked)
    return [*found, *found[-1:] * (len(lines) - len(found))]


def _weighed(scan: Scanner, signature_lines: Collection[int]) -> list[Role]:
    """Roles in favour of the author."""
    if scan.forward_at is None:
        scan.release_citations()
    found = _set_aside(scan, signature_lines)
    _keep_interleaved(scan.lines, found)
    _drop_rules_above_quotes(scan.lines, found)
    if _says_anything(scan, found) or _is_machine_text(scan, found):
        return found
    return _all_new(scan.lines, signature_lines)


def _set_aside(scan: Scanner, signature_lines: Collection[int]) -> list[Role]:
    """The quotes, and what is a signature or a banner."""
    for at in signature_lines:
        if scan.found[at] is Role.NEW:
            scan.found[at] = Role.SIGNATURE
    mark_banner(scan.lines, scan.found)
    _mark_signatures(scan.lines, scan.found, scan.forward_at)
    return scan.found


def _all_new(lines: Sequence[str], signature_lines: Collection[int]) -> list[Role]:
    """Where nothing new can be told from the quote, everything is kept."""
    found = [Role.NEW] * len(lines)
    for at in signature_lines:
        found[at] = Role.SIGNATURE
    mark_signature(lines, found, 0, len(lines))
    return found


def mark_banner(lines: Sequence[str], found: list[Role]) -> None:
    """A mail system's warning above the text ("originated from outside") is nobody's words."""
    first = next((at for at, line in enumerate(lines[:20]) if not is_blank(line)), None)
    if first is None or found[first] is not Role.NEW or not signatures.is_banner(lines[first]):
        return
    end = first
    while end < len(lines) and not is_blank(lines[end]) and end - first < 8:
        end += 1
    if any(not is_blank(line) for line in lines[end:]):
        found[first:end] = [Role.SIGNATURE] * (end - first)


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
            found[at:end] = [Role.QUOTE] * (end - at)
        at = end


def _is_wrap(above: str, line: str) -> bool:
    bare = above.rstrip()
    if len(bare) >= _WRAPPED_AT:
        return True
    first = line.lstrip()[:1]
    return not first.isupper() and not first.isdigit() and not bare.endswith((".", "?", "!", ":", ">"))


def _new_blocks(lines: Sequence[str], found: Sequence[Role]) -> list[tuple[int, int]]:
    """Runs of new lines that hold text."""
    blocks: list[tuple[int, int]] = []
    start: int | None = None
    for at in range(len(lines) + 1):
        new = at < len(lines) and found[at] is Role.NEW
        if new and start is None:
            start = at
        elif not new and start is not None:
            if any(not is_blank(line) or signatures.is_delimiter(line) for line in lines[start:at]):
                blocks.append((start, at))
            start = None
    return blocks


def _mark_signatures(lines: Sequence[str], found: list[Role], forward_at: int | None) -> None:
    """Signatures stand at the end of the first and of the last block: above the quote or below it."""
    blocks = _new_blocks(lines, found)
    for start, end in {blocks[0], blocks[-1]} if blocks else ():
        if forward_at is not None and end > forward_at:
            continue
        mark_signature(lines, found, start, end, whole=Role.QUOTE in found[:start])


def mark_signature(lines: Sequence[str], found: list[Role], start: int, end: int, *, whole: bool = False) -> None:
    """Marks the signature at the end of a block, if it has one."""
    begin = signatures.start(lines[start:end], whole=whole)
    if begin is not None:
        found[start + begin : end] = [Role.SIGNATURE] * (end - start - begin)


def _keep_interleaved(lines: Sequence[str], found: list[Role]) -> None:
    """Answers written between the lines of a quote stay with what they answer."""
    blocks = _new_blocks(lines, found)
    quoted = next((at for at, role in enumerate(found) if role is Role.QUOTE and not is_blank(lines[at])), None)
    if not blocks or quoted is None:
        return
    answers = [block for block in blocks if block[0] > quoted]
    if not answers:
        return
    last = answers[-1]
    led = blocks[0][0] < quoted
    if len(answers) == 1 and not _answers_inside(lines, found, last, led=led):
        return
    for at in range(last[1]):
        if found[at] is Role.QUOTE:
            found[at] = Role.NEW


def _answers_inside(lines: Sequence[str], found: Sequence[Role], answer: tuple[int, int], *, led: bool) -> bool:
    """One answer: inside the quote if more quote follows that is not a mere signature; or if it picks a passage."""
    after = [_bare(lines[at]) for at in range(answer[1], len(lines)) if found[at] is Role.QUOTE]
    cut = signatures.start(after, whole=True)
    if any(after[:cut]):
        return True
    before = [lines[at] for at in range(answer[0]) if found[at] is Role.QUOTE and not is_blank(lines[at])]
    return led and all(depth(line) for line in before)


def _bare(line: str) -> str:
    return line.strip(" >\t\u00a0")


def _drop_rules_above_quotes(lines: Sequence[str], found: list[Role]) -> None:
    """A line drawn right above a quote belongs to it."""
    for at in range(1, len(lines)):
        if found[at] is not Role.QUOTE or found[at - 1] is Role.QUOTE:
            continue
        above = at - 1
        while above > 0 and is_blank(lines[above]) and found[above] is not Role.QUOTE:
            above -= 1
        if is_rule(lines[above]) and found[above] is Role.NEW:
            found[above:at] = [Role.QUOTE] * (at - above)


def _says_anything(scan: Scanner, found: Sequence[Role]) -> bool:
    return any(
        role is Role.NEW and at not in scan.on_top and not is_blank(scan.lines[at]) for at, role in enumerate(found)
    )


def _is_machine_text(scan: Scanner, found: Sequence[Role]) -> bool:
    """Nothing but a signature and a quote with a proper head: nobody wrote anything."""
    first = next((at for at, line in enumerate(scan.lines) if not is_blank(line)), None)
    if first is None or found[first] is Role.SIGNATURE:
        return True
    return found[first] is Role.QUOTE and scan.begins_with_head(first)


__all__ = ["MAX_LINES", "Role", "mark_banner", "mark_signature", "roles"]
