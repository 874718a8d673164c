"""Not a control: the watcher returns to a server within two seconds, however often it was cut off."""

from __future__ import annotations

from gateway.inbound import imap_scan


def apply() -> None:
    imap_scan.LONGEST_PAUSE = 1.0
