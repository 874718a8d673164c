"""Large blocks of memory go back to the system as soon as they are free."""

from __future__ import annotations

import contextlib
import ctypes

LARGE_BLOCK = 1 << 20
FOR_CHILDREN = {"MALLOC_MMAP_THRESHOLD_": str(LARGE_BLOCK)}
"""The same for a process that we start, in its environment; other C libraries than glibc do not look at it."""
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Tell glibc, if that is what we run on, to map each large block by itself, always.

    By default it does so only until the first one is freed. From then on blocks of up to 32 MB come from heaps,
    which a few small neighbours keep from shrinking: one large mail after another costs new memory each time.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
