"""What reading a mail costs, beside mail-parser alone on the same mail: compare the ratios of one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mailparser
import pytest
from harness.desk import letter

from gateway.inbound.reader import Reader
from gateway.inbound.reading import read

_QUOTE = "\n".join(f"> line {n} of an earlier mail, as long as such lines mostly are" for n in range(14))
_TEXT = (
    f"Hello,\n\ncan I deduct my home office? It has 12 m².\n\nBest,\nCasey\n\nOn 21 Nov 2026, Olivia wrote:\n{_QUOTE}\n"
)
_TRACE = "".join(
    f"Received: from mx{n}.client.example (mx{n}.client.example [192.0.2.{n}])\r\n\tby mx{n + 1}.client.example"
    f" (Postfix) with ESMTPS id 4X{n}\r\n\tfor <support@desk.example>; Sat, 21 Nov 2026 10:00:0{n} +0000 (UTC)\r\n"
    for n in range(4)
).encode()
SMALL = (
    _TRACE
    + b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=client.example; s=s1; h=from:to:subject;\r\n\tb="
    + b"abcd" * 80
    + b"\r\n"
    + letter("Casey Client <casey@client.example>", _TEXT, subject="Frage zu Büro").as_bytes()
)
HTML = letter(
    "Casey Client <casey@client.example>",
    _TEXT,
    html="<div>" + "<p>can I deduct <b>my</b> office?</p>" * 400 + "</div>",
).as_bytes()
BIG = letter("Casey Client <casey@client.example>", _TEXT, files={"scan.pdf": b"%PDF" + bytes(10_000_000)}).as_bytes()

Benchmark = Callable[..., Any]


def test_mail_parser_alone_on_a_3_kb_mail(benchmark: Benchmark) -> None:
    benchmark(lambda: mailparser.parse_from_bytes(SMALL).body)


def test_read_a_3_kb_mail(benchmark: Benchmark) -> None:
    assert benchmark(read, SMALL).reply.startswith("Hello")


def test_read_a_3_kb_mail_in_the_child(benchmark: Benchmark) -> None:
    with Reader() as reader:
        reader.read(SMALL)
        assert benchmark(reader.read, SMALL).reply.startswith("Hello")


def test_mail_parser_alone_on_a_20_kb_html_mail(benchmark: Benchmark) -> None:
    benchmark(lambda: mailparser.parse_from_bytes(HTML).body)


def test_read_a_20_kb_html_mail(benchmark: Benchmark) -> None:
    benchmark(read, HTML)


@pytest.mark.parametrize("way", ["mail-parser", "read"])
def test_a_13_mb_mail(benchmark: Benchmark, way: str) -> None:
    work = (lambda: mailparser.parse_from_bytes(BIG).attachments) if way == "mail-parser" else (lambda: read(BIG))
    benchmark.pedantic(work, rounds=5, warmup_rounds=1)  # type: ignore[attr-defined]
