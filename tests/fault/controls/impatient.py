"""Not a control: the watcher's bounds on silence, short enough for a test."""

from __future__ import annotations

from gateway.inbound import imap, imap_link, imap_wire


def apply() -> None:
    imap_wire.QUIET_SECONDS = imap_link.QUIET_SECONDS = 2.0
    imap_wire.CONNECT_SECONDS = imap_link.CONNECT_SECONDS = 3.0
    imap_link._COMMAND_SECONDS = 3.0
    imap.IDLE_SECONDS = 2.0
