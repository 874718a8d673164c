"""Not a control: a daemon that freezes in the middle of its next decision while the file FAULT_FREEZE is there."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from gateway.inbound.worker import Worker


def apply() -> None:
    decide, file = Worker._decide, Path(os.environ["FAULT_FREEZE"])

    def frozen(self: Worker, *args: Any) -> Any:
        result = decide(self, *args)
        if file.exists():
            file.unlink()
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # to this thread: it must not run on to COMMIT
        return result

    Worker._decide = frozen  # type: ignore[method-assign]
