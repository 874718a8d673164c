"""Charset labels as their senders mean them (WHATWG Encoding, "Names and labels").

latin1 is windows-1252, gb2312 is GB 18030, shift_jis is CP932, ks_c_5601 is CP949.
"""

from __future__ import annotations

import codecs
import re

_ALIASES = {
    "ascii": "ascii",
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "646": "ascii",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "8859-1": "cp1252",
    "iso88591": "cp1252",
    "x-ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "tis620": "cp874",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "csgb2312": "gb18030",
    "gb2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "936": "gb18030",
    "windows-936": "gb18030",
    "euc-cn": "gb18030",
    "x-euc-cn": "gb18030",
    "chinesesimplified": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "csbig5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "big-5": "big5hkscs",
    "cp950": "cp950",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "csshiftjis": "cp932",
    "windows-31j": "cp932",
    "cp943": "cp932",
    "ibm-943": "cp932",
    "euc-jp": "euc-jp",
    "x-euc-jp": "euc-jp",
    "eucjp-ms": "euc-jp",
    "cp51932": "euc-jp",
    "euc-kr": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949",
    "csksc56011987": "cp949",
    "uhc": "cp949",
    "ms949": "cp949",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "iso-ir-149": "cp949",
    "hz-gb-2312": "hz",
    "koi8-ru": "koi8-u",
    "koi8": "koi8-r",
    "koi": "koi8-r",
    "koi-8": "koi8-r",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "win-1251": "cp1251",
    "cp-1251": "cp1251",
    "windows1251": "cp1251",
    "cp-850": "cp850",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ce": "mac-latin2",
    "x-mac-greek": "mac-greek",
    "x-mac-turkish": "mac-turkish",
    "x-mac-icelandic": "mac-iceland",
}
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|ms|code-?page|dos)?[-_]?(?:cp)?(\d{3,5})")
_CODE_PAGES = {
    "932": "cp932", "936": "gb18030", "949": "cp949", "950": "cp950", "1200": "utf-16", "20127": "ascii",
    "20866": "koi8-r", "21866": "koi8-u", "28591": "cp1252", "28592": "iso8859-2", "28595": "iso8859-5",
    "28605": "iso8859-15", "50220": "iso2022_jp", "50221": "iso2022_jp", "50222": "iso2022_jp", "51932": "euc-jp",
    "51949": "cp949", "52936": "hz", "54936": "gb18030", "65000": "utf-7", "65001": "utf-8",
}  # fmt: skip
"""Microsoft's numbers that are no codec of that name."""
_NO_LABEL = frozenset(
    {"", "unknown", "unknown-8bit", "x-unknown", "8bit", "7bit", "binary", "default", "x-user-defined", "none", "us"}
)
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "unicode-escape"}
)
_SINGLE_BYTE = re.compile(r"cp\d{3,4}|iso8859-\d+|koi8-.|mac-\w+|ascii|latin-?\d|tis-620|ptcp154|kz1048|hp-roman8")
_MULTI_BYTE_NUMBERS = frozenset({"cp932", "cp949", "cp950"})


def codec_name(label: str) -> str | None:
    """The Python codec that a charset label means, or None where it means nothing."""
    name = label.strip(" \t\r\n\"'<>;,=?").lower().partition("*")[0].replace(" ", "")
    name = name.removeprefix("charset=").removeprefix("3d").strip("\"'")
    if name in _NO_LABEL or len(name) > 60 or not name.isascii() or "\0" in name:
        return None
    if name in _ALIASES:
        return _ALIASES[name]
    if numbered := _CODE_PAGE.fullmatch(name):
        name = _CODE_PAGES.get(numbered[1], f"cp{numbered[1]}")
        return _ALIASES.get(name) or _lookup(name)
    for candidate in (name, name.removeprefix("x-"), name.removeprefix("cs")):
        found = _lookup(candidate)
        if found:
            return _ALIASES.get(found, found)
    return None


def _lookup(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not found._is_text_encoding or found.name in _NOT_CHARSETS:
        return None
    return found.name


def is_single_byte(codec: str) -> bool:
    return codec not in _MULTI_BYTE_NUMBERS and _SINGLE_BYTE.fullmatch(codec) is not None
