"""What this process runs of a plugin, so that the process that guards it can say what ended it.

`cli.guard` has every command in a process of its own. That process notes here which plugin it
loads, and which corpus it reads.
"""

import mmap
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIZE = 4096
LOADING = 60.0
"""Seconds that a plugin may take to load."""

_notes: list[mmap.mmap] = []
"""Memory that is shared with the guard, if there is one."""


def note_to(shared: mmap.mmap) -> None:
    """Begin to note in memory of SIZE bytes."""
    _notes[:] = [shared]


def note(text: str) -> None:
    """Note what happens now, in place of what was noted before."""
    for shared in _notes:
        shared[:] = text.encode(errors="backslashreplace")[:SIZE].ljust(SIZE, b"\0")


@contextmanager
def guard_plugin(what: str, seconds: float = 0) -> Iterator[None]:
    """Run code of a plugin that has no reason to read or print anything.

    While it runs in a command, standard input is empty, and what is printed goes to standard error.
    Afterwards the three are as before, whatever the code has done to them.

    Args:
        what: What it is, for an error: "loading the plugin x".
        seconds: How long it may take; without a limit if 0. Raises TimeoutError.
    """
    if not _notes:
        yield
        return
    before, streams = _notes[0][:], (sys.stdin, sys.stdout, sys.stderr)
    note(what)
    _flush()
    kept = [os.dup(stream) for stream in range(3)]
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    try:
        with _limited(seconds):
            yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        try:
            _flush()
            for stream, copy in enumerate(kept):
                os.dup2(copy, stream)
                os.close(copy)
        except (OSError, ValueError):  # nobody knows where output would go now
            note(f"{what}, which closes files that are not its own")
            os._exit(3)
        _notes[0][:] = before


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"it took longer than {seconds:g} s")

    if sys.platform == "win32" or not seconds:
        yield
        return
    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
