"""Runs a command in a process of its own, and knows one success: that the command says its end.

Commands load plugins, and a plugin may end its process. Then the exit code is not what the command
came to, even if it is 0.
"""

import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from codelength.running import SIZE, note, note_to
from codelength.workers.processes import KILL, die_with_parent, signal_name

STOPPING = {signal.SIGINT, signal.SIGTERM}
if sys.platform != "win32":
    STOPPING.add(signal.SIGHUP)
"""Signals that are for the command."""
ENDED = "ended "
"""What a command notes last; its exit code follows."""
TWICE = 0.5
"""Seconds within which a second signal is the first one again: a group and the guard had it."""


def guarded(command: Callable[[], int]) -> int:
    """Return the exit code of a command that runs in another process (on Unix).

    In that process this function returns, too. A command that ends without having said so failed:
    with 3 if code of a plugin ran, or else with 70.
    """
    if sys.platform == "win32":
        return command()
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:  # it is closed, and a file that is opened must not get its number
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - it stays open
    shared = mmap.mmap(-1, SIZE)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING | {signal.SIGCHLD})
    guard = os.getpid()
    child = os.fork()
    if child:
        os._exit(_wait(child, shared))
    die_with_parent()
    if os.getppid() != guard:  # it ended before this process could ask for that
        os._exit(70)
    note_to(shared)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _Interrupt())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING | {signal.SIGCHLD})
    code = command()
    note(f"{ENDED}{code}")
    return code


class _Interrupt:
    """Raises KeyboardInterrupt, so that nothing is left behind."""

    _before = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        before, type(self)._before = self._before, time.monotonic()
        if self._before - before > TWICE:
            raise KeyboardInterrupt


def _wait(child: int, shared: mmap.mmap) -> int:
    """Pass signals on to a command until it has ended, and return its exit code."""
    if sys.platform == "win32":
        raise NotImplementedError
    status = None
    while status is None:
        if sys.platform == "linux":
            arrived = signal.sigwaitinfo(STOPPING | {signal.SIGCHLD})
            number, by_terminal = arrived.si_signo, arrived.si_code > 0
        else:
            number, by_terminal = signal.sigwait(STOPPING | {signal.SIGCHLD}), False
        if number == signal.SIGCHLD:
            pid, ended = os.waitpid(child, os.WNOHANG)
            status = ended if pid else None
        elif number != signal.SIGINT or not by_terminal:  # the terminal has told both
            os.kill(child, number)
    noted = shared[:].rstrip(b"\0").decode(errors="replace")
    if noted.startswith(ENDED):
        return int(noted.removeprefix(ENDED))
    return _fail(noted, os.waitstatus_to_exitcode(status))


def _fail(noted: str, code: int) -> int:
    from codelength.cli import fail

    if code == -KILL:
        how = "was killed by the system, as it does when memory runs out"
    elif code < 0:
        how = f"died of {signal_name(-code)}"
    else:
        how = f"ended with exit code {code}"
    if noted:
        return fail(f"{noted}: the process {how}; the command did nothing else", 3)
    return fail(f"the process of the command {how} before it was done", 70)
