"""Makes a Python process look like one on Windows to codelength, as far as that goes on Unix.

Python loads a module of this name at its start. What the standard library and the libraries need is
imported first, for the real system. When codelength is imported, what only Unix has is taken away,
and what only Windows has is imitated.
"""

import importlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
FUNCTIONS = [
    "fork",
    "getegid",
    "geteuid",
    "getgid",
    "getloadavg",
    "getpgid",
    "getuid",
    "killpg",
    "mkfifo",
    "pread",
    "pwrite",
    "register_at_fork",
    "sched_getaffinity",
    "set_blocking",
    "setsid",
    "wait3",
    "wait4",
    "waitid",
]
FIRST = [
    "asyncio",
    "click",
    "concurrent.futures.process",
    "ctypes.util",
    "csv",
    "email.message",
    "glob",
    "hashlib",
    "importlib.metadata",
    "json",
    "logging",
    "lzma",
    "bz2",
    "zlib",
    "msgspec",
    "multiprocessing.connection",
    "numba",
    "numpy",
    "platform",
    "platformdirs",
    "pluggy",
    "rich.console",
    "rich.progress",
    "rich.table",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "statistics",
    "subprocess",
    "tarfile",
    "tempfile",
    "urllib.request",
    "uuid",
    "zipfile",
]


class Watch:
    """Waits for the first import of codelength."""

    def find_spec(self, name, path=None, target=None):
        if name == "codelength":
            sys.meta_path.remove(self)
            pretend()


def pretend():
    for name in FIRST:
        importlib.import_module(name)
    real_lock = importlib.import_module("fcntl").lockf
    import ctypes
    import select
    import signal
    import sysconfig

    sysconfig.get_config_vars()

    for name in MODULES:
        sys.modules[name] = None
    for name in FUNCTIONS:
        vars(os).pop(name, None)
    for name in ("SIGHUP", "SIGXFSZ", "pthread_sigmask", "sigwaitinfo", "SIGCHLD"):
        vars(signal).pop(name, None)
    vars(select).pop("poll", None)
    sys.platform = "win32"

    msvcrt = ModuleType("msvcrt")
    msvcrt.LK_NBLCK = 2
    msvcrt.locking = lambda descriptor, how, size: real_lock(descriptor, 2 | 4, size, 0, 1)
    sys.modules["msvcrt"] = msvcrt
    ctypes.WinDLL = lambda name: SimpleNamespace(
        GetCurrentProcess=Function(lambda: 0),
        K32GetProcessMemoryInfo=Function(memory_info),
        GlobalMemoryStatusEx=Function(lambda status: setattr(status._obj, "total", 8 << 30)),
    )
    imitate_processes()


class Function:
    """A function that one can hang `restype` on."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments):
        return self.function(*arguments)


def memory_info(process, counters, size):
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    counters._obj.resident = 4096 * pages
    counters._obj.peak = counters._obj.resident


def imitate_processes():
    subprocess.CREATE_NEW_PROCESS_GROUP = 0x200
    start = subprocess.Popen.__init__

    def started(self, *arguments, creationflags=0, **named):
        assert not {"pass_fds", "preexec_fn", "start_new_session"} & set(named)
        start(self, *arguments, start_new_session=bool(creationflags), **named)

    subprocess.Popen.__init__ = started

    def share(self, process):
        """Hand the socket to whoever asks at an address that only the other process knows."""
        address = f"\0codelength-{os.getpid()}-{id(self)}".encode()
        server = socket.socket(socket.AF_UNIX)
        server.bind(address)
        server.listen()
        mine = self.dup()

        def give():
            with server, mine:
                connection, _ = server.accept()
                with connection:
                    socket.send_fds(connection, [b"x"], [mine.fileno()])

        threading.Thread(target=give, daemon=True).start()
        return address

    def fromshare(address):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            _, (descriptor,), *_ = socket.recv_fds(connection, 1, 1)
        return socket.socket(fileno=descriptor)

    socket.socket.share, socket.fromshare = share, fromshare


sys.meta_path.insert(0, Watch())
