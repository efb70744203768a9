"""What a run was made with and on: the record that its cells refer to, and what `doctor` shows."""

import os
import platform
import shlex
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from codelength.api.spec import escape_bytes
from codelength.coding import device
from codelength.results.cell import SCHEMA, Environment


def command_line() -> str:
    """Return what was typed."""
    return escape_bytes(shlex.join(["codelength", *sys.argv[1:]]))


def environment(threads: int, jobs: int, sandbox: str = "none") -> Environment:
    """The record of a run that starts now."""
    return Environment(
        run=uuid.uuid4().hex[:12],
        schema=SCHEMA,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        command=command_line(),
        codelength=version("codelength"),
        commit=commit(),
        machine=describe_machine(),
        versions=_versions("msgspec", "numpy", "pluggy"),
        threads=threads,
        jobs=jobs,
        sandbox=sandbox,
    )


def _versions(*names: str) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def describe_machine() -> dict[str, str]:
    """The processor, its cores, how busy they are, the system and the device."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts = {
        "processor": processor(),
        "cores": f"{usable} usable of {os.cpu_count()}",
        "memory": f"{memory_bytes() / 1e9:.1f} GB",
        "load": _load(),
        "governor": _governor(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    where = device.chosen()
    return facts if where == device.PROCESSOR else {**facts, "device": where}


def memory_bytes() -> int:
    """What the machine has."""
    if sys.platform == "win32":
        from codelength.results.windows import total_memory

        return total_memory()
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def commit() -> str:
    """The git commit that codelength runs from, as `git_head` has it; "" for a release."""
    here = Path(__file__).parent
    try:
        tracked = subprocess.run(
            ["git", "-C", str(here), "ls-files", "--error-unmatch", __file__], capture_output=True
        )
    except OSError:
        return ""
    return "" if tracked.returncode else git_head(here)[0]


def git_head(folder: Path) -> tuple[str, str]:
    """Return the commit of a repository, `+changes` behind it if there are any, and its subject.

    Both are empty if there is none.
    """
    git = ["git", "-C", str(folder)]
    show = [*git, "log", "-1", "--format=%H%n%s"]
    status = [*git, "status", "--porcelain", "--untracked-files=no"]
    try:
        shown, changes = (
            subprocess.run(command, capture_output=True, text=True, errors="replace", check=True)
            for command in (show, status)
        )
    except (OSError, subprocess.CalledProcessError):
        return "", ""
    head, _, subject = shown.stdout.partition("\n")
    return head + ("+changes" if changes.stdout else ""), subject.strip()


def processor() -> str:
    """What the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _load() -> str:
    if sys.platform == "win32":
        return "unknown"
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _governor() -> str:
    try:
        return (
            Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
            .read_text(encoding="utf-8")
            .strip()
        )
    except OSError:
        return "unknown"
