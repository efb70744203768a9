"""What a process knows and decides about itself: its time, its memory, and the limit of that."""

import ctypes
import resource
import time
from contextlib import suppress
from pathlib import Path


def resident() -> int:
    """Bytes of this process in memory now."""
    return _status("VmRSS")


def cpu_seconds() -> float:
    """CPU time of this process so far, and of the processes that it started and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


_children: list[int] = []
"""Peaks of programs that were run, in bytes."""


def note_child(peak: int) -> None:
    """For a codec that runs programs: one of them took `peak` bytes at most.

    What the system says of a child counts the memory of its parent.
    """
    _children.append(peak)


def peak() -> int:
    """The most bytes in memory since the last `reset_peak`.

    Those of the largest program that was run are added, because this process holds the data
    meanwhile.
    """
    return _status("VmHWM") + max(_children, default=0)


def reset_peak() -> None:
    """Gives freed memory back and starts a new measurement of the peak.

    Where the system has no such thing, the peak is that of the whole process so far.
    """
    _children.clear()
    with suppress(AttributeError):  # a C library that has no such function
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def limit_memory(size: int) -> None:
    """Allocations past `size` bytes fail from now on, as MemoryError in Python."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _status(field: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # no /proc: the peak is all that is known, in bytes on macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
