"""Running one program: with limits, in a folder of its own, and ended with all that it started."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from codelength.api.errors import CodelengthError
from codelength.workers import program
from codelength.workers.limits import lower_limit, note_child, read_status, resident
from codelength.workers.processes import end_everything, program_environment, signal_name

MAXRSS = 1 if sys.platform == "darwin" else 1024
"""Bytes in what systems count the most memory of a process in."""
TAIL = 4096
"""Bytes at the end of what a program prints that are read for its last line."""
STDERR, STDOUT = "stderr", "stdout"
"""In a program's folder: what it printed, the latter only if that is not what it is for."""
FIRST_LOOK, LAST_LOOK = 0.001, 0.05
"""Seconds between looks at a program that runs: more and more of them."""


class CommandFailed(CodelengthError):
    """A program that ended badly, or did not do what it is for."""

    exit_code = 3


@dataclass(frozen=True)
class Limits:
    """What one call of a program may take."""

    timeout: float
    memory: int | None
    """Bytes that each of its processes may allocate."""
    output: int
    """Bytes of each file that it writes."""


def run(
    words: Sequence[str], folder: Path, stdin: Path | None, stdout: Path, limits: Limits
) -> None:
    """Run a program in `folder`, where what it prints ends up beside its files.

    Raises CommandFailed, or TimeoutError when its time is up; whatever it started is gone then.
    """
    before = resident()
    with (
        (stdin or Path(os.devnull)).open("rb") as source,
        stdout.open("wb") as output,
        (folder / STDERR).open("wb") as errors,
    ):
        try:
            running = program.started(
                words,
                folder=folder,
                environment=program_environment(folder),
                confine=partial(_confine, limits),
                stdin=source,
                stdout=output,
                stderr=errors,
            )
            with running as process, Watch(process.pid, limits.timeout) as watch:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = code = os.waitstatus_to_exitcode(status)
        except OSError as error:
            raise CommandFailed(f"{words[0]} cannot be run: {error.strerror}") from error
    # A process is born with its parent's memory, and keeps that as the peak that is told at its
    # end; what is no more than that is only known from looking at it while it ran.
    told = usage.ru_maxrss * MAXRSS
    note_child(told if told > before else watch.peak)
    if watch.late:
        raise TimeoutError(f"{_program(words)} was ended after {limits.timeout:g} s")
    if code:
        raise CommandFailed(f"{_program(words)} {_ending(code, limits)}{last_line(folder)}")


@dataclass
class Watch:
    """A thread that watches a program, and ends it when its time is up."""

    pid: int
    timeout: float
    peak: int = 0
    """The most memory it had been seen to have had, in bytes."""
    late: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        start, pause = time.monotonic(), FIRST_LOOK
        while True:
            with suppress(OSError, StopIteration):  # it is gone, or there is no /proc
                self.peak = max(self.peak, read_status("VmHWM", self.pid))
            left = self.timeout - (time.monotonic() - start)
            if self._over.wait(min(pause, max(left, 0))):
                return
            if left <= 0:
                self.late = True
                end_everything(self.pid)
                return
            pause = min(1.3 * pause, LAST_LOOK)


def last_line(folder: Path) -> str:
    """`: ` and the last line that a program printed, to say why it failed; or nothing."""
    for path in filter(Path.exists, (folder / STDERR, folder / STDOUT)):
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            text = file.read().decode(errors="replace").replace("\r", "\n")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines:
            return f": {lines[-1][:200]}"
    return ""


def _confine(limits: Limits) -> None:
    """In the new process, before the program begins."""
    import resource

    lower_limit(resource.RLIMIT_CORE, 0)
    lower_limit(resource.RLIMIT_FSIZE, limits.output)
    if limits.memory is not None:
        lower_limit(resource.RLIMIT_DATA, limits.memory)


def _program(words: Sequence[str]) -> str:
    return Path(words[0]).name


def _ending(code: int, limits: Limits) -> str:
    if code == -signal.SIGXFSZ:
        return f"wrote more than {limits.output} bytes"
    if code < 0:
        return f"died of {signal_name(-code)}"
    return f"ended with exit code {code}"
