"""RTF to text, and the HTML that Outlook wraps into RTF (MS-OXRTFEX), without layout. Linear."""

from __future__ import annotations

import re

from gateway.inbound.reading import charset, charset_names

_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr themedata"
    b" colorschememapping datastore xmlnstbl listtable listoverridetable rsidtbl generator latentstyles".split()
)
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": "\t", b"row": "\n", b"page": "\n", b"sect": "\n"}
_SIGNS = {
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d",
    b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014",
}  # fmt: skip
_MAX_DEPTH = 500


def bodies(data: bytes) -> tuple[str, str]:
    """(text, html): ``html`` where the RTF says that it was made from HTML, else ``text``."""
    reader = _Reader(html=b"\\fromhtml" in data[:2000])
    for match in _TOKEN.finditer(data):
        reader.take(match)
    found = charset.clean_text(reader.text()).strip()
    return ("", found) if reader.html else (found, "")


class _Reader:
    def __init__(self, *, html: bool) -> None:
        self.html = html
        self.out: list[str] = []
        self.high = bytearray()
        self.codec = "cp1252"
        self.stack: list[tuple[bool, bool]] = []
        self.skipping = False
        self.hidden = False
        self.tag = False
        self.star = False
        self.unicode_skip = 0

    def text(self) -> str:
        self._flush()
        return "".join(self.out)

    def take(self, match: re.Match[bytes]) -> None:
        word, number, escaped, sign, brace, plain = match.groups()
        if brace:
            self._brace(brace)
        elif word is not None:
            self._word(word, int(number) if number else None)
        elif escaped is not None:
            self._bytes(bytes((int(escaped, 16),)))
        elif sign is not None:
            self._sign(sign)
        elif plain is not None:
            self._bytes(plain)

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self.unicode_skip = 0
        if brace == b"{":
            if len(self.stack) < _MAX_DEPTH:
                self.stack.append((self.skipping, self.tag))
        elif self.stack:
            self.skipping, self.tag = self.stack.pop()
        self.star = False

    def _word(self, word: bytes, number: int | None) -> None:
        self._flush()
        if word in _SKIPPED or word == b"mhtmltag" or (self.star and word != b"htmltag"):
            self.skipping = True
        elif word == b"htmltag":
            self.tag = True
        elif word == b"htmlrtf":
            self.hidden = number != 0
        elif word == b"ansicpg" and number:
            self.codec = charset_names.codec_name(f"cp{number}") or "cp1252"
        elif word == b"u" and number is not None:
            self._write(chr(number % 65536))
            self.unicode_skip = 1
        elif word in _BREAKS or word in _SIGNS:
            self._write(_BREAKS.get(word) or _SIGNS.get(word, ""))
        self.star = False

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self.star = True
        elif sign == b"~":
            self._write("\u00a0")
        elif sign in b"\\{}":
            self._bytes(sign)
        elif sign in b"\r\n":
            self._write("\n")

    def _bytes(self, data: bytes) -> None:
        if self.unicode_skip:
            data, self.unicode_skip = data[1:], 0
        if not self._is_silent():
            self.high += data

    def _write(self, text: str) -> None:
        self._flush()
        if not self._is_silent():
            self.out.append(text)

    def _is_silent(self) -> bool:
        return self.skipping or (self.hidden and not self.tag)

    def _flush(self) -> None:
        """Bytes are decoded together, because a double-byte character is two escapes."""
        if self.high:
            self.out.append(bytes(self.high).decode(self.codec, "replace"))
            self.high.clear()
