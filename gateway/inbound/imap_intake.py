"""One selected folder: find what is new, hand it through the door, and only then move it away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from gateway import config, log
from gateway.inbound.imap_link import Link, Lost, No, Selected
from gateway.inbound.imap_scan import (
    PROCESSED,
    Progress,
    Settle,
    Strikes,
    Windows,
    folder_name,
    message_key,
    settle_by,
    stand_in,
)
from gateway.inbound.imap_wire import Pulse
from gateway.mail import Envelope

_BATCH = 50
"""So many messages are committed before they are moved together."""


class Accepted(Protocol):
    @property
    def duplicate(self) -> bool: ...


class Accepts(Protocol):
    """The door: returns only after the durable commit; raises errors.Temporary when it cannot."""

    def accept(self, raw: bytes, envelope: Envelope, *, source: str, key: str = "") -> Accepted: ...


class Cursors(Protocol):
    """Where we are in each folder, and how each mailbox does. Methods raise errors.Temporary."""

    def load(self, account: str, folder: str) -> tuple[int, int] | None: ...

    def save(self, account: str, folder: str, uidvalidity: int, uid: int) -> None: ...

    def mailbox_ok(self, name: str) -> None: ...

    def mailbox_failed(self, name: str, error: str) -> None: ...


@dataclass
class Memory:
    """What outlives a connection."""

    progress: Progress | None = None
    saved: tuple[int, int] | None = None
    strikes: Strikes = field(default_factory=Strikes)
    unsettled: dict[str, set[int]] = field(default_factory=dict)
    """Taken in, but the server refused to move them: UIDs by the folder where they should go."""
    in_hand: int = 0
    """The UID that is being fetched at this moment, or 0."""


class Intake:
    """Takes in the mail of one folder over one connection."""

    def __init__(
        self,
        settings: config.InboundImap,
        link: Link,
        door: Accepts,
        cursors: Cursors,
        memory: Memory,
        pulse: Pulse,
    ) -> None:
        self._settings, self._link, self._door = settings, link, door
        self._cursors, self._memory, self._pulse = cursors, memory, pulse
        self._account = f"{settings.username}@{settings.host}:{settings.port}"
        self._names = link.separator()
        self._folder = self._name(settings.folder)
        self._existing: set[str] = set()
        selected = link.select(self._folder)
        self._settle = settle_by(link.capabilities, selected.permanent_flags, read_only=selected.read_only)
        self._progress = self._resume(selected)

    def _name(self, configured: str) -> str:
        return folder_name(configured, *self._names)

    def _resume(self, selected: Selected) -> Progress:
        """Go on where we were; after a change of UIDVALIDITY from the start, and the door knows what it has."""
        kept = self._memory.progress
        if kept is None:
            stored = self._cursors.load(self._account, self._settings.folder)
            kept = Progress(*stored) if stored else Progress(selected.uidvalidity)
            self._memory.saved = stored
        if kept.uidvalidity != selected.uidvalidity:
            log.imap_uidvalidity_changed(self._settings.name, kept.uidvalidity, selected.uidvalidity)
            kept = Progress(selected.uidvalidity)
            self._memory.strikes, self._memory.unsettled = Strikes(), {}
        self._memory.progress = kept
        return kept

    # --- scanning

    def scan(self) -> int:
        """Take in everything that is there, until nothing is new; returns how many messages that were.

        Raises Lost, Temporary of the door, Interrupted.
        """
        self._settle_again()
        total = 0
        for _ in range(2):
            while taken := self._scan_once():
                total += taken
            if not self._link.news:  # else a message came during the last search, and IDLE will not speak of it
                break
        return total

    def _scan_once(self) -> int:
        """One pass; returns how many messages were taken in."""
        newest = self._link.newest()
        taken = self._take(self._due())
        windows = Windows(self._progress.reach, newest)
        try:
            for first, last in windows:
                if self._pulse.stop.is_set():
                    return 0
                found = self._link.find(first, last, PROCESSED if self._settle is Settle.KEYWORD else "")
                windows.found(len(found))
                self._progress.saw(last, found)
                taken += self._take(found)
        finally:
            self._save()
        return taken

    def _due(self) -> list[int]:
        """What an earlier pass found and did not finish."""
        now = time.monotonic()
        return sorted(uid for uid in self._progress.waiting if not self._memory.strikes.spared(uid, now))

    def _save(self) -> None:
        place = (self._progress.uidvalidity, self._progress.last)
        if place != self._memory.saved and place[1] > 0:
            self._cursors.save(self._account, self._settings.folder, *place)
            self._memory.saved = place

    # --- taking in

    def _take(self, uids: Sequence[int]) -> int:
        """Commit, then settle, batch by batch."""
        taken = 0
        rest = iter(uids)
        while (batch := list(islice(rest, _BATCH))) and not self._pulse.stop.is_set():
            taken += self._take_batch(batch)
            if len(uids) > _BATCH:
                self._save()
        return taken

    def _take_batch(self, batch: list[int]) -> int:
        committed: dict[str, list[int]] = {}
        sizes = self._sizes(batch)
        try:
            for uid in batch:
                if self._pulse.stop.is_set():
                    break
                target = self._commit(uid, sizes.get(uid))
                committed.setdefault(target, []).append(uid)
                self._pulse.beat()
        except Lost:
            raise  # there is no connection on which to settle
        except Exception:
            self._settle_all(committed)
            raise
        self._settle_all(committed)
        return sum(len(uids) for target, uids in committed.items() if target)

    def _sizes(self, batch: list[int]) -> dict[int, int]:
        """A server that balks at one message of a batch is asked for each; what comes is bounded all the same."""
        try:
            return self._link.sizes(batch)
        except No:
            return dict.fromkeys(batch, 0)

    def _commit(self, uid: int, size: int | None) -> str:
        """Hand one message through the door; returns the folder it has to go to, "" when it is gone."""
        self._memory.in_hand = uid
        fetched = self._fetch(uid, size) if size is not None else None
        self._memory.in_hand = 0
        if fetched is None:
            return ""
        raw, target = fetched
        key = message_key(self._account, self._settings.folder, self._progress.uidvalidity, uid)
        self._door.accept(raw, Envelope(), source=f"imap:{self._settings.name}", key=key)
        self._memory.strikes.forgive(uid)
        return target

    def _fetch(self, uid: int, size: int) -> tuple[bytes, str] | None:
        """The bytes to store and the folder to move the message to; None when it is gone."""
        settings = self._settings
        unreadable = self._memory.strikes.unreadable(uid)
        if size <= settings.max_size and not unreadable:
            raw = self._link.message(uid, settings.max_size)
            if raw is None or len(raw) <= settings.max_size:
                return None if raw is None else (raw, settings.done)
            size = len(raw)  # the server had only guessed
        header = self._link.header(uid)
        if header is None:
            return None
        if not unreadable:
            log.imap_message_too_big(settings.name, uid, size)
        return stand_in(header, size, _explain(settings, size, unreadable=unreadable)), settings.rejected

    # --- moving away

    def _settle_all(self, committed: dict[str, list[int]]) -> None:
        for target, uids in committed.items():
            if target:
                self._settle_or_keep(target, uids)
            for uid in uids:
                self._progress.done(uid)

    def _settle_again(self) -> None:
        """What a server refused to move before, it may move now."""
        for target, uids in list(self._memory.unsettled.items()):
            del self._memory.unsettled[target]
            self._settle_or_keep(target, sorted(uids))

    def _settle_or_keep(self, target: str, uids: list[int]) -> None:
        """A server that will not move (a full quota) must not stop us: the mail is ours already."""
        try:
            self._put_away(target, uids)
        except No as refusal:
            if not self._memory.unsettled.get(target):
                log.imap_settle_refused(self._settings.name, self._settle.value, refusal.cause[:200])
            self._memory.unsettled.setdefault(target, set()).update(uids)

    def _put_away(self, target: str, uids: list[int]) -> None:
        if self._settle is Settle.CURSOR:
            return
        if self._settle is Settle.KEYWORD:
            self._link.mark(uids, PROCESSED)
            return
        folder = self._name(target)
        if folder == self._folder or folder.upper() == self._folder.upper() == "INBOX":
            return  # it would come back as new mail, for ever
        move = self._link.move if self._settle is Settle.MOVE else self._link.copy_and_expunge
        self._ensure(folder)
        try:
            move(uids, folder)
        except No as refusal:
            if "TRYCREATE" in refusal.cause:  # somebody has removed the folder
                self._existing.discard(folder)
                self._ensure(folder)
            elif "EXPUNGEISSUED" not in refusal.cause:  # RFC 5530 section 3: somebody has removed a message
                raise
            if left := self._link.left_of(uids):
                move(left, folder)

    def _ensure(self, folder: str) -> None:
        if folder not in self._existing:
            if not self._link.exists(folder):
                self._link.create(folder)
            self._existing.add(folder)


def _explain(settings: config.InboundImap, size: int, *, unreadable: bool) -> str:
    reason = (
        "The mail server could not hand over this message, although it was asked several times."
        if unreadable
        else f"This message was not taken in because it is too large: {size:,} bytes, and the limit is "
        f"{settings.max_size:,} bytes (max_size)."
    )
    return (
        f"{reason}\nOnly its header is shown here. The message itself is in the mailbox's folder {settings.rejected}.\n"
    )
