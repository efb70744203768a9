"""What a worker knows and decides about its own process: memory, limits, who it dies with."""

import ctypes
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1


def resident() -> int:
    """Bytes of this process in memory now."""
    return _status("VmRSS")


def peak() -> int:
    """The most bytes in memory since the last `reset_peak`."""
    return _status("VmHWM")


def reset_peak() -> None:
    """Gives freed memory back and starts a new measurement of the peak. Where the system has no
    such thing, the peak is that of the whole process so far."""
    with suppress(AttributeError):  # a C library that has no such function
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def limit_memory(size: int) -> None:
    """Allocations past `size` bytes fail from now on, as MemoryError in Python."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def die_with_parent() -> None:
    """A worker whose engine is killed goes too (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _status(field: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # no /proc: the peak is all that is known, in bytes on macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
