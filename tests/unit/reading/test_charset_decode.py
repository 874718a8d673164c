"""Bytes become the text that their sender meant, whatever the label says."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import charset, charset_names, iso2022

RUSSIAN = "Здравствуйте, после обновления почта не работает. Помогите, пожалуйста."
GERMAN = "Schöne Grüße aus München, der Drucker brennt für 5 € – ‚schon wieder‘."
JAPANESE = "お世話になっております。ログインできません。"
CHINESE = "您好，我无法登录我的账户，请帮忙。"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "cp1252", "windows-1252"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN, "iso8859-5", "ISO-8859-5"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc-jp", "EUC-JP"),
        (CHINESE, "gb18030", "gb18030"),
        ("您好，我無法登入", "big5", "big5"),
        ("로그인이 되지 않습니다", "cp949", "euc-kr"),
        ("Здравствуйте", "cp949", "ks_c_5601-1987"),
        ("שלום", "cp1255", "windows-1255"),
        ("สวัสดีครับ", "cp874", "TIS-620"),
        ("Grüße", "utf-7", "utf-7"),
        ("Grüße", "utf-16", "utf-16"),
    ],
)
def test_a_declared_charset_is_believed(text: str, codec: str, label: str) -> None:
    assert charset.decode(text.encode(codec), label) == text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "cp1252", "iso-8859-1"),
        (GERMAN, "utf-8", "iso-8859-1"),
        (GERMAN, "utf-8", "us-ascii"),
        (GERMAN, "cp1252", "utf-8"),
        (RUSSIAN, "utf-8", "koi8-r"),
        (RUSSIAN, "cp1251", "iso-8859-1"),
        (RUSSIAN, "koi8-r", "us-ascii"),
        (RUSSIAN, "cp1251", "utf-8"),
        (RUSSIAN, "cp1251", "ks_c_5601-1987"),
        (CHINESE + "镕", "gb18030", "gb2312"),
        ("①㈱髙島屋", "cp932", "shift_jis"),
        (JAPANESE, "iso2022_jp", "us-ascii"),
        (JAPANESE, "iso2022_jp", "utf-8"),
    ],
)
def test_a_wrong_label_is_seen_through(text: str, codec: str, label: str) -> None:
    assert charset.decode(text.encode(codec), label) == text


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8-r", "iso8859-5", "mac-cyrillic"])
def test_russian_without_a_label_is_recognised(codec: str) -> None:
    assert charset.decode(RUSSIAN.encode(codec)) == RUSSIAN


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (GERMAN, "cp1252"),
        ("Déjà reçu, merci à vous", "cp1252"),
        ("Zażółć gęślą jaźń, dziękuję", "iso8859-2"),
        ("Καλημέρα, δεν μπορώ να συνδεθώ", "iso8859-7"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
        (CHINESE, "gb18030"),
        ("안녕하세요, 로그인이 되지 않습니다.", "cp949"),
    ],
)
def test_other_languages_without_a_label_are_recognised(text: str, codec: str) -> None:
    assert charset.decode(text.encode(codec)) == text


def test_windows_1252_that_went_through_latin1_is_repaired() -> None:
    assert charset.decode("5 \x80 \x93quoted\x94".encode(), "utf-8") == "5 € “quoted”"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Müller", "cp1252"),
        ("naïve café", "cp1252"),
        ("ÜBERGRÖSSE", "cp1252"),
        ("5 €", "cp1252"),
        ("½ price – today", "cp1252"),
        ("Björk Guðmundsdóttir", "cp1252"),
        ("Şifre değişikliği", "cp1254"),
        ("Dvořák", "cp1250"),
        ("Proszę o pomoc, mam kłopot", "cp1250"),
        ("Нет", "cp1251"),
        ("Заказ", "koi8-r"),
        ("测试", "gb18030"),
        ("件名", "cp932"),
        ("שלום", "cp1255"),
    ],
)
def test_a_word_or_two_without_a_label(text: str, codec: str) -> None:
    assert charset.decode(text.encode(codec)) == text


def test_a_few_capital_umlauts_are_not_taken_for_cyrillic() -> None:
    name = "ÄäÖöÜüÄäÖöÜüÄäÖöÜü.png"
    assert charset.decode(name.encode("latin-1"), "iso-8859-1") == name


def test_lines_of_two_charsets_are_both_read() -> None:
    data = "Grüße aus Köln\n".encode() + "Größe: 5 €\n".encode("cp1252")
    assert charset.decode(data, "utf-8") == "Grüße aus Köln\nGröße: 5 €\n"


def test_a_stray_byte_in_cyrillic_does_not_become_a_latin_letter() -> None:
    data = RUSSIAN.encode() + b"\xd1 " + RUSSIAN.encode()
    assert charset.decode(data, "utf-8") == RUSSIAN + "\ufffd " + RUSSIAN


def test_a_character_that_the_end_cuts_off_is_marked() -> None:
    assert charset.decode("Grüße aus Köln, ü".encode()[:-1], "utf-8") == "Grüße aus Köln, \ufffd"


def test_bytes_that_windows_1252_does_not_define_do_not_fail() -> None:
    assert charset.decode(b"caf\xe9 \x81\x8d", "iso-8859-1") == "café \x81\x8d"


@pytest.mark.parametrize(
    "label", ["", "unknown-8bit", "x-unknown", "nonsense-42", "idna", "rot13", "undefined", "\0", "é"]
)
def test_a_label_that_means_nothing_is_no_error(label: str) -> None:
    assert charset_names.codec_name(label) is None
    assert charset.decode("Grüße".encode(), label) == "Grüße"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin1", "cp1252"),
        ('"ISO-8859-1"', "cp1252"),
        ("GB2312", "gb18030"),
        ("Shift_JIS", "cp932"),
        ("ks_c_5601-1987", "cp949"),
        ("windows-1251", "cp1251"),
        ("utf8", "utf-8"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("utf-8*en", "utf-8"),
        ("cp-1251", "cp1251"),
        ("Windows-65001", "utf-8"),
        ("windows-cp1252", "cp1252"),
        ('3D"utf-8"', "utf-8"),
        ("iso-8859-1?", "cp1252"),
        ("ibm850", "cp850"),
        ("x-windows-950", "cp950"),
        ("ISO_8859-2:1987", "iso8859-2"),
        ("latin9", "iso8859-15"),
        ("850", "cp850"),
    ],
)
def test_labels_mean_what_senders_mean(label: str, codec: str) -> None:
    assert charset_names.codec_name(label) == codec


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b$B-!-j\x1b(B", "①㈱"),  # NEC row 13
        (b"\x1b$B|b\x1b(B", "髙"),  # IBM extension under NEC selection
        (b"\x1b(I6@6E\x1b(B", "ｶﾀｶﾅ"),
        (b"\x1b$@F|K\\\x1b(J", "日本"),
        (b'\x1b$B$"\x1b(B a \x1b$B$$\x1b(B', "あ a い"),
    ],
)
def test_vendor_dialects_of_iso_2022_jp(data: bytes, text: str) -> None:
    assert iso2022.decode(data) == text


def test_iso_2022_kr_shifts() -> None:
    korean = "안녕".encode("euc-kr")
    data = b"\x1b$)C\x0e" + bytes(b & 0x7F for b in korean) + b"\x0f ok"
    assert charset.decode(data, "iso-2022-kr") == "안녕 ok"


@pytest.mark.parametrize(
    ("text", "clean"),
    [("a\r\nb\rc\0d", "a\nb\ncd"), ("x\ud800y", "x\ufffdy"), ("ü", "ü"), ("", "")],
)
def test_clean_text(text: str, clean: str) -> None:
    assert charset.clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [("a\r\n b\x00c", "a  b c"), ("x\u2028y\x85z", "x y z"), ("evil\u202etxt.exe", "eviltxt.exe"), (" a ", "a")],
)
def test_clean_line_has_no_control_characters(text: str, clean: str) -> None:
    assert charset.clean_line(text) == clean
