"""Is this mail really an agent's? The only place where a ``VerifiedAgent`` is made from mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.desk.model import Person, VerifiedAgent
from gateway.mail import InboundMail
from gateway.threading.carriers import Carriers
from gateway.threading.token import Minter, TokenRole

_PERSONAL = frozenset({TokenRole.REPLY, TokenRole.NOTE, TokenRole.COMMAND})


@dataclass(frozen=True, slots=True)
class Border:
    """What our own MTAs write into mail, casefolded. ``hosts`` are their names in "by" of a Received field."""

    authserv_ids: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


def verify_agent(
    mail: InboundMail,
    carriers: Carriers,
    minter: Minter,
    agents: Mapping[str, Person],
    border: Border,
) -> VerifiedAgent | None:
    """A registered address and a proof: a personal token, or DMARC's pass by our own border.

    ``agents`` maps casefolded addresses to active agents. From must be sound: one field, one mailbox, no
    defect. Reply-To, Sender and display names prove nothing.
    """
    if mail.sender is None or not mail.sender_sound:
        return None
    person = agents.get(mail.sender.key)
    if person is None:
        return None
    proof = _proof(mail, carriers, minter, person, border)
    return VerifiedAgent(person, proof) if proof else None


def _proof(mail: InboundMail, carriers: Carriers, minter: Minter, person: Person, border: Border) -> str | None:
    if any(t.person == person.id and t.role in _PERSONAL for _, t in carriers.tokens):
        return "token"
    minted = (minter.read_message_id(r) for r in carriers.references)
    if any(t is not None and t.person == person.id for t in minted):
        return "message-id"
    return "dmarc" if dmarc_passes(mail, border) else None


def dmarc_passes(mail: InboundMail, border: Border) -> bool:
    """dmarc=pass for the domain of From, in the topmost Authentication-Results, written by our own border.

    RFC 8601 section 5: an authserv-id is believed only where our border has removed forged ones; so a field
    counts only above every foreign Received, and only the topmost one. Milters often put it below the Received
    of their own MTA: that one counts as ours where its host is named as such.
    """
    if not mail.auth_results or mail.sender is None or not mail.sender_sound:
        return False
    top = mail.auth_results[0]
    ours_above = top.above_received or (top.hops_above and all(host in border.hosts for host in top.hops_above))
    if not ours_above or top.authserv_id.casefold() not in border.authserv_ids:
        return False
    verdicts = [(result, domain) for method, result, domain in top.methods if method == "dmarc"]
    return verdicts == [("pass", mail.sender.domain)]
