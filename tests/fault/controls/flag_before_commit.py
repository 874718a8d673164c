"""The watcher moves a mail away first, and stores it a moment later."""

from __future__ import annotations

from gateway.inbound.imap_intake import Intake
from gateway.inbound.imap_scan import message_key
from gateway.mail import Envelope


def apply() -> None:
    def hasty(self: Intake, uid: int, size: int | None) -> str:
        fetched = self._fetch(uid, size) if size is not None else None
        if fetched is not None:
            raw, target = fetched
            self._settle_or_keep(target, [uid])
            key = message_key(self._account, self._settings.folder, self._progress.uidvalidity, uid)
            self._door.accept(raw, Envelope(), source="imap", key=key)
        return ""

    Intake._commit = hasty  # type: ignore[method-assign]
