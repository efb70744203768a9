"""What Windows says about memory; elsewhere other modules ask the system themselves."""

import ctypes
from ctypes import POINTER, Structure, byref, c_size_t, c_uint32, c_uint64, c_void_p, sizeof
from typing import Any


class Counters(Structure):
    """PROCESS_MEMORY_COUNTERS, in bytes."""

    _fields_ = (
        ("size", c_uint32),
        ("faults", c_uint32),
        ("peak", c_size_t),
        ("resident", c_size_t),
        ("others", c_size_t * 6),
    )


class Memory(Structure):
    """MEMORYSTATUSEX, in bytes."""

    _fields_ = (
        ("size", c_uint32),
        ("load", c_uint32),
        ("total", c_uint64),
        ("others", c_uint64 * 6),
    )


def memory_counters() -> Counters:
    """Count the memory of this process: `peak` of its whole life, and `resident` now."""
    kernel, counters = _kernel(), Counters(size=sizeof(Counters))
    kernel.GetCurrentProcess.restype = c_void_p
    ask = kernel.K32GetProcessMemoryInfo
    ask.argtypes = (c_void_p, POINTER(Counters), c_uint32)
    ask(kernel.GetCurrentProcess(), byref(counters), sizeof(Counters))
    return counters


def total_memory() -> int:
    """Return the bytes of memory that the machine has."""
    memory = Memory(size=sizeof(Memory))
    _kernel().GlobalMemoryStatusEx(byref(memory))
    return int(memory.total)


def _kernel() -> Any:  # noqa: ANN401 (ctypes.WinDLL is unknown elsewhere)
    return getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009
