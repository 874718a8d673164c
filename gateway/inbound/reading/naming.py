"""Names for files that came without one: from what the part says of itself, else by type."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from dataclasses import replace

from gateway.inbound.reading import fields
from gateway.inbound.reading.source import Part
from gateway.mail import Attachment

_NAMED = {
    "text/calendar": "calendar.ics",
    "text/plain": "document.txt",
    "text/html": "document.html",
    "text/rfc822-headers": "headers.txt",
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "message/delivery-status": "delivery-status.txt",
    "message/global-delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/ms-tnef": "winmail.dat",
    "application/pdf": "document.pdf",
    "image/jpeg": "image.jpg",
    "audio/mpeg": "audio.mp3",
    "video/quicktime": "video.mov",
}
_STEMS = {"image": "image", "audio": "audio", "video": "video", "text": "document"}
_LIKE_A_FILE = re.compile(r"[^/\\@<>:?*|\"]{1,80}\.[A-Za-z][A-Za-z0-9]{1,5}")


def own_name(part: Part) -> str:
    """A name that a part without file name gives itself: a message its subject, others their description or id."""
    if part.content_type in ("message/rfc822", "message/global") and part.children:
        subject = fields.filename(part.children[0].first("subject").replace("/", "-"))[:80].strip()
        return f"{subject}.eml" if subject else ""
    location = part.first("content-location").rpartition("/")[2]
    for value in (location, part.first("content-description"), part.content_id.partition("@")[0]):
        if _LIKE_A_FILE.fullmatch(value.strip()):
            return fields.filename(value)
    return ""


def named(attachments: Iterable[Attachment]) -> list[Attachment]:
    """The attachments, each with a name; made-up names are numbered where there are several."""
    found: list[Attachment] = []
    taken: dict[str, int] = {}
    for attachment in attachments:
        if not attachment.filename:
            name = _by_type(attachment.content_type)
            count = taken[name] = taken.get(name, 0) + 1
            stem, dot, extension = name.rpartition(".")
            attachment = replace(attachment, filename=name if count == 1 else f"{stem}-{count}{dot}{extension}")
        found.append(attachment)
    return found


def _by_type(content_type: str) -> str:
    if content_type in _NAMED:
        return _NAMED[content_type]
    stem = _STEMS.get(content_type.partition("/")[0], "file")
    return stem + (mimetypes.guess_extension(content_type) or ".bin")
