"""The whole story on real servers: Postfix and Dovecot in, Postfix out, the daemon as a process between them."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import pytest
from harness.daemon import Daemon
from harness.desk import letter
from servers.dovecot import Dovecot
from servers.ports import free_port, wait_until
from servers.postfix import Postfix
from servers.sink import SmtpSink

pytestmark = pytest.mark.timeout(600)

CASEY = "Casey Client <casey@client.example>"
OLIVIA = "Olivia Reyes <olivia@desk.example>"

CONFIG = """
[desk]
name = "Acme Support"
address = "support@desk.example"

[[inbound.smtp]]
listen = "127.0.0.1:{lmtp}"
protocol = "lmtp"

[[inbound.smtp]]
listen = "127.0.0.1:{smtp}"

[[inbound.imap]]
name = "old mailbox"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "help@desk.example"
password = "pw"
scan_interval = 2

[outbound.smtp]
host = "127.0.0.1"
port = {out}
tls = "none"

[[agents]]
handle = "olivia"
name = "Olivia Reyes"
address = "olivia@desk.example"
role = "lead"
"""


class World:
    """Clients write through one Postfix, which hands over by LMTP; the desk writes through another to a sink."""

    def __init__(self, folder: Path, dovecot: Dovecot, postfix: Callable[..., Postfix], sink: SmtpSink) -> None:
        lmtp, smtp = free_port(), free_port()
        dovecot.add_user("help@desk.example")
        self.dovecot, self.sink = dovecot, sink
        self.border = postfix({"desk.example": f"lmtp:127.0.0.1:{lmtp}"}, "recipient_delimiter = +")
        road = f"smtp:127.0.0.1:{sink.port}"
        self.relay = postfix({"client.example": road, "desk.example": road})
        text = CONFIG.format(lmtp=lmtp, smtp=smtp, imap=dovecot.port, out=self.relay.port)
        self.daemon = Daemon(folder / "desk", text, smtp_port=smtp)
        self.daemon.start()

    def send(self, mail: EmailMessage) -> None:
        """As a client's provider does: over Postfix."""
        sender, to = (str(mail[f]).rpartition("<")[2].rstrip(">") for f in ("From", "To"))
        with smtplib.SMTP("127.0.0.1", self.border.port, timeout=60) as smtp:
            smtp.sendmail(sender, [to], mail.as_bytes(policy=SMTP))

    def notice(self, kind: str, to: str, count: int = 1) -> EmailMessage:
        """The newest notice of this kind to somebody, once there are ``count`` of them."""
        found: list[EmailMessage] = []

        def come() -> bool:
            mails = [message_from_bytes(m.raw, policy=default) for m in self.sink.to(to)]
            found[:] = [m for m in mails if m["X-Ticket-Gateway"] == kind]
            return len(found) >= count

        wait_until(come, f"{kind} to {to}\n{self.daemon.log()[-2000:]}", 120)
        return found[-1]


@pytest.fixture
def world(tmp_path: Path, dovecot: Dovecot, postfix: Callable[..., Postfix], smtp_sink: SmtpSink) -> Iterator[World]:
    made = World(tmp_path, dovecot, postfix, smtp_sink)
    yield made
    made.daemon.close()


def reply(notice: EmailMessage, sender: str, text: str) -> EmailMessage:
    body = notice.get_body(("plain",))
    assert body is not None
    quoted = "".join(f"> {line}\n" for line in str(body.get_content()).splitlines())
    return letter(
        sender,
        f"{text}\n\nOn Sat, 21 Nov 2026 at 10:00, {notice['From']} wrote:\n\n{quoted}",
        to=str(notice["Reply-To"]).rpartition("<")[2].rstrip(">"),
        subject=f"Re: {notice['Subject']}",
        In_Reply_To=str(notice["Message-ID"]),
        References=f"{notice['References'] or ''} {notice['Message-ID']}".strip(),
    )


def test_a_ticket_lives_and_ends_over_postfix_and_dovecot(world: World) -> None:
    world.send(letter(CASEY, "Can I deduct my home office?"))
    world.notice("received", "casey@client.example")
    new = world.notice("staff_new", "olivia@desk.example")
    world.send(reply(new, OLIVIA, '#docs "W-2"; "Bank statement"\n\nHi Casey, please send these.'))
    asked = world.notice("document_requested", "casey@client.example")
    assert world.daemon.ticket()["status"] == "pending"

    answer = reply(asked, CASEY, "Here is one.")
    answer.add_attachment(b"%PDF-1.4 a form", maintype="application", subtype="pdf", filename="w2.pdf")
    world.dovecot.deliver(answer.as_bytes(policy=SMTP), "help@desk.example")
    back = world.notice("staff_client_responded", "olivia@desk.example")
    assert "1 of 2 received" in str(back.get_body(("plain",)))
    assert world.daemon.ticket()["status"] == "client_responded"
    wait_until(lambda: len(world.dovecot.raw_mails("help@desk.example", "Processed")) == 1, "the mail to be moved", 60)
    assert world.dovecot.raw_mails("help@desk.example") == []

    world.send(reply(back, OLIVIA, "#close\nThank you, that is enough."))
    closed = world.notice("closed", "casey@client.example")
    assert "that is enough" in str(closed.get_body(("plain",)))
    shown = world.daemon.json("ticket", "show", "1001")
    assert shown["status"] == "closed"
    assert [m["direction"] for m in shown["messages"]] == ["in", "out", "in", "out"]
    assert {d["name"]: d["state"] for d in shown["documents"]} == {"W-2": "received", "Bank statement": "missing"}
    assert world.daemon.stop() == 0


def test_the_same_mail_by_smtp_and_by_imap_is_one_message(world: World) -> None:
    mail = letter(CASEY, "Once and for all.")
    world.dovecot.deliver(mail.as_bytes(policy=SMTP), "help@desk.example")
    world.send(mail)
    world.notice("received", "casey@client.example")
    wait_until(lambda: len(world.daemon.logged("mail_decided")) == 2, "both to be decided", 120)
    tickets = world.daemon.tickets()
    assert len(tickets) == 1
    assert len(world.daemon.ticket(tickets[0]["number"])["messages"]) == 1


def test_a_bounce_from_a_real_mta_is_matched_and_told_to_the_owner(world: World) -> None:
    world.send(letter("Gone <gone@nowhere.example>", "I write from an address that takes no mail."))
    new = world.notice("staff_new", "olivia@desk.example")
    world.send(reply(new, OLIVIA, "Here is your answer."))
    wait_until(lambda: world.daemon.ticket()["status"] == "pending", "the answer to be taken", 60)
    failed = world.notice("staff_delivery_failed", "olivia@desk.example")
    assert "gone@nowhere.example" in str(failed.get_body(("plain",)))
    wait_until(
        lambda: "delivery_failed" in [e["kind"] for e in world.daemon.ticket()["events"]], "the event on the ticket", 60
    )
    assert world.daemon.ticket()["status"] == "pending"
