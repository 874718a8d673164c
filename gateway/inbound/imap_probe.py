"""What ``gateway check`` tells about a mailbox, step by step, changing nothing in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from gateway import config
from gateway.errors import GatewayError
from gateway.inbound.imap_link import Link, No
from gateway.inbound.imap_open import Login
from gateway.inbound.imap_scan import Settle, folder_name, settle_by
from gateway.inbound.imap_wire import Pulse

Row = tuple[str, bool, str]


def probe(settings: config.InboundImap, password: str | None, resolve: Callable[[Path], Path] = Path) -> list[Row]:
    """(what, whether it works, what was found or what to do); the first step that fails is the last row."""
    rows: list[Row] = []
    login = Login(settings, lambda: password, resolve)
    doing = ["connect"]
    try:
        with closing(login.connect(Pulse(threading.Event(), lambda: None))) as link:
            rows.append(("connect", True, f"{settings.host}:{settings.port}, tls {settings.tls}"))
            doing.append("login")
            login.identify(link)
            rows.append(("login", True, settings.username))
            doing.append("folder")
            rows.extend(_mailbox(settings, link))
    except GatewayError as error:
        rows.append((doing[-1], False, error.cause))
    return rows


def _mailbox(settings: config.InboundImap, link: Link) -> Iterator[Row]:
    names = link.separator()
    try:
        selected = link.select(folder_name(settings.folder, *names))
    except No as refusal:
        yield "folder", False, f"{settings.folder} cannot be opened: {refusal.cause}"
        return
    yield "folder", True, f"{settings.folder}, {selected.exists} messages"
    offers = link.capabilities
    how = settle_by(offers, selected.permanent_flags, read_only=selected.read_only)
    yield "after taking in", True, how.value
    watched = settings.idle and "IDLE" in offers
    yield "new mail", True, "IDLE" if watched else f"no IDLE: looks every {settings.scan_interval} s"
    if how in (Settle.MOVE, Settle.COPY):
        for key, name in (("done", settings.done), ("rejected", settings.rejected)):
            there = link.exists(folder_name(name, *names))
            yield f"{key} folder", True, name if there else f"{name} will be created"
