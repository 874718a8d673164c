"""One gateway a SQLite file: a lock on a file beside it, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from gateway.errors import Permanent


def lock_file(database: str) -> IO[str]:
    """Held until it is closed. Raises Permanent when another gateway has it."""
    path = Path(f"{database}.lock")
    handle = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        advice = "stop it first, or move to PostgreSQL, which many daemons may share"
        text = f"another gateway already runs on {database}: {advice}"
        raise Permanent(text, public=text) from None
    return handle
