"""``gateway`` with failpoints and controls: ``python -m harness.launch [CLI arguments]``.

Read from the environment, which the product itself never looks at:

    FAULT_POINT, FAULT_AT, FAULT_LEDGER   see ``harness.failpoints``
    FAULT_SIGNAL                          "SIGTERM claim mail done": the signal comes at that point
    FAULT_CONTROLS                        comma-separated modules of ``fault.controls``, applied in order

``python -m harness.launch --nursery`` stays, and makes a process for each line of JSON on its stdin
({"arguments", "environment", "log"}); it prints the pid, and the exit status when a child has ended. The modules
are imported once, so that a thousand starts do not cost a thousand imports.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.02


def prepare() -> None:
    """Arm and change this process as its environment says."""
    for name in filter(None, os.environ.get("FAULT_CONTROLS", "").split(",")):
        importlib.import_module(f"fault.controls.{name}").apply()
    if ledger := os.environ.get("FAULT_LEDGER"):
        from harness import failpoints

        name, _, where = os.environ.get("FAULT_SIGNAL", "").partition(" ")
        trigger = failpoints.Trigger(where, signal.Signals[name]) if where else None
        at = int(os.environ.get("FAULT_AT", "1"))
        failpoints.arm(os.environ.get("FAULT_POINT", ""), at, Path(ledger), trigger)


def start(arguments: list[str]) -> int:
    """Run the command line; its exit status."""
    from gateway.cli import main

    prepare()
    try:
        main(arguments, prog_name="gateway")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def nursery() -> None:
    """Single-threaded, so that a child never inherits a lock that somebody holds."""
    _preload()
    children: set[int] = set()
    orders = b""
    while True:
        if select.select([0], [], [], _LOOK_SECONDS)[0]:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, orders = (orders + data).split(b"\n")
            for line in lines:
                children.add(_born(json.loads(line)))
        for pid in list(children):
            if (ended := os.waitpid(pid, os.WNOHANG))[0]:
                children.discard(pid)
                _tell(ended=pid, status=os.waitstatus_to_exitcode(ended[1]))


def _preload() -> None:
    """What ``gateway run`` needs; none of it starts a thread."""
    from gateway import memory

    for name in ("app", "supervisor", "cli.run", "store.migrate", "inbound.reading.assemble", "inbound.reading.codec"):
        importlib.import_module(f"gateway.{name}")
    for name in ("harness.failpoints", "alembic.command", "psycopg", "sqlite3", "tenacity"):
        importlib.import_module(name)
    memory.keep_what_is_loaded()  # a daemon does this itself: here it is done once, and nothing of it is copied


def _tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _born(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        _tell(pid=pid)
        return pid
    status = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(order["environment"])
        status = start(order["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(status)


if __name__ == "__main__":
    if sys.argv[1:] == ["--nursery"]:
        nursery()
    else:
        sys.exit(start(sys.argv[1:]))
