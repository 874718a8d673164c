"""Mail made to cost its reader far more than its bytes: one maker for each named trick, ``size`` bytes or so."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

HEAD = b"From: Mallory <mallory@client.example>\r\nTo: support@desk.example\r\nSubject: Boom\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
MEGA = 1 << 20


def _times(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit) + 1)


def _page(html: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + _wrapped(html)


def _wrapped(data: bytes, width: int = 900) -> bytes:
    return b"\r\n".join(data[at : at + width] for at in range(0, len(data), width)) + b"\r\n"


def _encoded(kind: bytes, content: bytes) -> bytes:
    """One file as the whole mail, in base64."""
    lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines


# --- structure --------------------------------------------------------------------------------------


def empty_parts(size: int) -> bytes:
    return MIXED + _times(b"--b\r\n\r\n", size)


def small_files(size: int) -> bytes:
    """As many attachments as fit, each with a name."""
    unit = b"--b\r\nContent-Disposition: attachment; filename=%d.txt\r\nContent-Type: text/plain\r\n\r\n%d\r\n"
    return MIXED + b"".join(unit % (n, n) for n in range(size // 90)) + b"--b--\r\n"


def nested_multiparts(size: int) -> bytes:
    unit = b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n'
    levels = b"".join(unit % (n, n + 1) for n in range(size // 56))
    return HEAD + b'Content-Type: multipart/mixed; boundary="b0"\r\n\r\n' + levels + b"hello\r\n"


def nested_messages(size: int) -> bytes:
    return HEAD + _times(b"Content-Type: message/rfc822\r\n\r\n", size)


def encoded_messages(size: int) -> bytes:
    """Twenty messages, one in the other, each in base64: a third more at each level."""
    inner = HEAD + b"\r\n" + bytes(size // 550)
    for _ in range(20):
        inner = _encoded(b"message/rfc822", inner)
    return inner


def lines_at_depth(size: int) -> bytes:
    """Lines of one character, below twenty levels whose boundaries each may be."""
    levels = b"".join(b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (n, n + 1) for n in range(20))
    return HEAD + b'Content-Type: multipart/mixed; boundary="b0"\r\n\r\n' + levels + _times(b"-\r\n", size)


def near_boundaries(size: int) -> bytes:
    """Every line begins like a delimiter, and is none."""
    name = b"b" * 60
    unit = b"--" + name + b"x\r\n"
    return HEAD + b'Content-Type: multipart/mixed; boundary="' + name + b'"\r\n\r\n' + _times(unit, size)


# --- header fields ----------------------------------------------------------------------------------


def many_fields(size: int) -> bytes:
    return HEAD + _times(b"X-A: b\r\n", size) + b"\r\nhello\r\n"


def parameters(size: int) -> bytes:
    return HEAD + b"Content-Type: text/plain" + _times(b"; a=b", size) + b"\r\n\r\nhello\r\n"


def semicolons(size: int) -> bytes:
    return HEAD + b"Content-Type: text/plain" + _times(b";", size) + b"\r\n\r\nhello\r\n"


def continuations(size: int) -> bytes:
    """RFC 2231: a file name in thousands of numbered pieces, the last one first."""
    pieces = b"".join(b";\r\n name*%d*=%%41%%42" % n for n in range(size // 20, -1, -1))
    return HEAD + b"Content-Type: application/pdf" + pieces + b"\r\n\r\nhello\r\n"


def encoded_words(size: int) -> bytes:
    return HEAD + b"X-S: 1\r\nComments: a\r\nSubject: " + _times(b"=?utf-8?Q?a?= ", size) + b"\r\n\r\nhello\r\n"


def commas(size: int) -> bytes:
    return HEAD + b"Cc: " + _times(b",", size) + b"\r\n\r\nhello\r\n"


def angles(size: int) -> bytes:
    return HEAD + b"Cc: " + _times(b"<", size) + b"\r\n\r\nhello\r\n"


def comments(size: int) -> bytes:
    return HEAD + b"Cc: " + _times(b"(", size) + b"\r\n\r\nhello\r\n"


def references(size: int) -> bytes:
    found = b"".join(b" <%d@client.example>\r\n" % n for n in range(size // 26))
    return HEAD + b"References:" + found + b"\r\nhello\r\n"


def received(size: int) -> bytes:
    unit = b"Received: from a.example (a.example [192.0.2.1]) by b.example; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    return HEAD + _times(unit, size) + b"\r\nhello\r\n"


def folded(size: int) -> bytes:
    return HEAD + b"X-A: b" + _times(b"\r\n c", size) + b"\r\n\r\nhello\r\n"


# --- text -------------------------------------------------------------------------------------------


def quote_depths(size: int) -> bytes:
    return HEAD + b"\r\n" + _times(b">" * 900 + b" deep\r\n", size)


def attributions(size: int) -> bytes:
    return HEAD + b"\r\n" + _times(b"On Monday, Casey wrote:\r\n> yes\r\nnew words\r\n", size)


def one_line(size: int) -> bytes:
    """No line end at all, as an MTA without limits may pass it on."""
    return HEAD + b"\r\n" + _times(b"word ", size) + b"\r\n"


def quoted_printable(size: int) -> bytes:
    return HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _times(b"=\r\n=3D=\r\n", size)


def trailing_blanks(size: int) -> bytes:
    return HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _times(b"  \r\n", size)


def uuencode(size: int) -> bytes:
    return HEAD + b"\r\n" + _times(b"begin 644 a\r\n`\r\nend\r\n", size)


def unended_uuencode(size: int) -> bytes:
    return HEAD + b"\r\n" + _times(b"begin 644 a\r\n", size)


def broken_base64(size: int) -> bytes:
    return HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + _times(b"=A=\r\n!\r\n", size)


def escapes(size: int) -> bytes:
    """ISO-2022-JP that changes its character set at each letter."""
    return HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + _times(b'\x1b$B$"\x1b(Ba', size) + b"\r\n"


def utf7(size: int) -> bytes:
    return HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + _times(b"+AOQ-+2D3cp-", size) + b"\r\n"


# --- HTML -------------------------------------------------------------------------------------------


def nested_html(size: int) -> bytes:
    return _page(_times(b"<div><table><tr><td>", size) + b"deep")


def nested_quotes(size: int) -> bytes:
    return _page(_times(b"<blockquote>a", size))


def misnested_html(size: int) -> bytes:
    """Formatting elements that a parser of HTML5 opens again in each paragraph."""
    return _page(_times(b"<b><i><u><a href=x><p>a", size))


def attributes(size: int) -> bytes:
    names = b" ".join(b"a%d=b" % n for n in range(size // 10))
    return _page(b"<p " + names + b">x</p>")


def styles(size: int) -> bytes:
    rules = b"".join(b".c%d p,.c%d>a{color:red;margin:0} " % (n, n) for n in range(size // 45))
    return _page(b"<style>" + rules + b"</style>" + b"<p class=c1><a>x</a></p>" * 1000)


def entities(size: int) -> bytes:
    return _page(_times(b"&amp;&#x41;&notanentity;", size))


def open_tags(size: int) -> bytes:
    return _page(_times(b"<", size))


def open_comments(size: int) -> bytes:
    return _page(_times(b"<!--", size))


# --- files ------------------------------------------------------------------------------------------


def _tnef_item(level: int, name: int, kind: int, data: bytes, says: int | None = None) -> bytes:
    length = len(data) if says is None else says
    return struct.pack("<BHHI", level, name, kind, length) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef_files(size: int) -> bytes:
    """Tens of thousands of files in one winmail.dat."""
    one = _tnef_item(2, 0x9002, 6, bytes(14)) + _tnef_item(2, 0x800F, 6, b"x") + _tnef_item(2, 0x8010, 1, b"a.txt\0")
    return _encoded(b"application/ms-tnef; name=winmail.dat", _TNEF + _times(one, size * 3 // 4))


def tnef_lies(size: int) -> bytes:
    """MAPI properties that announce four thousand million values, thousands of times."""
    lie = struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x101F, 0x3001, 0xFFFFFFFF) + bytes(16)
    item = _tnef_item(1, 0x9003, 6, lie)
    return _encoded(b"application/ms-tnef; name=winmail.dat", _TNEF + _times(item, size * 3 // 4))


_TNEF = struct.pack("<IH", 0x223E9F78, 1)


def rtf(size: int) -> bytes:
    """Compressed RTF that grows a thousandfold by what its head says, and eightfold in truth."""
    packed = b"\xff" + bytes([0x00, 0x0F]) * 8
    body = _times(packed, size * 3 // 4)
    head = struct.pack("<IIII", len(body) + 12, 0x7FFFFFFF, 0x75465A4C, 0)
    prop = struct.pack("<I", 1) + struct.pack("<HHI", 0x0102, 0x1009, 1) + struct.pack("<I", len(head + body))
    padded = head + body + bytes(-len(head + body) % 4)
    return _encoded(b"application/ms-tnef; name=winmail.dat", _TNEF + _tnef_item(1, 0x9003, 6, prop + padded))


def zip_of_zeros(size: int) -> bytes:
    """A ZIP file that would unfold a thousandfold, in itself ten times."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.bin", bytes(size))
    return _encoded(b'application/zip; name="42.zip"', made.getvalue())


def gzip_of_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return _encoded(b"application/gzip; name=a.gz", packer.compress(bytes(30 * size)) + packer.flush())


def events(size: int) -> bytes:
    """Invitations, one in the other."""
    return HEAD + b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + _times(b"BEGIN:VEVENT\r\n", size)


def signatures(size: int) -> bytes:
    """DER that nests as deep as it is long."""
    return _encoded(b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", _times(b"\x30\x80", size // 2))


def reports(size: int) -> bytes:
    """A bounce about more recipients than anybody has."""
    head = HEAD + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nno\r\n'
    unit = b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    return head + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + _times(unit, size) + b"--b--\r\n"


BOMBS: dict[str, Callable[[int], bytes]] = {
    maker.__name__.replace("_", " "): maker
    for maker in (
        empty_parts, small_files, nested_multiparts, nested_messages, encoded_messages, lines_at_depth, near_boundaries,
        many_fields, parameters, semicolons, continuations, encoded_words, commas, angles, comments, references,
        received, folded, quote_depths, attributions, one_line, quoted_printable, trailing_blanks, uuencode,
        unended_uuencode, broken_base64, escapes, utf7, nested_html, nested_quotes, misnested_html, attributes, styles,
        entities, open_tags, open_comments, tnef_files, tnef_lies, rtf, zip_of_zeros, gzip_of_zeros, events,
        signatures, reports,
    )
}  # fmt: skip
