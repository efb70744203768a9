"""What keeps a worker to itself: namespaces of its own, or Landlock where a system has only that.

In namespaces (Linux 5.12, where users may make them) a worker sees no other process and no network.
Its files are a copy of the machine's: it may change any of them, and what it has changed is gone
when it ends. The machine's own files stay as they are; only its folder is shared. Other file
systems than that of / can only be read. Its /tmp, /var/tmp and home have only what it needs.

With Landlock (Linux 5.13) a worker writes to its folder, to devices and to /dev/shm, and opens no
TCP connection (Linux 6.7). It can read all files.
"""

import ctypes
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NETWORK = 1 << 17, 1 << 27, 1 << 28, 1 << 29, 1 << 30
READ_ONLY, BIND, RECURSIVE, PRIVATE, DETACH = 1, 4096, 16384, 1 << 18, 2
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}
CAPBSET_DROP, NO_NEW_PRIVILEGES = 24, 38
CAPABILITY_VERSION = 0x20080522
SET_FLAGS, UP = 0x8914, 1
"""The request that sets the flags of a network interface, and the flag of one that is up."""

WRITING = (1 << 1) | sum(1 << bit for bit in range(4, 15))
"""Landlock's rights to write, remove, make, link and truncate files, as its version 3 has them."""

TRIAL = "from codelength.workers.sandbox import try_sandbox; try_sandbox()"
"""What Python runs to find out; see `try_sandbox`."""


class Sandbox(StrEnum):
    """How far a worker is kept to itself, the most first."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    NONE = "none"


@cache
def strongest(within: Path | None = None) -> Sandbox:
    """Find the sandbox that works for folders in a folder, or in that of the system, by trying."""
    if sys.platform != "linux":
        return Sandbox.NONE
    for sandbox in (Sandbox.NAMESPACES, Sandbox.LANDLOCK):
        with TemporaryDirectory(prefix=".codelength-", dir=within and within.resolve()) as folder:
            command = [sys.executable, "-P", "-c", TRIAL, sandbox.value, folder]
            path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            tried = subprocess.run(command, env={**os.environ, **path}, capture_output=True)
        if tried.returncode == 0:
            return sandbox
    return Sandbox.NONE


def try_sandbox() -> None:
    """End with 0 if a sandbox works in this process, whose arguments name it and a folder."""
    assert sys.platform != "win32"
    sandbox, folder = sys.argv[1], Path(sys.argv[2])
    if sandbox == Sandbox.NAMESPACES:
        leave_process_namespace()
        child = os.fork()
        if child:
            os._exit(os.waitpid(child, 0)[1] != 0)
        enter_namespaces(folder, (), [folder])
    else:
        restrict_writing(folder)
    (folder / "written").touch()
    os._exit(0)


def leave_process_namespace() -> None:
    """Have the next child of this process be the first one in namespaces of its own.

    Raises OSError where users may not do that.
    """
    assert sys.platform != "win32"
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_PIDS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def enter_namespaces(folder: Path, hidden: Sequence[Path], needed: Sequence[Path] = ()) -> None:
    """Give the first process in its namespaces files and a network of its own, for good.

    Args:
        folder: It is shared with the system.
        hidden: Files and folders that cannot be seen.
        needed: With these, /tmp, /var/tmp and home are empty, save these files and folders, what
            Python runs with, and caches.

    Raises:
        OSError: The system does not allow it.
    """
    assert sys.platform != "win32"
    _call("unshare", NEW_MOUNTS | NEW_NETWORK | NEW_IPC)
    here = Path.cwd()
    _mount("", "/", flags=RECURSIVE | PRIVATE)
    mounts = _mount_points()
    _mount("tmpfs", "/dev/shm", "tmpfs")
    root = Path("/dev/shm/root")
    root.mkdir()
    _mount("tmpfs", root, "tmpfs")
    for path in Path("/").iterdir():
        _copy(path, root / path.name, mounts)
    if needed:
        _clear_private(root, [*needed, *_surroundings()])
    inside = {path: Path(f"{root}{path}") for path in (folder, *hidden)}
    for path in hidden:
        if inside[path].is_dir():
            _mount("tmpfs", inside[path], "tmpfs")
        elif inside[path].exists():  # and not in a folder that is hidden by now
            _mount("/dev/null", inside[path], flags=BIND)
    inside[folder].mkdir(parents=True, exist_ok=True)
    _mount(folder, inside[folder], flags=BIND)
    _mount("proc", root / "proc", "proc")
    _mount("tmpfs", root / "dev/shm", "tmpfs")
    if Path("/dev/mqueue").exists():
        _mount("mqueue", root / "dev/mqueue", "mqueue")
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", DETACH)
    os.chdir(here if here.is_dir() else "/")
    import fcntl  # which Windows has not

    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH", b"lo", UP))
    with suppress(OSError, KeyError):
        _call("syscall", JOIN_SESSION_KEYRING[platform.machine()], 1, None)
    _drop_privileges()


def restrict_writing(folder: Path) -> None:
    """Let this process write to a folder and to devices alone, and open no TCP connection.

    Raises OSError where there is no Landlock.
    """
    assert sys.platform != "win32"
    version = _call("syscall", CREATE_RULESET, None, 0, 1)
    rights = WRITING if version >= 3 else WRITING & ~(1 << 14 | (version < 2) << 13)
    connections = 0b11 if version >= 4 else 0
    others = 0b11 if version >= 6 else 0  # signals and abstract sockets of other processes
    attributes = struct.pack("QQQ", rights, connections, others)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _call("syscall", CREATE_RULESET, attributes, size, 0)
    for path in (folder, Path("/dev"), Path("/proc")):
        opened = os.open(path, os.O_PATH)
        _call("syscall", ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0)
        os.close(opened)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("syscall", RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _copy(path: Path, to: Path, mounts: Iterable[str]) -> None:
    """Give the new root what stands in the old one, as a copy where that is possible."""
    if path.is_symlink():
        return to.symlink_to(path.readlink())
    if not path.is_dir():
        return None
    to.mkdir()
    if path == Path("/proc"):
        return None
    if path in (Path("/dev"), Path("/sys")):
        return _mount(path, to, flags=BIND | RECURSIVE)
    if any(mount.startswith(f"{path}/") for mount in mounts):
        _mount(path, to, flags=BIND | RECURSIVE)
        return _make_read_only(to)
    upper, work = (Path("/dev/shm", name, path.name) for name in ("upper", "work"))
    for made in (upper, work):
        made.mkdir(parents=True)
    _mount("overlay", to, "overlay", f"lowerdir={path},upperdir={upper},workdir={work},userxattr")
    shutil.copymode(path, to)
    return None


def _clear_private(root: Path, needed: Iterable[Path]) -> None:
    """Leave in the folders that anyone writes to, in a new root, nothing but what is needed."""
    homes = ("/tmp", "/var/tmp", os.path.expanduser("~"))  # noqa: PTH111 - there may be none
    folders = {Path(home).resolve() for home in homes if Path(home).is_dir()} - {Path("/")}
    private = [f for f in folders if not any(f.is_relative_to(o) for o in folders - {f})]
    kept: dict[Path, Path] = {}
    for path in needed:
        whole = path.absolute()
        if whole in kept or not whole.exists():
            continue
        inner = any(whole.is_relative_to(folder) for folder in private)
        if inner and not any(folder.is_relative_to(whole) for folder in private):
            source = Path(f"{root}{path.resolve()}")
            kept[whole] = Path("/dev/shm/kept", str(len(kept)))
            _make_like(source, kept[whole])
            _mount(source, kept[whole], flags=BIND)
    for folder in private:
        _mount("tmpfs", f"{root}{folder}", "tmpfs")
    for path in sorted(kept):
        inside = Path(f"{root}{path}")
        if not inside.exists():
            _make_like(kept[path], inside)
            _mount(kept[path], inside, flags=BIND)


def _make_like(model: Path, path: Path) -> None:
    (path if model.is_dir() else path.parent).mkdir(parents=True, exist_ok=True)
    if not model.is_dir():
        path.touch()


def _surroundings() -> Iterator[Path]:
    """What Python and programs are run with: libraries, programs and caches.

    Programs of a home need more of it than their own folder, as a rule in hidden ones.
    """
    yield from (Path(sys.prefix), Path(sys.base_prefix))
    here = Path.cwd()  # there are the data, as a rule, and Python has it in its path
    yield from (path for path in map(Path, filter(None, sys.path)) if path != here)
    with suppress(OSError):
        yield from Path(os.path.expanduser("~")).glob(".*")  # noqa: PTH111 - there may be none
    for name, value in os.environ.items():
        if name in ("PATH", "LD_LIBRARY_PATH") or "CACHE" in name or name.endswith("_HOME"):
            for path in map(Path, filter(os.path.isabs, value.split(os.pathsep))):
                yield from (path.parent, path) if path.name == "bin" else (path,)


def _mount_points() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    return [line.split()[4].encode("latin-1").decode("unicode_escape") for line in lines]


def _mount(
    source: object, target: object, kind: str = "", options: str = "", flags: int = 0
) -> None:
    words = (os.fsencode(str(word)) if word else None for word in (source, target, kind))
    _call("mount", *words, flags, options.encode() or None)


def _make_read_only(path: Path) -> None:
    attributes = struct.pack("QQQQ", READ_ONLY, 0, 0, 0)
    size = len(attributes)
    _call("syscall", MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE, attributes, size)


def _drop_privileges() -> None:
    """Give up what the first process in a namespace may do there."""
    for capability in range(64):
        with suppress(OSError):  # the system knows fewer
            _call("prctl", CAPBSET_DROP, capability, 0, 0, 0)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("capset", struct.pack("II", CAPABILITY_VERSION, 0), bytes(24))


def _call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library. Raises OSError."""
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    result = int(function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result
