"""The demo's play: who writes what, and what the desk makes of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import click

from gateway.cli import ticket_view
from gateway.cli.demo_stage import PlayFailed, Stage
from gateway.desk import lifecycle
from gateway.store import tickets

__all__ = ["Play", "PlayFailed"]

CASEY = ("Casey Client", "casey@client.example")
OLIVIA = ("Olivia Reyes", "olivia@desk.example")
_NUMBER = 1001
_W2 = b"%PDF-1.4\n% a stand-in for a scanned W-2\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
_PURPOSES = {
    "received": "we have it",
    "document_requested": "please send these documents",
    "closed": "closed",
    "staff_new": "a new ticket",
    "staff_client_responded": "the client has responded",
    "staff_receipt": "receipt: what your mail did",
}


@dataclass(slots=True)
class Play:
    stage: Stage

    def perform(self) -> None:
        """Raises PlayFailed when the desk does not do its part."""
        click.echo(
            "A desk that lives in mail. Casey is a client, Olivia an agent; both have nothing but a mail program."
        )
        opening = self._casey_asks()
        request = self._olivia_answers(opening)
        reply = self._casey_sends_one(request)
        self._olivia_closes(reply)
        self._show_ticket()

    def _casey_asks(self) -> EmailMessage:
        mail = _mail(CASEY, "support@desk.example", "Question about my 2025 tax return")
        mail.set_content("Hello,\n\ncan I deduct my home office? What do you need from me?\n\nBest,\nCasey\n")
        self._write(CASEY, mail, "Casey writes to support@desk.example")
        return self._hear({"received": CASEY, "staff_new": OLIVIA}, "new", "staff_new")

    def _olivia_answers(self, notice: EmailMessage) -> EmailMessage:
        text = (
            '#docs "W-2"; "Bank statement, October"\n\n'
            "Hi Casey,\n\nyes, if you use the room for work alone. With these two documents I can file it.\n\nOlivia\n"
        )
        mail = _answer(OLIVIA, notice, text)
        self._write(OLIVIA, mail, "Olivia answers the notice in her mail program")
        return self._hear({"document_requested": CASEY, "staff_receipt": OLIVIA}, "pending", "document_requested")

    def _casey_sends_one(self, notice: EmailMessage) -> EmailMessage:
        mail = _answer(CASEY, notice, "Here is the W-2. The bank statement follows on Monday.\n\nCasey\n")
        mail.add_attachment(_W2, maintype="application", subtype="pdf", filename="W-2 2025.pdf")
        self._write(CASEY, mail, "Casey answers, with one file")
        return self._hear({"staff_client_responded": OLIVIA}, "client_responded", "staff_client_responded")

    def _olivia_closes(self, notice: EmailMessage) -> None:
        mail = _answer(OLIVIA, notice, "#close\n\nThank you Casey, that is enough: your return is filed.\n\nOlivia\n")
        self._write(OLIVIA, mail, "Olivia closes it with one word")
        self._hear({"closed": CASEY, "staff_receipt": OLIVIA}, "closed", "closed")

    # --- telling the audience ---------------------------------------------------------------------

    def _write(self, who: tuple[str, str], mail: EmailMessage, title: str) -> None:
        click.echo(f"\n── {title}")
        body = mail.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        own = [line for line in text.splitlines() if not line.startswith(">") and not line.endswith("wrote:")]
        click.echo(textwrap.indent("\n".join(own).strip(), f"   {who[0].split()[0]:>6} │ ", lambda _: True))
        for part in mail.iter_attachments():
            click.echo(f"   {who[0].split()[0]:>6} │ [{part.get_filename()}]")
        self.stage.send(mail)

    def _hear(self, expected: dict[str, tuple[str, str]], status: str, wanted: str) -> EmailMessage:
        """Wait for the notices, tell who got which, check the status; returns the notice of kind ``wanted``."""
        mails = self.stage.notices(frozenset((kind, who[1]) for kind, who in expected.items()))
        for mail in mails:
            kind = str(mail["X-Ticket-Gateway"])
            to = str(mail["To"])
            click.echo(f"     desk → {to}: {_PURPOSES.get(kind, kind)}  “{mail['Subject']}”")
        ticket = self.stage.ticket(_NUMBER)
        if ticket.status.value != status:
            raise PlayFailed(f"ticket {_NUMBER} should be {status}, it is {ticket.status.value}")
        click.echo(f"     ticket #{_NUMBER}: {lifecycle.WORDS[ticket.status]}")
        return next(m for m in mails if m["X-Ticket-Gateway"] == wanted)

    def _show_ticket(self) -> None:
        ticket = self.stage.ticket(_NUMBER)
        store = self.stage.desk.store
        events = store.read(lambda c: tickets.events(c, _NUMBER))
        links = store.read(lambda c: tickets.links(c, _NUMBER))
        click.echo("\n── The ticket\n")
        click.echo(textwrap.indent(ticket_view.page(ticket, events, links), "   "))


def _mail(who: tuple[str, str], to: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"{who[0]} <{who[1]}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid(domain=who[1].partition("@")[2])
    return mail


def _answer(who: tuple[str, str], notice: EmailMessage, text: str) -> EmailMessage:
    """A reply as mail programs make it: to Reply-To, threaded, with the quoted mail below."""
    subject = str(notice["Subject"])
    mail = _mail(who, str(notice["Reply-To"]), subject if subject.startswith("Re:") else f"Re: {subject}")
    mail["In-Reply-To"] = str(notice["Message-ID"])
    mail["References"] = f"{notice['References'] or ''} {notice['Message-ID']}".strip()
    body = notice.get_body(("plain",))
    quoted = textwrap.indent(str(body.get_content()) if body is not None else "", "> ", lambda _: True)
    mail.set_content(f"{text}\nOn Sat, 21 Nov 2026 at 10:00, {notice['From']} wrote:\n{quoted}\n")
    return mail
