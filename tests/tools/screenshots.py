"""Sheets of every HTML notice in headless Chromium, wide and phone-narrow: for looking at, after a change.

python tests/tools/screenshots.py FOLDER [--dark] [--locale de] [--chromium PATH] [NOTICE...]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from gateway.config import Settings, parse
from gateway.desk.notices import KINDS
from gateway.outbound.render import Renderer

SETTINGS = {
    "desk": {"name": "Acme Support", "address": "support@desk.example", "timezone": "America/Chicago"},
    "outbound": {"maildir": {"path": "outgoing"}},
    "notices": {"footer": "Acme Ltd · 12 Long Street, Springfield"},
}
WIDTHS = {"wide": (800, 2), "narrow": (360, 4)}
PER_SHEET = 4
CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=3000"
).split(" ")
FIT = (
    "<script>addEventListener('load', () => { for (const f of document.querySelectorAll('iframe'))"
    " f.style.height = f.contentDocument.documentElement.scrollHeight + 'px' })</script>"
)


def main() -> int:
    arguments = _arguments()
    browser = arguments.chromium or shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        print("no chromium found; install it, or name it with --chromium", file=sys.stderr)
        return 1
    renderer = Renderer(_settings())
    names = arguments.notices or list(KINDS)
    pages = {name: renderer.preview(name, locale=arguments.locale).html for name in names}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for layout in WIDTHS:
        for start in range(0, len(names), PER_SHEET):
            some = {name: pages[name] for name in names[start : start + PER_SHEET]}
            target = arguments.folder / f"{layout}-{start // PER_SHEET + 1}.png"
            _shoot(browser, _sheet(some, layout), target, layout, dark=arguments.dark)
            print(target)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("notices", nargs="*", metavar="NOTICE")
    parser.add_argument("--dark", action="store_true", help="as a mail client in dark mode shows them")
    parser.add_argument("--locale", default="en")
    parser.add_argument("--chromium", default="")
    return parser.parse_args()


def _settings() -> Settings:
    return parse(dict(SETTINGS), Path())


def _sheet(pages: dict[str, str], layout: str) -> str:
    width, columns = WIDTHS[layout]
    cells = "".join(
        f'<div><p>{name}</p><iframe width="{width}" srcdoc="{escape(page)}"></iframe></div>'
        for name, page in pages.items()
    )
    style = (
        f"body{{display:grid;grid-template-columns:repeat({columns},{width}px);gap:12px;margin:8px;background:#999}}"
        "p{margin:0;font:bold 14px sans-serif}iframe{border:0;background:#fff}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{FIT}{cells}"


def _shoot(browser: str, page: str, target: Path, layout: str, *, dark: bool) -> None:
    width, columns = WIDTHS[layout]
    size = f"{columns * (width + 12) + 16},{2200 if layout == 'wide' else 1500}"
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "sheet.html"
        source.write_text(page, encoding="utf-8")
        command = [browser, *CHROMIUM, f"--user-data-dir={scratch}/profile", f"--window-size={size}"]
        if dark:
            command.append("--blink-settings=preferredColorScheme=0")
        subprocess.run(
            [*command, f"--screenshot={target.resolve()}", source.as_uri()], check=True, capture_output=True, timeout=60
        )


if __name__ == "__main__":
    raise SystemExit(main())
