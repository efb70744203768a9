"""Keeps freed memory in the process: each training step frees and allocates the same sizes."""

import ctypes
from contextlib import suppress

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Of glibc's mallopt."""


def keep() -> None:
    """Tell glibc to keep freed memory. Does nothing with other C libraries."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(MMAP_MAX, 0)
        libc.mallopt(TRIM_THRESHOLD, (1 << 31) - 1)
