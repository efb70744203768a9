"""What a worker runs: the process that was started guards, and a second one works."""

import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from codelength.workers.processes import adopt_orphans, die_with_parent, end_descendants

PROGRAM = "from codelength.workers.child import main; main()"
"""What Python runs. Its arguments: the descriptor of the channel, the folder, and the process that
is served."""


def main() -> None:
    """Guard in the process that was started, and work in another one (on Unix)."""
    if sys.platform == "win32":  # no fork; the process ends when its supervisor closes the channel
        from codelength.workers.calls import serve

        serve(socket.fromshare(sys.stdin.buffer.read()))
        return
    descriptor, folder, served = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    signal.signal(signal.SIGTERM, _stop)
    die_with_parent(signal.SIGTERM)
    adopt_orphans()
    worker = os.fork()
    if worker:
        _guard(worker, folder, served)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    from codelength.workers.calls import serve  # the process that guards does without

    serve(socket.socket(fileno=descriptor))


class _Stop(Exception):
    """The process that is served has ended, or wants this one to end."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stop


def _guard(worker: int, folder: str, served: int) -> NoReturn:
    """Wait for the process that works, end what it has left, and end in the same way."""
    if sys.platform == "win32":
        raise NotImplementedError
    import resource

    status = signal.SIGKILL.value
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # the end of the channel is not to stay open
        if os.getppid() == served:  # or else it has ended before it could tell
            while (ended := os.waitpid(-1, 0))[0] != worker:
                pass
            status = ended[1]
    except _Stop:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_descendants(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):  # nobody handles SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
