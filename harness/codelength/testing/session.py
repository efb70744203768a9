"""The caller's side of a process of the kit: starts it, asks, waits no longer than allowed."""

import io
import os
import pickle
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codelength.testing import messages
from codelength.testing.messages import Finding, Lost, Outcome, Returned, named
from codelength.workers.limits import end_session
from codelength.workers.supervisor import LIBRARY_THREADS

ARRIVES = "reaches another process"
"""The check that a session passes or fails by being there."""

TIMEOUT = 20.0
"""Seconds that one call of a codec may take."""
READING = 600.0
"""Seconds for a call that goes through a whole corpus, or steps a predictor many times."""
MEMORY = 2 << 30
"""Bytes that a process may allocate after its start."""
STARTING = 120.0
"""Seconds until a process has imported what it needs."""
PATIENCE = 3
"""Calls that may be lost before no more are tried: each costs a process, or a timeout."""


class Session:
    """Calls in one process, which nothing that they do can get out of. After a call that ends the
    process, the next one gets a new process."""

    def __init__(
        self, thing: Any, timeout: float, memory: int, hash_seed: int, threads: int = 1
    ) -> None:
        """Raises Finding if `thing` cannot be sent."""
        self._timeout = timeout
        self._job = _packed(thing, memory)
        self._environment = _environment(hash_seed, threads)
        self._lost = 0
        self._ready = False
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def wait(self) -> None:
        """Until the thing has arrived. Raises Finding if it does not."""
        outcome = self._receive(STARTING)
        if not isinstance(outcome, Returned):
            raise Finding(f"loading it {outcome.problem}")
        self._ready = True

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """What `function(thing, *arguments)` comes to; it stands at the top of a module here."""
        if self._lost == PATIENCE:
            return Lost(f"was not tried after {PATIENCE} calls that never came back")
        try:
            self._revive()
        except Finding as finding:
            return Lost(f"was not tried: {finding}")
        self._send(pickle.dumps((function, arguments)))
        outcome = self._receive(self._timeout)
        self._lost += isinstance(outcome, Lost)
        return outcome

    def _revive(self) -> None:
        if self._process is None:
            self._start()
        if not self._ready:
            self.wait()

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._ready = False
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            # without -P a module in the current folder could take the place of another
            [sys.executable, "-P", "-m", "codelength.testing.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._environment,
            start_new_session=True,  # what it starts is ended with it
        )
        self._send(self._job)

    def _send(self, message: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died before; _receive finds out
            self._process.stdin.write(message)
            self._process.stdin.flush()

    def _receive(self, seconds: float) -> Outcome:
        deadline = time.monotonic() + seconds
        try:
            size = int.from_bytes(self._read(messages.SIZE, deadline), "little")
            return messages.read.decode(self._read(size, deadline))
        except TimeoutError:
            self._end()
            return Lost(f"took longer than {seconds:g} s")
        except EOFError:
            return Lost(self._death())

    def _read(self, size: int, deadline: float) -> bytes:
        """Raises TimeoutError, or EOFError if the process is gone."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while len(received) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                piece = os.read(pipe, size - len(received))
                if not piece:
                    raise EOFError
                received += piece
        return bytes(received)

    def _death(self) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            self._end()
            return "closed what its process answers with, and went on"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        words = f" ({lines[-1][:200]})" if lines else ""
        self._end()
        if code < 0:
            return f"killed its process with {signal.Signals(-code).name}{words}"
        return f"ended its process with exit code {code}{words}"

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            end_session(self._process.pid)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self._process = None


class _Pickler(pickle.Pickler):
    """Sends a class by its name. Pickle itself insists that the name still leads to that very
    class, and gives up on one whose file has been loaded again since."""

    def reducer_override(self, thing: Any) -> Any:
        if not isinstance(thing, type) or "<locals>" in thing.__qualname__:
            return NotImplemented
        return named, (thing.__module__, thing.__qualname__)


def _packed(thing: Any, memory: int) -> bytes:
    """The first message for a process. Raises Finding if another process cannot have `thing`."""
    module, pickled = type(thing).__module__, io.BytesIO()
    try:
        _Pickler(pickled).dump(thing)
    except Exception as error:
        raise Finding(
            f"{type(thing).__qualname__} cannot be sent to another process: {error}; its class has "
            "to stand at the top of a module, its fields have to be plain values"
        ) from error
    file = getattr(sys.modules.get(module), "__file__", None)
    return pickle.dumps((module, file and str(Path(file).absolute()), pickled.getvalue(), memory))


def _environment(hash_seed: int, threads: int) -> dict[str, str]:
    variables = {f"{library}_NUM_THREADS": str(threads) for library in LIBRARY_THREADS}
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, **variables, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": path}
