"""Pages of the documentation that are made from the desk's tables: ``python -m gateway.desk.docs docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.desk import lifecycle, verbs

_LIFECYCLE = """# The life of a ticket

Every ticket has one of six statuses, and one table says what may move it from one to another. A row is something that
happens, a column the status in which it happens; the cell says where the ticket goes, **in bold** where that is another
status. *refused* means that there is no such way: whoever tried is told so, and nothing is changed.

The middle of it is waiting for the client. An agent's answer makes a ticket `pending` (or keeps it `in_progress`, with
`after_reply = "in_progress"` in `[lifecycle]`), and a mail of a participant makes a pending ticket `client_responded`
and tells its owner at once. Nothing else ever does: no automatic reply, no bounce, no list mail, no agent, no stranger
and no command. A participant's mail opens a closed ticket again, but for a bare thank-you; longer after closing than
`reopen_within` it opens a new ticket, which is linked to the old one.

"""
_COMMANDS = """# Commands in an agent's mail

An agent writes commands on top of a mail, one a line, and the text below them is the answer to the client. The first
line that is no command ends the block; empty lines between commands do no harm. Capitals do not matter, `/close` is as
good as `#close`, and a colon may follow the verb. A text that itself begins with `#` is written with `##`. Commands are
only carried out for an agent who is proved to have written them; anybody else's are plain text.

All of a mail is carried out, or nothing: a wrong command, or two that contradict each other, come back in a mail that
says why and quotes the text, and until then no client has got anything. Each agent's mail that is carried out is
answered by one receipt.

"""


def pages() -> dict[str, str]:
    """File name → text."""
    return {"lifecycle.md": _LIFECYCLE + lifecycle.document(), "commands.md": _COMMANDS + verbs.document()}


def main(folder: str) -> None:
    """Write every page into ``folder``."""
    for name, text in pages().items():
        (Path(folder) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs")
