"""Document requests: which file ticks off which item (R1-13, R1-17). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.desk.model import Document, DocumentState, FileRef

_WORD = re.compile(r"[^\W_]+")
_NEVER = ("text/calendar", "text/vcard", "text/x-vcard", "application/pkcs7-signature", "application/pgp-signature")
_LOGO_BYTES = 20_000


def missing(documents: Sequence[Document]) -> tuple[Document, ...]:
    return tuple(d for d in documents if d.state is not DocumentState.RECEIVED)


def counts(documents: Sequence[Document]) -> str:
    """ "2 of 3 received"."""
    return f"{len(documents) - len(missing(documents))} of {len(documents)} received"


def handed_in(files: Sequence[FileRef]) -> tuple[FileRef, ...]:
    """The files that can be documents: no logos, signatures, cards or invitations."""
    return tuple(f for f in files if not _decoration(f))


def _decoration(file: FileRef) -> bool:
    if file.content_type in _NEVER:
        return True
    image = file.content_type.startswith("image/")
    return file.inline and image and (bool(file.content_id) or file.size < _LOGO_BYTES)


def tick_off(documents: Sequence[Document], files: Sequence[FileRef]) -> tuple[tuple[Document, FileRef], ...]:
    """Pair missing documents with files: by the words of their names first, then in order."""
    open_items = list(missing(documents))
    left = list(handed_in(files))
    pairs: list[tuple[Document, FileRef]] = []
    scored = [(_likeness(d.name, f.filename), i, j) for i, d in enumerate(open_items) for j, f in enumerate(left)]
    used_items: set[int] = set()
    used_files: set[int] = set()
    for score, i, j in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
        if score > 0 and i not in used_items and j not in used_files:
            pairs.append((open_items[i], left[j]))
            used_items.add(i)
            used_files.add(j)
    rest_items = [d for i, d in enumerate(open_items) if i not in used_items]
    rest_files = [f for j, f in enumerate(left) if j not in used_files]
    return (*pairs, *zip(rest_items, rest_files, strict=False))


def _likeness(name: str, filename: str) -> float:
    """Share of the item's words that the file's name holds; "W-2" is also found in "w2_2025.pdf"."""
    wanted = _WORD.findall(name.casefold())
    stem = filename.rpartition(".")[0] or filename
    present = set(_WORD.findall(stem.casefold()))
    joined = "".join(_WORD.findall(stem.casefold()))
    if not wanted:
        return 0.0
    if "".join(wanted) in joined:
        return 1.0
    return sum(1 for w in wanted if w in present) / len(wanted)
