"""``gateway explain``: what the gateway reads in a message, with the evidence. Changes nothing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gateway.inbound.reader import Reader
    from gateway.mail import InboundMail

_EXCERPT_LINES = 18


@click.command("explain")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def explain(as_json: bool, files: tuple[str, ...]) -> None:
    """Show what the gateway reads in a message: sender, kind and why, new text, attachments.

    FILE is a raw message, or - for standard input. Nothing is changed, and no configuration is needed.
    """
    from gateway.inbound.reader import Reader

    failed = False
    with Reader() as reader:
        for position, name in enumerate(files):
            try:
                mail = _read(reader, _content(name))
            except OSError as error:
                failed = True
                _complain(name, error, as_json=as_json)
                continue
            if as_json:
                _print_json(name, mail)
            else:
                click.echo(("\n" if position else "") + _screen(name, mail))
    sys.exit(1 if failed else 0)


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def _read(reader: Reader, raw: bytes) -> InboundMail:
    """The mail as read; a mail that kills its reader is shown as one in quarantine."""
    from gateway.errors import Poison
    from gateway.mail import InboundMail, Kind

    try:
        return reader.read(raw)
    except Poison as poison:
        return InboundMail(None, None, False, (), (), (), "", None, Kind.PERSON, (), "", "", quarantine=poison.cause)


def _complain(name: str, error: OSError, *, as_json: bool) -> None:
    reason = error.strerror or type(error).__name__
    if as_json:
        click.echo(json.dumps({"file": name, "error": reason}))
    else:
        click.echo(f"{name}: {reason}", err=True)


def _print_json(name: str, mail: InboundMail) -> None:
    from gateway.inbound.reading import codec

    sys.stdout.write(json.dumps({"file": name, **codec.to_json(mail)}) + "\n")
    sys.stdout.flush()


def _screen(name: str, mail: InboundMail) -> str:
    """The mail on one screen, evidence first."""
    rows = [("file", name), *_head_rows(mail), *_judgement_rows(mail)]
    lines = [f"{label:>12}  {_visible(value)}" for label, value in rows if value]
    return "\n".join([*lines, "", *_excerpt("new text", mail.reply), *_excerpt("signature", mail.signature, 4)])


def _head_rows(mail: InboundMail) -> list[tuple[str, str]]:
    trust = "" if mail.sender_sound else "  (not sound: identifies nobody)"
    return [
        ("quarantine", mail.quarantine or ""),
        ("from", _who(mail.sender) + trust),
        ("reply-to", ", ".join(_who(a) for a in mail.reply_to[:5])),
        ("to", ", ".join(_who(a) for a in mail.to[:5]) + _more(len(mail.to), 5)),
        ("cc", ", ".join(_who(a) for a in mail.cc[:5]) + _more(len(mail.cc), 5)),
        ("subject", mail.subject),
        ("date", mail.date.isoformat() if mail.date else "none that can be read"),
        ("message-id", mail.message_id or "none"),
        ("in reply to", " ".join(mail.in_reply_to[:3])),
        ("references", f"{len(mail.references)}" if mail.references else ""),
        ("list", mail.list_id),
    ]


def _judgement_rows(mail: InboundMail) -> list[tuple[str, str]]:
    rows = [("kind", mail.kind.value), ("why", mail.why[0] if mail.why else "nothing speaks against a person")]
    rows += [("", reason) for reason in mail.why[1:8]]
    rows += [("report", f"{r.recipient} {r.action} {r.status}{' for good' if r.permanent else ''}")
             for r in mail.delivery_reports[:8]]  # fmt: skip
    if mail.forwarded:
        rows.append(("forwards", f"{_who(mail.forwarded.sender)}: {mail.forwarded.subject}"))
    rows += [("checked by", f"{a.authserv_id}: " + ", ".join(f"{m}={r}" for m, r, _ in a.methods[:6]))
             for a in mail.auth_results[:2]]  # fmt: skip
    rows += [("attachment", f"{a.filename}  {a.content_type}, {_size(a.size)}{', inline' if a.inline else ''}")
             for a in mail.attachments[:8]]  # fmt: skip
    rows.append(("", _more(len(mail.attachments), 8).strip(" ,")))
    rows += [("defect", text) for text in mail.defects[:6]]
    return rows


def _who(address: object) -> str:
    from gateway.mail import Address

    if not isinstance(address, Address):
        return "nobody that can be read"
    return f"{address.name} <{address.address}>" if address.name else address.address


def _more(count: int, shown: int) -> str:
    return f", and {count - shown} more" if count > shown else ""


def _size(size: int) -> str:
    return f"{size} bytes" if size < 10_000 else f"{size / 1000:.0f} kB"


def _visible(text: str) -> str:
    """No control character of a mail may reach the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _excerpt(title: str, text: str, most: int = _EXCERPT_LINES) -> list[str]:
    lines = text.strip("\n").split("\n") if text.strip() else []
    if not lines:
        return []
    shown = [f"  | {_visible(line)[:160]}" for line in lines[:most]]
    rest = [f"  … {len(lines) - most} more lines"] if len(lines) > most else []
    return [f"{title}:", *shown, *rest]
