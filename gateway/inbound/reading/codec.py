"""InboundMail to bytes and back, without pickle: a JSON head and the contents of the attachments behind it.

The child that reads is not trusted by the process that asks it, so nothing that it sends may run.
"""

from __future__ import annotations

import json
import struct
from datetime import datetime
from typing import Any

from gateway.mail import (
    Address,
    Attachment,
    AuthResult,
    DeliveryReport,
    Forwarded,
    InboundMail,
    Kind,
    ReadingContext,
)

_HEAD = struct.Struct(">Q")


def dump(mail: InboundMail) -> bytes:
    head = json.dumps(_head(mail), ensure_ascii=True).encode("ascii")
    return b"".join([_HEAD.pack(len(head)), head, *(a.content for a in mail.attachments)])


def load(data: bytes | bytearray) -> InboundMail:
    """Raises ValueError, KeyError or TypeError on bytes that ``dump`` did not make."""
    if len(data) < _HEAD.size:
        raise ValueError("truncated")
    (size,) = _HEAD.unpack_from(data)
    at = _HEAD.size + size
    head = json.loads(data[_HEAD.size : at])
    attachments = []
    for item in head["attachments"]:
        content = bytes(memoryview(data)[at : at + item["size"]])
        if len(content) != item["size"]:
            raise ValueError("truncated")
        at += len(content)
        attachments.append(Attachment(**item, content=content))
    return _mail(head, tuple(attachments))


def dump_context(context: ReadingContext) -> bytes:
    value = {"addresses": sorted(context.own_addresses), "lists": sorted(context.own_lists)}
    return json.dumps(value).encode("ascii")


def load_context(data: bytes) -> ReadingContext:
    value = json.loads(data)
    return ReadingContext(frozenset(value["addresses"]), frozenset(value["lists"]))


def _head(mail: InboundMail) -> dict[str, Any]:
    head: dict[str, Any] = {name: getattr(mail, name) for name in _PLAIN}
    head["kind"] = mail.kind.value
    head["sender"] = _address(mail.sender)
    head["date"] = _date(mail.date)
    for name in ("reply_to", "to", "cc"):
        head[name] = [_address(a) for a in getattr(mail, name)]
    head["attachments"] = [_attachment(a) | {"content_id": a.content_id} for a in mail.attachments]
    head["delivery_reports"] = [_report(r) | {"diagnostic": r.diagnostic} for r in mail.delivery_reports]
    head["forwarded"] = _forwarded(mail.forwarded)
    head["auth_results"] = [[a.authserv_id, a.methods, a.above_received, a.hops_above] for a in mail.auth_results]
    return head


_PLAIN = (
    "message_id", "sender_sound", "subject", "why", "text", "reply", "own_words", "html", "reply_html", "signature",
    "returned_message_id", "in_reply_to", "references", "recipients", "list_id", "defects", "quarantine",
)  # fmt: skip


def _mail(head: dict[str, Any], attachments: tuple[Attachment, ...]) -> InboundMail:
    plain = {name: _frozen(head[name]) for name in _PLAIN}
    return InboundMail(
        **plain,
        sender=_to_address(head["sender"]),
        reply_to=_to_addresses(head["reply_to"]),
        to=_to_addresses(head["to"]),
        cc=_to_addresses(head["cc"]),
        date=_to_date(head["date"]),
        kind=Kind(head["kind"]),
        attachments=attachments,
        delivery_reports=tuple(DeliveryReport(**r) for r in head["delivery_reports"]),
        forwarded=_to_forwarded(head["forwarded"]),
        auth_results=tuple(
            AuthResult(i, tuple(tuple(m) for m in ms), above, tuple(hops))
            for i, ms, above, hops in head["auth_results"]
        ),
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def to_json(mail: InboundMail) -> dict[str, Any]:
    """The object that ``gateway explain --json`` prints for a mail, without ``file``."""
    return {
        "message_id": mail.message_id,
        "from": _address(mail.sender),
        "from_sound": mail.sender_sound,
        "reply_to": [_address(a) for a in mail.reply_to],
        "to": [_address(a) for a in mail.to],
        "cc": [_address(a) for a in mail.cc],
        "subject": mail.subject,
        "date": _date(mail.date),
        "kind": mail.kind.value,
        "why": list(mail.why),
        "text": mail.text,
        "reply": mail.reply,
        "signature": mail.signature,
        "attachments": [_attachment(a) for a in mail.attachments],
        "delivery_reports": [_report(r) for r in mail.delivery_reports],
        "forwarded": _forwarded(mail.forwarded),
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "list_id": mail.list_id,
        "defects": list(mail.defects),
        "quarantine": mail.quarantine,
    }


def _address(address: Address | None) -> dict[str, str] | None:
    return {"name": address.name, "address": address.address} if address else None


def _to_address(value: dict[str, str] | None) -> Address | None:
    return Address(value["name"], value["address"]) if value else None


def _to_addresses(values: list[dict[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(v["name"], v["address"]) for v in values)


def _date(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _to_date(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _attachment(a: Attachment) -> dict[str, Any]:
    return {
        "filename": a.filename,
        "content_type": a.content_type,
        "size": a.size,
        "sha256": a.sha256,
        "inline": a.inline,
    }


def _report(r: DeliveryReport) -> dict[str, Any]:
    return {"recipient": r.recipient, "action": r.action, "status": r.status, "permanent": r.permanent}


def _forwarded(f: Forwarded | None) -> dict[str, Any] | None:
    if f is None:
        return None
    return {
        "from": _address(f.sender),
        "subject": f.subject,
        "date": _date(f.date),
        "text": f.text,
        "message_id": f.message_id,
    }


def _to_forwarded(value: dict[str, Any] | None) -> Forwarded | None:
    if value is None:
        return None
    sender = Address(value["from"]["name"], value["from"]["address"])
    return Forwarded(sender, value["subject"], _to_date(value["date"]), value["text"], value["message_id"])
