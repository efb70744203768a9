"""The supervisor of a worker: starts it, has it call functions, and ends it with all it started."""

import os
import pickle
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from subprocess import PIPE
from threading import Lock, Thread
from typing import Generic, Self, TypeVar

from codelength.api.errors import CodelengthError, Unavailable
from codelength.workers.child import HIDDEN, NEEDED, PROGRAM
from codelength.workers.messages import (
    UNREADABLE,
    Advanced,
    Channel,
    Done,
    Nonsense,
    Reply,
    Threw,
    read_reply,
    reads,
)
from codelength.workers.processes import (
    cpu_seconds_of,
    descendants,
    end_everything,
    signal_name,
    worker_environment,
)
from codelength.workers.sandbox import Sandbox

T = TypeVar("T")

ERRORS = 1 << 16
"""Bytes at the end of what a worker prints that are kept. A pipe holds no more (Linux)."""
STDERR = 2

SETTLING = 0.1
"""Seconds until what a worker has printed has been read, on Windows."""
LEAVING = 1.0
"""Seconds that a worker may take to end after it has closed its channel."""


class CallFailed(CodelengthError):
    """A function that a worker called and that did not come back."""

    exit_code = 3


class FunctionRaised(CallFailed):
    """The function raised an exception; the worker goes on."""

    def __init__(self, threw: Threw) -> None:
        super().__init__(threw.reason)
        self.exit_code, self.kinds = threw.exit_code, threw.kinds


class WorkerLost(CallFailed):
    """The worker is gone."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"its process {problem}")
        self.problem = problem
        """What its process did, as in "ended with exit code 7"."""


class TimedOut(WorkerLost):
    """The worker took too long, and was ended."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(f"gave no result in {timeout:g} s")


class Died(WorkerLost):
    """The worker ended by itself, or was killed by the system."""

    def __init__(self, code: int) -> None:
        """`code` is negative for a signal."""
        self.code = code
        if code < 0:
            super().__init__(f"died of {signal_name(-code)}")
        else:
            super().__init__(f"ended with exit code {code} and no result")


class Stopped(CodelengthError):
    """The crew of the worker was stopped."""

    exit_code = 3


class Crew:
    """The workers that are alive, so that all can be ended at once."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._lock = Lock()
        self.stopped = False

    def join(self, pid: int) -> None:
        """Add a worker that has started. Raises Stopped if the crew has been stopped."""
        with self._lock:
            if self.stopped:
                raise Stopped("stopped")
            self._pids.add(pid)

    def leave(self, pid: int) -> None:
        """Remove a worker."""
        with self._lock:
            self._pids.discard(pid)

    def stop(self) -> None:
        """End every worker; none starts from now on."""
        with self._lock:
            self.stopped = True
            for pid in self._pids:
                end_everything(pid)


class Supervisor:
    """Has a worker, a process of its own, call functions.

    Leaving the context ends the worker with all that it has started, and removes its folder.
    """

    def __init__(
        self,
        *,
        threads: int | None = 1,
        hash_seed: int = 0,
        timed: bool = False,
        variables: Mapping[str, str] = {},
        within: Path | None = None,
        keep_errors: bool = True,
        descriptors: Collection[int] = (),
        own_home: bool = False,
        sandbox: Sandbox = Sandbox.NONE,
        hidden: Collection[Path] = (),
        needed: Collection[Path] = (),
        crew: Crew | None = None,
    ) -> None:
        """Start the worker.

        Args:
            threads: What its libraries may use; None leaves it to them.
            hash_seed: For the order of sets.
            timed: It measures times.
            variables: What its environment has besides, as OLD_PROCESSOR.
            within: The folder that its own is made in; by default that of the system.
            keep_errors: Keep what it prints, for `errors`; or else it goes to standard error.
            descriptors: What it finds open under the same numbers.
            own_home: Its folder is its home, and where it works.
            sandbox: How far it is kept to itself.
            hidden: Files and folders that it cannot see, in namespaces.
            needed: With these, it sees in /tmp, /var/tmp and home little else, in namespaces.
            crew: Whom to end it with. Raises Stopped if that has been stopped.
        """
        self._crew = crew or Crew()
        self.folder = Path(tempfile.mkdtemp(prefix="codelength-", dir=within)).resolve()
        """Of its temporary files."""
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._printed = Printed() if keep_errors else None
        with theirs:
            sink = self._printed.sink if self._printed else STDERR
            environment = worker_environment(
                self.folder, threads, hash_seed, timed, variables, own_home
            )
            words = [f"{theirs.fileno()}", str(self.folder), f"{os.getpid()}", sandbox.value]
            words += [f"{HIDDEN}{path}" for path in hidden]
            words += [f"{NEEDED}{path}" for path in needed]
            where = self.folder if own_home else None
            self._process = _start(words, where, environment, sink, theirs, descriptors)
        if self._printed:
            self._printed.begin()
        self.alive = True
        try:
            self._crew.join(self._process.pid)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def begin(self, task: "partial[T]", timeout: float | None = None) -> "Pending[T]":
        """Have the worker call `task`, without waiting for the result.

        Args:
            task: A function that stands at the top of a module, and what it is called with. What it
                returns must have plain types that MessagePack knows, and be annotated.
            timeout: Seconds until the worker is ended.

        Raises:
            WorkerLost: The worker is gone since an earlier call.
        """
        if not self.alive:
            raise WorkerLost("has ended before")
        pending = Pending(self, task, timeout)
        with suppress(OSError):  # the worker has ended, which its result will say
            self._channel.send(pickle.dumps(task), pending.deadline)
        return pending

    def call(
        self,
        task: "partial[T]",
        timeout: float | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> T:
        """Have the worker call `task` and return the result; see `begin` and `Pending.result`."""
        return self.begin(task, timeout).result(on_progress)

    def errors(self) -> str:
        """Return the end of what the worker has printed since this was last called."""
        return self._printed.take() if self._printed else ""

    def cpu_seconds(self) -> float:
        """CPU time so far of the worker and all that it has started, as the system counts it."""
        return cpu_seconds_of(self._process.pid)

    def started(self) -> list[int]:
        """The worker's processes, and those of what it has started and left running."""
        return [self._process.pid, *(child.pid for child in descendants(self._process.pid))]

    def close(self) -> None:
        """End the worker, whatever it is doing. What it printed can still be read."""
        if self.alive and self._process.poll() is None:
            end_everything(self._process.pid)
        self._process.wait()
        self._crew.leave(self._process.pid)
        self._channel.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.alive = False

    def _receive(self, deadline: float | None) -> Reply:
        """Raises TimeoutError, Nonsense, or what became of a worker that has closed its channel."""
        try:
            return read_reply(self._channel.receive(deadline))
        except EOFError:
            pass
        try:
            code = self._process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            raise Nonsense("closed the channel for its answer and went on") from None
        self.close()
        raise Stopped("stopped") if self._crew.stopped else Died(code)


def _start(
    words: Sequence[str],
    folder: Path | None,
    environment: Mapping[str, str],
    sink: int,
    channel: socket.socket,
    descriptors: Collection[int],
) -> "subprocess.Popen[bytes]":
    """Start a worker in a folder; it finds `channel` and `descriptors`. Ctrl-C is not for it."""
    command = [sys.executable, "-P", "-c", PROGRAM]
    if sys.platform == "win32":
        if descriptors:
            raise Unavailable("on Windows no open file can be given to another process")
        group = subprocess.CREATE_NEW_PROCESS_GROUP
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=PIPE,
            stdout=sink,
            stderr=sink,
            env=environment,
            creationflags=group,
        )
        assert process.stdin
        with process.stdin as stdin:
            stdin.write(channel.share(process.pid))
        return process
    return subprocess.Popen(
        [*command, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        env=environment,
        pass_fds=[channel.fileno(), *descriptors],
        start_new_session=True,
    )


class Printed:
    """Keeps the end of what a worker prints.

    It comes through a pipe, so that a flood fills no disk. A thread empties the pipe, so that the
    worker never waits for this process.
    """

    def __init__(self) -> None:
        self._source, self.sink = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(self._source, False)
        self._end, self._lock = bytearray(), Lock()

    def begin(self) -> None:
        """Leave the sink to the worker, which has it by now."""
        os.close(self.sink)
        Thread(target=self._keep_reading, daemon=True).start()

    def take(self) -> str:
        """Return what was printed since this was last called, or the end of it."""
        if sys.platform == "win32":
            time.sleep(SETTLING)
        with self._lock:
            if sys.platform != "win32":
                self._read()
            text, self._end = self._end.decode(errors="replace").strip(), bytearray()
        return text

    def _keep_reading(self) -> None:
        if sys.platform == "win32":
            while piece := os.read(self._source, ERRORS):
                with self._lock:
                    self._end = (self._end + piece)[-ERRORS:]
            return
        poll, going = select.poll(), True
        poll.register(self._source, select.POLLIN)
        while going:
            poll.poll()
            with self._lock:
                going = self._read()
                if not going:
                    os.close(self._source)
                    self._source = -1

    def _read(self) -> bool:
        """Read what is in the pipe, as much as it can hold; return whether more may come."""
        try:
            piece = os.read(self._source, ERRORS)
        except OSError:  # there is nothing now, or the pipe is closed
            return True
        self._end = (self._end + piece)[-ERRORS:]
        return bool(piece)


class Pending(Generic[T]):
    """A call whose result is still to come."""

    def __init__(self, supervisor: Supervisor, task: "partial[T]", timeout: float | None) -> None:
        self._supervisor, self._function, self._timeout = supervisor, task.func, timeout
        self.deadline = None if timeout is None else time.monotonic() + timeout

    def result(self, on_progress: Callable[[int], None] = lambda _: None) -> T:
        """Wait for what the function returns.

        Args:
            on_progress: Told what the function gives to `calls.report_progress`.

        Raises:
            FunctionRaised: The function raised; the worker goes on.
            TimedOut, Died, WorkerLost: The worker is gone.
            Stopped: Its crew was stopped meanwhile.
        """
        try:
            while isinstance(reply := self._supervisor._receive(self.deadline), Advanced):
                on_progress(reply.done)
            if isinstance(reply, Threw):
                raise FunctionRaised(reply)
            return self._value(reply)
        except TimeoutError:
            self._supervisor.close()
            raise TimedOut(self._timeout or 0.0) from None
        except Nonsense as error:
            self._supervisor.close()
            raise WorkerLost(str(error)) from error

    def _value(self, reply: Done) -> T:
        try:
            value: T = reads(self._function)(reply.value)
        except UNREADABLE as error:
            raise Nonsense(str(error)) from error
        return value
