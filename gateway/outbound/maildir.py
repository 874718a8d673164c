"""Outgoing mail as files, for trying out: any mail client can open the folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from gateway.outbound.message import wire_address
from gateway.outbound.reply import Outcome, Reply, Stage, ours


class MaildirTransport:
    """Writes to tmp, then renames into new, both synced to the disk. Any thread may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, raw: bytes, sender: str, recipient: str, *, before_dot: Callable[[], None]) -> Reply:
        """Deliver into ``new``. The same mail to the same recipient is the same file, however often it is sent."""
        try:
            head = f"Return-Path: <{wire_address(sender)}>\nX-Envelope-To: {wire_address(recipient)}\n".encode()
        except ValueError as error:
            return ours(Outcome.PERMANENT, Stage.RCPT, f"the address cannot be used: {error}", "5.1.3")
        name = file_name(raw, recipient)
        try:
            draft = self._write(name, head + raw.replace(b"\r\n", b"\n"))
        except OSError as error:
            return _failed(error)
        try:
            before_dot()
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return self._publish(draft, name)

    def idle(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is kept open."""

    def prepare(self) -> None:
        """Make the folders. Raises OSError."""
        for part in ("tmp", "new", "cur"):
            (self.path / part).mkdir(parents=True, exist_ok=True)

    def _write(self, name: str, content: bytes) -> Path:
        self.prepare()
        draft = self.path / "tmp" / f"{name}.{os.getpid()}.{threading.get_ident()}"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return draft

    def _publish(self, draft: Path, name: str) -> Reply:
        """From the rename on the mail may be seen, so that a failure is as ambiguous as one after an SMTP dot."""
        try:
            if self._was_read(name):
                draft.unlink()
            else:
                draft.rename(self.path / "new" / name)
                _sync(self.path / "new")
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return ours(Outcome.AMBIGUOUS, Stage.DOT, error.strerror or str(error))
        return Reply(Outcome.DELIVERED, Stage.DOT, f"written to {name}", 250, "2.0.0")

    def _was_read(self, name: str) -> bool:
        """A mail client moves what it has seen to cur, and adds flags to the name."""
        with os.scandir(self.path / "cur") as entries:
            return any(entry.name.partition(":")[0] == name for entry in entries)


def file_name(raw: bytes, recipient: str) -> str:
    """Unique by content, and in the order of time: both from the mail itself, so that a resend has the same name."""
    digest = hashlib.sha256(recipient.encode("utf-8", "surrogatepass") + b"\0" + raw).hexdigest()
    return f"{_seconds(raw)}.{digest[:40]}.gateway"


def _seconds(raw: bytes) -> int:
    try:
        return int(parsedate_to_datetime(BytesHeaderParser().parsebytes(raw[:65536])["Date"]).timestamp())
    except (TypeError, ValueError, OverflowError):
        return 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(error: OSError) -> Reply:
    lasting = isinstance(error, PermissionError | NotADirectoryError | FileExistsError | FileNotFoundError)
    outcome = Outcome.MISCONFIGURED if lasting else Outcome.TEMPORARY
    return ours(outcome, Stage.CONNECT, f"cannot write to the Maildir: {error.strerror or error}")
