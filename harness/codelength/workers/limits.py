"""What a process knows and decides about itself: its time, its memory, and the limit of that."""

import ctypes
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from codelength.workers.processes import descendants


def resident() -> int:
    """Bytes of this process in memory now."""
    return _status("VmRSS")


def cpu_seconds() -> float:
    """CPU time of this process so far, all threads, and of all processes that it has started."""
    if sys.platform == "win32":  # which does not count those that were started
        return time.process_time()
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def children_cpu_seconds() -> float:
    """CPU time of the processes that this one has started and that are alive (on Linux)."""
    if sys.platform != "linux":
        return 0.0
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return 0.0
    return sum(process.cpu_seconds for process in descendants(os.getpid()))


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
    with suppress(AttributeError, TypeError):  # a C library that has no such function, or none
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def limit_memory(size: int) -> None:
    """Allocations past `size` bytes fail from now on, as MemoryError in Python (not on Windows)."""
    if sys.platform == "win32":
        return
    import resource

    lower_limit(resource.RLIMIT_DATA, size)


def lower_limit(which: int, size: int) -> None:
    """Set a limit of this process for good, unless it is lower already (on Unix)."""
    if sys.platform == "win32":
        raise NotImplementedError
    import resource

    hard = resource.getrlimit(which)[1]
    least = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(which, (least, least))


def read_status(field: str, process: int | str = "self") -> int:
    """Return bytes that the system counts for a process.

    Raises OSError without /proc, and StopIteration if the process has ended.
    """
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _status(field: str) -> int:
    try:
        return read_status(field)
    except OSError:  # no /proc
        pass
    if sys.platform == "win32":
        from codelength.results.windows import memory_counters

        counters = memory_counters()
        return int(counters.peak if field == "VmHWM" else counters.resident)
    import resource

    # the peak is all that is known, in bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
