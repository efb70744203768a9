"""The engine's side of a worker: starts it, asks, waits no longer than allowed, and ends it."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from codelength.api.errors import CodelengthError
from codelength.results.cell import Status
from codelength.workers import messages
from codelength.workers.limits import end_session
from codelength.workers.messages import Answer, Beat, Failed, Setup, Task

LIBRARY_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")

HEAP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""Freed memory stays with the worker while a batch is repeated (glibc), so that the median shows
the codec and not the kernel handing out fresh pages."""


@dataclass(frozen=True)
class Limits:
    """What one cell may take."""

    timeout: float
    """Seconds for each direction of a cell."""
    memory: int | None
    """Bytes that a worker may allocate."""
    threads: int
    """Threads that libraries may use in a worker."""


class Stopped(CodelengthError):
    """The run was stopped; what a dying worker still says is no result."""


class Crew:
    """The workers that are alive, so that all can be ended at once."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._lock = Lock()
        self.stopped = Event()

    def join(self, pid: int) -> None:
        """A worker has started."""
        with self._lock:
            self._pids.add(pid)

    def leave(self, pid: int) -> None:
        """A worker is gone."""
        with self._lock:
            self._pids.discard(pid)

    def stop(self) -> None:
        """Ends every worker; no answer counts from now on."""
        self.stopped.set()
        with self._lock:
            for pid in self._pids:
                end_session(pid)


class Worker:
    """One worker process. After an answer that says it died, `alive` is False and it is gone."""

    def __init__(self, setup: Setup, limits: Limits, crew: Crew, log: Path) -> None:
        self._crew, self._limits = crew, limits
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "codelength.run.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(limits.threads) | {"TMPDIR": str(log.parent.resolve())},
                bufsize=0,
                start_new_session=True,  # Ctrl-C is the engine's to handle
            )
        crew.join(self._process.pid)
        self.alive = True
        self._unread = b""
        self._send(setup)

    def ready(self) -> Answer:
        """Ready, or Failed with the reason why the codec cannot be had."""
        return self._wait(time.monotonic() + self._limits.timeout, lambda done: None)

    def ask(self, task: Task, advanced: Callable[[int], None]) -> Answer:
        """The answer to a task; Failed if the worker died or took too long."""
        self._send(task)
        return self._wait(time.monotonic() + self._limits.timeout, advanced)

    def close(self) -> None:
        """Ends the worker, whatever it is doing."""
        if self._process.poll() is None:
            end_session(self._process.pid)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self._crew.leave(self._process.pid)
        self.alive = False

    def _send(self, order: Setup | Task) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died before; _wait finds out
            self._process.stdin.write(messages.encode(order) + b"\n")

    def _wait(self, deadline: float, advanced: Callable[[int], None]) -> Answer:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                while b"\n" in self._unread:
                    line, _, self._unread = self._unread.partition(b"\n")
                    answer: Answer = messages.read_answer(line)
                    if not isinstance(answer, Beat):
                        return answer
                    advanced(answer.bytes)
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.close()
                    return Failed(
                        Status.TIMEOUT, f"no result after {self._limits.timeout:g} s; see --timeout"
                    )
                received = os.read(self._process.stdout.fileno(), 1 << 16)
                if not received:
                    return self._died()
                self._unread += received

    def _died(self) -> Failed:
        code = self._process.wait()
        self.close()
        if self._crew.stopped.is_set():
            raise Stopped("stopped")
        if code == -signal.SIGKILL:
            return Failed(
                Status.OUT_OF_MEMORY, "killed by the system, as it does when memory runs out"
            )
        if code < 0:
            return Failed(Status.FAILED, f"its process died of {signal.Signals(-code).name}")
        return Failed(Status.FAILED, f"its process ended with exit code {code} and no result")


def _environment(threads: int) -> dict[str, str]:
    variables = {f"{library}_NUM_THREADS": str(threads) for library in LIBRARY_THREADS}
    # a thread that spins while it waits can cost another process a factor of a hundred
    return {**os.environ, **variables, **HEAP, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "0"}
