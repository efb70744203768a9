"""Programs that are not ours: how one is started, and ended with what it has started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from codelength.api.errors import Unavailable
from codelength.workers.processes import die_with_parent, end_everything

Stream = IO[bytes] | int | None


@contextmanager
def started(
    words: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    confine: Callable[[], None] = lambda: None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a program in a session of its own; it is gone when the context is left.

    So is what descends from it. If it has ended by itself, orphans in other sessions stay until the
    worker ends that runs the program.

    Args:
        words: The program and its arguments.
        folder: Where it works.
        environment: Its variables; by default those of this process.
        confine: Called in the new process before the program begins.
        stdin: A file, or what subprocess takes in its place; so for the other two.

    Raises:
        OSError: It cannot be started.
        Unavailable: This is Windows.
    """
    if sys.platform == "win32":
        raise Unavailable(f"{words[0]} is not run: programs are measured on Unix only")

    def prepare() -> None:
        die_with_parent()
        confine()

    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=prepare,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            end_everything(process.pid)
            process.wait()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
