"""How a child process starts and ends: its environment, and what is killed along with it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that nobody can ignore, as far as there is one."""

LIBRARY_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")

HEAP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""Freed memory stays with the process while a batch is repeated (glibc), so that the median shows
the codec and not the kernel handing out fresh pages."""

OLD_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",
    "DNNL_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "NUMBA_CPU_FEATURES": "",
    "NUMBA_CPU_NAME": "generic",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
}
"""Variables under which PyTorch, oneDNN, MKL, Numba and OpenBLAS use basic instructions only."""

KEPT = ("LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH")
"""Variables that programs of others see as they are. The rest may hold options, as XZ_DEFAULTS
does, and blobs would depend on them."""

ENDING = 5.0
"""Seconds until `end_descendants` gives up on a process that the system cannot end."""


def worker_environment(
    folder: Path,
    threads: int | None,
    hash_seed: int,
    timed: bool,
    variables: Mapping[str, str],
    own_home: bool,
) -> dict[str, str]:
    """Make the variables of a Python process that works for this one.

    Args:
        folder: Where its temporary files go.
        threads: What its libraries may use; None leaves it to them.
        hash_seed: For the order of sets.
        timed: It measures times, so the heap keeps what is freed.
        variables: More of them, as OLD_PROCESSOR.
        own_home: The folder is its home, too. What is kept in caches it finds all the same.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    home = {"HOME": str(folder), "XDG_CACHE_HOME": cache} if own_home else {}
    libraries = () if threads is None else LIBRARY_THREADS
    return {
        **os.environ,
        **{f"{library}_NUM_THREADS": f"{threads}" for library in libraries},
        **(HEAP if timed else {}),
        **home,
        **variables,
        # a thread that spins while it waits can cost another process a factor of a hundred
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONHASHSEED": f"{hash_seed}",
        "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
        "TMPDIR": str(folder),
    }


def program_environment(folder: Path) -> dict[str, str]:
    """Make the variables of a program that is not ours, and that works in `folder`."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C", "TZ": "UTC"}


def die_with_parent(how: int = KILL) -> None:
    """Have the system send this process a signal when the thread that started it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)


def adopt_orphans() -> None:
    """Make a descendant of this process its child when its own parent ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_everything(leader: int) -> None:
    """Kill a process, and all that it has started.

    That is its process group, its session, and all that descends from it. A descendant whose own
    parent has ended is found if a process in between has called `adopt_orphans`, as guards do.
    Without /proc only the process group is killed. On Windows it is the process and what descends
    from it.
    """
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", f"{leader}"], capture_output=True)
        return
    end_descendants(leader)
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)


def end_descendants(leader: int) -> None:
    """Kill what `end_everything` does, save the process itself (on Unix)."""
    if sys.platform == "win32":
        raise NotImplementedError
    deadline = time.monotonic() + ENDING
    while time.monotonic() < deadline:
        victims = [process.pid for process in descendants(leader) if process.state != "Z"]
        if not victims:
            return
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)  # then none is left, or a few that were born meanwhile


def signal_name(number: int) -> str:
    """Return the name of a signal; real-time signals have only a number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Process(NamedTuple):
    """What /proc says of a process."""

    pid: int
    state: str
    """A letter; "Z" if it has ended and nobody has waited for it."""
    parent: int
    group: int
    session: int
    cpu_seconds: float
    """CPU time so far, with that of the children that it has waited for."""


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended does not, also if nobody has waited for it.

    Where the system does not say, it does.
    """
    if Path("/proc/self/stat").exists():
        return any(process.state != "Z" for process in _processes(str(pid)))
    try:
        if sys.platform != "win32":
            os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def descendants(leader: int) -> list[Process]:
    """List the processes that belong to `leader`, without itself."""
    everyone = list(_processes())
    family = {leader}
    before = 0
    while len(family) > before:
        before = len(family)
        family |= {p.pid for p in everyone if p.parent in family or leader in (p.group, p.session)}
    return [process for process in everyone if process.pid in family - {leader}]


def cpu_seconds_of(leader: int) -> float:
    """CPU time of a process and of all that it has started, as the system counts it.

    Those that have ended count if their parents, or whoever adopted them, waited for them. To a
    hundredth of a second for each process. 0 without /proc.
    """
    family, seconds = [leader], 0.0
    if not Path("/proc/thread-self/children").exists():  # a system without such lists
        family += [process.pid for process in descendants(leader)]
    for pid in family:  # which grows
        seconds += sum(process.cpu_seconds for process in _processes(str(pid)))
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):
                family += map(int, children.read_text().split())
    return seconds


def _processes(which: str = "[0-9]*") -> Iterator[Process]:
    for folder in Path("/proc").glob(which):
        with suppress(OSError, ValueError):
            # behind the name, which may hold anything, stand state, parent, group, session
            state, *numbers = (folder / "stat").read_text().rpartition(")")[2].split()[:15]
            parent, group, session, *_ = map(int, numbers)
            seconds = sum(map(int, numbers[10:14])) / os.sysconf("SC_CLK_TCK")
            yield Process(int(folder.name), state, parent, group, session, seconds)
