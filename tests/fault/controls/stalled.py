"""Not a control: a component hangs for as long as a file (its path in FAULT_STALL) says its name.

FAULT_PATIENCE, if it is set, are the seconds that the supervisor waits for a beat, of whatever service.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.failpoints import wrap

from gateway.service import Keeper

PLACES = {
    "listener": "gateway.inbound.smtp:Admission.connection_made",  # runs in its event loop
    "watcher": "gateway.inbound.imap_intake:Intake.scan",
    "worker": "gateway.inbound.worker:Worker.work",
    "sender": "gateway.outbound.fair_pool:FairPool.take",
    "clock": "gateway.clock:Clock.tick",
}


def apply() -> None:
    file = Path(os.environ["FAULT_STALL"])
    for name, target in PLACES.items():
        wrap(target, lambda function, name=name: _hanging(file, name, function))  # type: ignore[misc]
    if patience := os.environ.get("FAULT_PATIENCE"):
        _shorten(float(patience))


def _hanging(file: Path, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def hanging(*args: Any, **kwargs: Any) -> Any:
        while file.read_text() == name:
            time.sleep(0.05)
        return function(*args, **kwargs)

    return hanging


def _shorten(seconds: float) -> None:
    make = Keeper.__init__

    def impatient(self: Keeper, *args: Any) -> None:
        make(self, *args)
        self._patience = seconds

    Keeper.__init__ = impatient  # type: ignore[method-assign]
