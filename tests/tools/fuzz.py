"""Feeds damaged mail to the reader and stops at the first broken promise; the mail that broke it is kept.

    python tests/tools/fuzz.py [--seconds N] [--seeds FOLDER] [--out FOLDER]

Guided by coverage where the atheris package is installed, by chance elsewhere. A promise is broken by an
exception, by more than 5 s or 400 MB for one mail, or by an answer that is not clean (see
tests/unit/reading/test_properties.py).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

SECONDS_PER_MAIL = 5.0
BYTES = 400 * 1024 * 1024
_LARGEST_SEED = 200_000
_PIECES = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"\xff", b"=?utf-8?B?", b"?=", b"--", b"\x1b$B", b"<div>", b"</", b"> ",
    b"Content-Type: multipart/mixed; boundary=a\r\n", b"message/rfc822", b"charset=", b"base64", b"=\r\n",
    b"\xe2\x80\xae", b"From: ", b";" * 50,
)  # fmt: skip


def properties() -> ModuleType:
    """The invariants that the property tests hold too."""
    spec = importlib.util.spec_from_file_location("properties", ROOT / "tests/unit/reading/test_properties.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=Path, default=None, help="a folder of messages to begin with")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("atheris") is not None:
        return guided(arguments)
    return by_chance(examiner(arguments.out), arguments)


def examiner(out: Path) -> Callable[[bytes], None]:
    from gateway.inbound.reading import assemble, read

    assert assemble  # loaded here, where a fuzzer can watch it
    check = properties().check

    def examine(raw: bytes) -> None:
        began = time.process_time()
        try:
            check(raw, read(raw))
            spent = time.process_time() - began
            assert spent < SECONDS_PER_MAIL, f"{spent:.1f} s"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            assert peak < BYTES + _floor(), f"{peak >> 20} MB"
        except BaseException:
            kept = out / f"{hashlib.sha256(raw).hexdigest()[:16]}.eml"
            kept.write_bytes(raw)
            print(f"broken by {kept}", file=sys.stderr)
            raise

    return examine


def _floor() -> int:
    """What the interpreter and the libraries take before the first mail."""
    return 150 * 1024 * 1024


def seeds(folder: Path | None) -> list[bytes]:
    from harness.desk import letter

    ours = [letter("Casey <c@client.example>", "Hello", html="<p>Hello</p>", files={"a.pdf": b"x"}).as_bytes()]
    files = sorted(p for p in folder.rglob("*") if p.is_file()) if folder else []
    return ours + [p.read_bytes() for p in files if p.stat().st_size < _LARGEST_SEED]


def by_chance(examine: Callable[[bytes], None], arguments: argparse.Namespace) -> int:
    draw, stock, count = random.Random(), seeds(arguments.seeds), 0
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        examine(damaged(draw.choice(stock), draw))
        count += 1
    print(f"{count} mails in {arguments.seconds:.0f} s by chance: every promise held")
    return 0


def damaged(raw: bytes, draw: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(draw.randint(1, 8)):
        at, length = draw.randint(0, len(data)), draw.choice((0, 1, 1, 4, 40))
        piece = draw.choice(
            (draw.choice(_PIECES), draw.randbytes(draw.randint(1, 4)), bytes(data[at : at + length]) * 3)
        )
        data[at : at + length] = piece
    return bytes(data)


def guided(arguments: argparse.Namespace) -> int:
    import atheris

    with atheris.instrument_imports(include=["gateway"]):
        examine = examiner(arguments.out)
    corpus = arguments.out / "corpus"
    corpus.mkdir(exist_ok=True)
    for seed in seeds(arguments.seeds):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = [
        f"-max_total_time={int(arguments.seconds)}",
        "-timeout=10",
        "-rss_limit_mb=0",
        f"-max_len={_LARGEST_SEED}",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], examine)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
