"""What is printed for people and programs: mail is written by strangers, and a terminal obeys control characters."""

from __future__ import annotations

import json
import sys
from typing import Any

import click


def visible(text: str) -> str:
    """Without characters that move, colour or hide others; line ends and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text.replace("\r\n", "\n"))


def show(text: str) -> None:
    """Print for people."""
    click.echo(visible(text))


def show_json(value: Any) -> None:
    """Print JSON, as readable as the terminal's encoding allows."""
    unicode = (sys.stdout.encoding or "").casefold().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not unicode, indent=1))
