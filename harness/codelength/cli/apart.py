"""Work that is done in another process, so that whatever becomes of it, and of the codec in it, no
broken file is left."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from codelength.cli.files import PIPE, STANDARD_INPUT, Ended, Input, appearing
from codelength.container.container import RoundTripError
from codelength.container.fields import ContainerError
from codelength.workers.limits import die_with_parent, end_session

SAID = (1, 2, 3, 4)
"""Exit codes of a process that has said why: 1 with a traceback, the others in a line."""


def plugin_options(files: Sequence[str]) -> list[str]:
    """The options that load the same plugins in another process."""
    return [option for file in files for option in ("--plugin", file)]


def into_file(task: str, file: str, out: str, force: bool, options: Sequence[str]) -> int:
    """Has another process do `task` into `out`, which appears when that is done; the exit code.

    What that process has to say goes where this one's errors go.
    """
    path = Path(out).resolve()
    with Input(file) as source:  # to see whether it can be read, and by whom
        mode = source.mode
    try:
        with (
            appearing(path, force, mode) as part,
            Child([task, *options, "-o", PIPE, "--", file], stdout=part) as child,
        ):
            if code := child.wait():
                raise Ended(code)
    except Ended as ended:
        return ended.code
    return 0


class Child:
    """Another process of this program. Leaving the context ends it."""

    def __init__(self, arguments: Sequence[str], **streams: Any) -> None:
        self._answer, done = os.pipe()
        task, *others = arguments
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "codelength", task, "--done", str(done), *others],
                pass_fds=[done],
                start_new_session=True,  # Ctrl-C is for the process that has the file
                # threads that spin while they wait would take the core from the other process
                env={**os.environ, "PYTHONPATH": path, "OMP_WAIT_POLICY": "PASSIVE"},
                **streams,
            )
        finally:
            os.close(done)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process.poll() is None:
            end_session(self.process.pid)
            self.process.wait()
        os.close(self._answer)

    def wait(self) -> int:
        """The exit code of a process that has come to an end of its own. Raises ContainerError if
        it was brought to one."""
        done = os.read(self._answer, 1)
        code = self.process.wait()
        if code < 0:
            raise ContainerError(f"the codec's process died of {signal.Signals(-code).name}")
        if code not in SAID and not done:
            raise ContainerError(
                f"the codec's process ended with exit code {code}, before its time"
            )
        return code


class Verifier:
    """A process that reads a container and finds out whether it decodes to what went in."""

    def __init__(self, files: Sequence[str], claim: str) -> None:
        """`claim` is what it means if it does not."""
        self._claim = claim
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._child = Child(
            ["decompress", "--test", *plugin_options(files), "--", PIPE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        assert self._child.process.stdin is not None
        self._pipe = self._child.process.stdin

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._child.__exit__()
        with suppress(OSError):
            self._pipe.close()
        self._errors.close()

    def write(self, piece: bytes) -> None:
        """The next bytes of the container. Raises RoundTripError."""
        try:
            self._pipe.write(piece)
        except BrokenPipeError:  # it has seen enough
            self._judge()

    def finish(self) -> None:
        """There are no more. Raises RoundTripError unless they are right."""
        with suppress(BrokenPipeError):
            self._pipe.close()
        self._judge()

    def _judge(self) -> None:
        try:
            code = self._child.wait()
        except ContainerError as error:
            raise RoundTripError(f"{self._claim}: {error}") from error
        if code:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines() or [""]
            reason = lines[-1].removeprefix("codelength: ").removeprefix(f"{STANDARD_INPUT}: ")
            raise RoundTripError(f"{self._claim}: {reason}")


def ending_with_its_parent(done: int | None) -> None:
    """A process that another one waits for is not to outlive it."""
    if done is not None:
        die_with_parent()


def say_done(done: int | None) -> None:
    """Tells the process that asked that all is done."""
    if done is not None:
        os.write(done, b"\1")
