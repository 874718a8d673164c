"""The verbs as data: the grammar, the help card and the documentation are all made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Argument = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of the help card and of the documentation."""

    name: str
    aliases: tuple[str, ...]
    argument: Argument
    shows: str
    """How the value is written, e.g. "who[: why]"."""
    help: str
    example: str
    needs_ticket: bool = True


VERBS = (
    Verb(
        "note",
        ("internal", "private"),
        "none",
        "",
        "the text is an internal note; the client never sees it",
        "#note",
    ),
    Verb(
        "take",
        ("mine", "accept"),
        "none",
        "",
        "you own the ticket from now on",
        "#take",
    ),
    Verb(
        "assign",
        ("assignee", "owner"),
        "required",
        "who[: why]",
        "give it to an agent or a team",
        "#assign joe: knows the case",
    ),
    Verb(
        "pending",
        ("wait", "waiting"),
        "optional",
        "[what for]",
        "wait for the client",
        "#pending the signed form",
    ),
    Verb(
        "inprogress",
        ("hold", "open"),
        "optional",
        "[what on]",
        "we work on it, or wait for somebody of ours",
        "#inprogress waiting for IT",
    ),
    Verb(
        "close",
        ("closed", "solved", "solve", "resolve", "resolved"),
        "optional",
        "[quiet]",
        "close it; your text is the closing text, quiet sends nothing",
        "#close",
    ),
    Verb(
        "reopen",
        (),
        "none",
        "",
        "open a closed ticket again",
        "#reopen",
    ),
    Verb(
        "docs",
        ("documents", "request"),
        "required",
        '"name"; "name"',
        "ask the client for documents",
        '#docs "W-2"; "Bank statement"',
    ),
    Verb(
        "received",
        (),
        "required",
        "number or name",
        "a document came in another way",
        "#received 2",
    ),
    Verb(
        "to",
        (),
        "required",
        "address or name",
        "start a new conversation with a client",
        "#to casey@client.example",
        needs_ticket=False,
    ),
    Verb(
        "help",
        ("commands",),
        "none",
        "",
        "send this card",
        "#help",
        needs_ticket=False,
    ),
)
"""Every verb there is. The next one joins here, with a handler in ``gateway.desk.acts``."""


def card() -> str:
    """The help card as plain text."""
    width = max(len(usage(v)) for v in VERBS)
    return "\n".join(f"{usage(v):<{width}}  {v.help}" for v in VERBS)


def document() -> str:
    """The table as Markdown."""
    rows = [f"| `{usage(v)}` | {', '.join(f'`#{a}`' for a in v.aliases)} | {v.help} | `{v.example}` |" for v in VERBS]
    return "\n".join(["| command | also | does | example |", "|---|---|---|---|", *rows]) + "\n"


def usage(verb: Verb) -> str:
    return f"#{verb.name} {verb.shows}".rstrip()
