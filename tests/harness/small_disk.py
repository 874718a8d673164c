"""A file system of a few megabytes that can be filled to the last block, and emptied again."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from servers.ports import remove, scratch


class SmallDisk:
    """A tmpfs, mounted on creation and gone after ``close``; skips the test where mounting is not allowed."""

    def __init__(self, megabytes: int, user: pwd.struct_passwd | None = None) -> None:
        self.folder = scratch("disk", user)
        options = f"size={megabytes}m" + (f",uid={user.pw_uid},gid={user.pw_gid}" if user else "")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            remove(self.folder)
            pytest.skip("no file system can be mounted here: that takes root and CAP_SYS_ADMIN")

    def fill(self) -> None:
        """Until nothing fits any more. Root's own blocks are no help: a tmpfs keeps none back."""
        for size in (1 << 20, 1 << 12):
            with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))

    def empty(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
        remove(self.folder)
