"""Address fields (RFC 5322 section 3.4), read by structure first and decoded afterwards. Linear.

A display name is never searched for the address of its mailbox: what stands in angle brackets counts,
and everything odd about it is a defect that the caller can see. Decoding comes last, because an
encoded-word may hold brackets and commas that mean nothing (RFC 2047 section 5).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from gateway.inbound.reading import addrspec, charset, encodedwords
from gateway.mail import Address

MAX_ADDRESSES = 2000
_BARE = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>(),;:\"@]{1,253}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of a field and whether it can be taken at its word."""

    address: Address
    sound: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a mailbox: ``kind`` is text, quoted, comment or angle."""

    kind: str
    text: str


@lru_cache(maxsize=32)
def parse(raw: str) -> tuple[Mailbox, ...]:
    """Mailboxes of an unfolded, undecoded address field; what holds no address is left out."""
    found: list[Mailbox] = []
    for pieces, clean in _split(raw):
        several = _parted(pieces)
        mailboxes = (_mailbox(each, clean and len(several) == 1) for each in several)
        found.extend(mailbox for mailbox in mailboxes if mailbox is not None)
        if len(found) >= MAX_ADDRESSES:
            break
    if not found and "=?" in raw:
        return tuple(Mailbox(m.address, False) for m in parse(encodedwords.decode(raw).replace("=?", "")))
    return tuple(found)


def addresses(raw: str) -> tuple[Address, ...]:
    return tuple(mailbox.address for mailbox in parse(raw))


def _split(raw: str) -> list[tuple[list[_Piece], bool]]:
    """The mailboxes of a field as pieces, and whether the text around them was well-formed."""
    scanner = _Scanner(raw)
    scanner.run()
    return scanner.found


class _Scanner:
    """Cuts at commas and semicolons outside of quotes, comments and angle brackets; drops group names."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.at = 0
        self.found: list[tuple[list[_Piece], bool]] = []
        self.pieces: list[_Piece] = []
        self.clean = True
        self.in_group = False

    def run(self) -> None:
        while self.at < len(self.raw) and len(self.found) < 2 * MAX_ADDRESSES:
            char = self.raw[self.at]
            if char == '"':
                self._quoted()
            elif char == "(":
                self._comment()
            elif char == "<":
                self._angle()
            elif char in ",;":
                self.in_group = self.in_group and char == ","
                self._finish()
                self.at += 1
            elif char == ":" and self._is_group():
                self.pieces, self.in_group, self.clean = [], True, False
                self.at += 1
            else:
                self._text()
        self._finish()

    def _finish(self) -> None:
        if any(p.text.strip() for p in self.pieces):
            self.found.append((self.pieces, self.clean))
        self.pieces = []
        self.clean = not self.in_group

    def _is_group(self) -> bool:
        """A colon behind a phrase opens a group (RFC 5322 section 3.4); one behind an address is a mistake."""
        return not any(p.kind == "angle" or "@" in p.text for p in self.pieces)

    def _text(self) -> None:
        end = self.at + 1
        while end < len(self.raw) and self.raw[end] not in '"(<,;:':
            end += 1
        self.pieces.append(_Piece("text", self.raw[self.at : end]))
        self.at = end

    def _literal_char(self) -> None:
        """An opening sign that nothing closes is text, and a defect."""
        self.clean = False
        self.pieces.append(_Piece("text", " "))
        self.at += 1

    def _quoted(self) -> None:
        out: list[str] = []
        at = self.at + 1
        while at < len(self.raw):
            char = self.raw[at]
            if char == '"':
                self.pieces.append(_Piece("quoted", "".join(out)))
                self.at = at + 1
                return
            if char == "\\" and at + 1 < len(self.raw):
                at += 1
                char = self.raw[at]
            out.append(char)
            at += 1
        self._give_up('"')

    def _comment(self) -> None:
        depth, at = 0, self.at
        while at < len(self.raw):
            char = self.raw[at]
            if char == "\\":
                at += 1
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if not depth:
                    self.pieces.append(_Piece("comment", self.raw[self.at + 1 : at]))
                    self.at = at + 1
                    return
            at += 1
        self._give_up("(")

    def _give_up(self, sign: str) -> None:
        """Nothing closes ``sign``: the rest has none that counts, so that one look at it is enough."""
        rest = self.raw[self.at :].replace(sign, " ")
        self.raw = self.raw[: self.at] + rest
        self.clean = False

    def _angle(self) -> None:
        close = self.raw.find(">", self.at)
        nested = self.raw.find("<", self.at + 1)
        if close < 0 or 0 <= nested < close:
            if close < 0 and nested < 0:
                self._unclosed_angle()
            else:
                self._literal_char()
            return
        self.pieces.append(_Piece("angle", self.raw[self.at + 1 : close]))
        self.at = close + 1

    def _unclosed_angle(self) -> None:
        end = min((i for c in ",;" if (i := self.raw.find(c, self.at)) >= 0), default=len(self.raw))
        self.pieces.append(_Piece("angle", self.raw[self.at + 1 : end]))
        self.clean = False
        self.at = end


def _parted(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Mailboxes between which the comma was forgotten: ``A <a@x.example> B <b@x.example>``."""
    ends = [i for i, p in enumerate(pieces) if p.kind == "angle" and "@" in p.text]
    if len(ends) < 2:
        return [pieces]
    starts = [0, *(i + 1 for i in ends[:-1])]
    return [pieces[one : two + 1] for one, two in zip(starts, ends, strict=True)]


def _mailbox(pieces: list[_Piece], clean: bool) -> Mailbox | None:
    angles = [p for p in pieces if p.kind == "angle"]
    if angles:
        return _with_angle(pieces, angles, clean)
    return _bare(pieces, clean)


def _with_angle(pieces: list[_Piece], angles: list[_Piece], clean: bool) -> Mailbox | None:
    """``phrase <addr>``; more than one bracket is not sound."""
    chosen = next((a for a in angles if "@" in a.text), angles[-1])
    address, sound = addrspec.parse(chosen.text)
    if address is None:
        return _bare([p for p in pieces if p is not chosen] + [_Piece("text", chosen.text)], False)
    before = pieces[: pieces.index(chosen)]
    after = pieces[pieces.index(chosen) + 1 :]
    trailing = any(p.kind != "comment" and p.text.strip() for p in after)
    name = _display(before) or _display(after)
    sound = sound and clean and len(angles) == 1 and not trailing and not _names_other(name, address)
    return Mailbox(Address(name, address), sound)


def _bare(pieces: list[_Piece], clean: bool) -> Mailbox | None:
    """``addr`` or ``addr (name)``, and an address among words, which is not sound."""
    spec = "".join(_requoted(p) for p in pieces if p.kind in ("text", "quoted")).strip()
    clean = clean and not _is_commented(pieces)
    address, sound = addrspec.parse(spec)
    if address is not None:
        name = " ".join(_decoded(p.text) for p in pieces if p.kind == "comment").strip()
        return Mailbox(Address(name, address), sound and clean and not _names_other(name, address))
    found = _BARE.search("".join(p.text for p in pieces if p.kind in ("text", "quoted", "angle")))
    if not found:
        return None
    address, _ = addrspec.parse(found[0].strip("'"))
    if address is None:
        return None
    words = _display([_Piece(p.kind, p.text.replace(found[0], " ")) for p in pieces])
    return Mailbox(Address(words, address), False)


def _is_commented(pieces: list[_Piece]) -> bool:
    """A comment in the middle of an address is legal, obsolete and nothing that a client writes."""
    kinds = [p.kind for p in pieces if p.text.strip()]
    return "comment" in kinds[: len(kinds) - kinds[::-1].index("text")] if "text" in kinds else False


def _requoted(piece: _Piece) -> str:
    return f'"{piece.text}"' if piece.kind == "quoted" else piece.text


def _display(pieces: list[_Piece]) -> str:
    words = " ".join(_decoded(p.text) for p in pieces if p.kind in ("text", "quoted") and p.text.strip())
    if not words.strip():
        words = " ".join(_decoded(p.text) for p in pieces if p.kind == "comment")
    words = " ".join(words.split())
    if len(words) > 1 and words[0] == words[-1] and words[0] in "'\"":
        words = words[1:-1].strip()
    return words


def _decoded(text: str) -> str:
    return charset.clean_line(encodedwords.decode(text.strip()))


def _names_other(name: str, address: str) -> bool:
    """A display name that shows another address than the real one is a lie until proven otherwise."""
    if "@" not in name and "\uff20" not in name:
        return False
    shown = [found.casefold().strip("'.") for found in _BARE.findall(unicodedata.normalize("NFKC", name))]
    return any(found != address.casefold() for found in shown)
