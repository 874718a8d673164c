"""Memory of a process that runs for months: large blocks go back to the system, what stays is not searched again."""

from __future__ import annotations

import contextlib
import gc

LARGE_BLOCK = 1 << 20
FOR_CHILDREN = {"MALLOC_MMAP_THRESHOLD_": str(LARGE_BLOCK)}
"""The same for a process that we start, in its environment; other C libraries than glibc do not look at it."""
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Tell glibc, if that is what we run on, to map each large block by itself, always.

    By default it does so only until the first one is freed. From then on blocks of up to 32 MB come from heaps,
    which a few small neighbours keep from shrinking: one large mail after another costs new memory each time.
    """
    import ctypes  # not for readers, which start often and want the rest of this module alone

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def keep_what_is_loaded() -> None:
    """Leave all that is there by now, modules and their classes most of all, to the end of the process.

    The collector would look through it again and again, and nothing else runs while it does: a tenth of a second.
    """
    gc.freeze()
