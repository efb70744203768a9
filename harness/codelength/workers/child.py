"""What a worker runs: the process that was started guards, and a second one works.

In namespaces there is a third one between them, because a namespace of processes has a first
process, whose end is the end of all.
"""

import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from codelength.workers.processes import adopt_orphans, die_with_parent, end_descendants
from codelength.workers.sandbox import (
    Sandbox,
    enter_namespaces,
    leave_process_namespace,
    restrict_writing,
)

PROGRAM = "from codelength.workers.child import main; main()"
"""What Python runs. Its arguments: the descriptor of the channel, the folder, the process that is
served, the sandbox, and the files and folders that are hidden in it, each behind HIDDEN, or needed
there, behind NEEDED."""
HIDDEN, NEEDED = "-", "+"


def main() -> None:
    """Guard in the process that was started, and work in another one (on Unix)."""
    if sys.platform == "win32":  # no fork; the process ends when its supervisor closes the channel
        from codelength.workers.calls import serve

        serve(socket.fromshare(sys.stdin.buffer.read()))
        return
    descriptor, folder, served, sandbox, *paths = sys.argv[1:]
    signal.signal(signal.SIGTERM, _stop)
    if sandbox == Sandbox.NAMESPACES:
        leave_process_namespace()
    die_with_parent(signal.SIGTERM)
    adopt_orphans()
    told, tell = os.pipe()
    child = os.fork()
    if child:
        _guard(child, told, folder, int(served))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    if sandbox == Sandbox.NAMESPACES:
        hidden = [Path(path[1:]) for path in paths if path.startswith(HIDDEN)]
        needed = [Path(path[1:]) for path in paths if path.startswith(NEEDED)]
        enter_namespaces(Path(folder), hidden, needed)
        child = os.fork()
        if child:
            _keep(tell)
            os.write(0, b"%d" % _wait(child))
            os._exit(0)
    elif sandbox == Sandbox.LANDLOCK:
        restrict_writing(Path(folder))
    os.close(told)
    os.close(tell)
    from codelength.workers.calls import serve  # the processes that guard do without

    serve(socket.socket(fileno=int(descriptor)))


class _Stop(Exception):
    """The process that is served has ended, or wants this one to end."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stop


def _guard(child: int, told: int, folder: str, served: int) -> NoReturn:
    """Wait for the process that works, end what it has left, and end in the same way.

    In namespaces its status comes from the process between, through a pipe.
    """
    if sys.platform == "win32":
        raise NotImplementedError
    import resource

    status = signal.SIGKILL.value
    try:
        _keep(told)
        if os.getppid() == served:  # or else it has ended before it could tell
            ended = _wait(child)
            status = int(os.read(0, 16) or ended)
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


def _keep(descriptor: int) -> None:
    """Have this descriptor as 0, and close all others: the channel's end is not to stay open."""
    assert sys.platform != "win32"
    os.dup2(descriptor, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _wait(child: int) -> int:
    """Return the status of a child when it ends; wait for all others, too."""
    while (ended := os.waitpid(-1, 0))[0] != child:
        pass
    return ended[1]
