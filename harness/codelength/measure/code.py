"""The code that a process has loaded: which files, and their digests.

So a repeated run knows a codec that somebody has edited. The standard library does not count, nor
does what the interpreter itself is linked with.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

LARGE = 64 << 20
"""A file of more bytes is known by its size and time."""
RECORD = "RECORD"
_STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_PACKAGES = ("site-packages", "dist-packages")

_late: set[str] = set()
"""Files of code that came while a codec worked."""


@contextmanager
def noting_late_code() -> Iterator[None]:
    """Note the code that is loaded in this block, for `late_code`."""
    before = _loaded()
    yield
    _late.update(_loaded() - before)


def late_code(folders: Sequence[str]) -> dict[str, str]:
    """Return name → digest of what `noting_late_code` has noted; see `all_code`."""
    return _described(_late, folders)


def all_code(folders: Sequence[str]) -> dict[str, str]:
    """Return name → digest of each file of code that this process has loaded.

    The files of an installed package are one entry, called like the folder that lists them. A name
    is relative to an entry of `sys.path` or to one of `folders`, if it can be found again there.
    """
    return _described(_loaded(), folders)


def find_change(files: dict[str, str], folders: Sequence[str]) -> str:
    """Return the name of a file that is not as in `files`, or is not in it; empty if none is."""
    _digest.cache_clear()
    _package.cache_clear()
    here = all_code(folders)
    for name, digest in files.items():
        if here.get(name) != digest and _found(name, folders) != digest:
            return name
    return next((name for name in here if name not in files), "")


class _Package(NamedTuple):
    name: str
    """`numpy-2.1.0.dist-info`."""
    files: frozenset[str]
    digest: str


def _loaded() -> set[str]:
    """Return the paths of the modules and libraries that are in this process."""
    modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = {file for file in modules if isinstance(file, str)} | _libraries()
    return {file for file in files - _OWN if not _is_standard(file)}


def _libraries() -> set[str]:
    """Return the paths of libraries in memory (Linux)."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return set()
    fields = [line.split(maxsplit=5) for line in lines]
    return {of[5] for of in fields if len(of) == 6 and "x" in of[1] and of[5].startswith("/")}


_OWN = frozenset(_libraries())
"""What was there before any codec."""


def _is_standard(file: str) -> bool:
    return file.startswith(_STANDARD) and not any(f"{os.sep}{p}{os.sep}" in file for p in _PACKAGES)


def _described(files: set[str], folders: Sequence[str]) -> dict[str, str]:
    entries = sorted(_entry(file, folders) for file in files)
    return {name: digest for name, digest in entries if digest}


def _entry(file: str, folders: Sequence[str]) -> tuple[str, str]:
    """Return name and digest of a file, or of the package that lists it; empty if it is gone."""
    path = os.path.abspath(file)  # noqa: PTH100 - links are not to be followed
    for root in sorted(filter(None, (*sys.path, *folders)), key=len, reverse=True):
        if path.startswith(prefix := root.rstrip(os.sep) + os.sep):
            name = path.removeprefix(prefix)
            package = _package(root, _package_folders(root).get(_plain(re.split(r"[/.]", name)[0])))
            if package and name in package.files:
                return package.name, package.digest
            found = _found(name, folders)
            return (name, found) if found == _digest(path) else (path, _digest(path))
    return path, _digest(path)


def _found(name: str, folders: Sequence[str]) -> str:
    """Return the digest of what `all_code` gives this name; empty if there is nothing."""
    for root in (*sys.path, *folders):
        if root and (path := Path(root, name)).is_dir():
            package = _package(root, name)
            return package.digest if package else ""
        if root and path.exists():
            return _digest(str(path))
    return _digest(name) if os.path.isabs(name) else ""  # noqa: PTH117


@cache
def _digest(path: str) -> str:
    """Return the digest of a file, or of the archive that it is in; empty if it is gone."""
    try:
        status = Path(path).stat()
        if status.st_size > LARGE:
            return f"{status.st_size} bytes of {status.st_mtime_ns}"
        return sha256(Path(path).read_bytes()).hexdigest()
    except NotADirectoryError:
        return _digest(os.path.dirname(path))  # noqa: PTH120
    except OSError:
        return ""


@cache
def _package_folders(root: str) -> dict[str, str]:
    """Return, by the plain name of a package, the folder in `root` that lists its files."""
    try:
        names = [path.name for path in Path(root).iterdir()]
    except OSError:
        return {}
    folders = [name for name in names if name.endswith(".dist-info")]
    return {_plain(name.partition("-")[0]): name for name in folders}


@cache
def _package(root: str, folder: str | None) -> _Package | None:
    """Return an installed package; None without a list of its files.

    The list has the digests of the files as they were installed. A file that was changed since then
    counts with what is in it.
    """
    if folder is None:
        return None
    try:
        record = Path(root, folder, RECORD)
        text, installed = record.read_text("utf-8"), record.stat().st_mtime_ns
    except (OSError, UnicodeDecodeError):
        return None
    digest, files = sha256(text.encode()), set()
    for line in text.splitlines():
        name = line.rsplit(",", 2)[0].strip('"')
        if "__pycache__" in name or name.startswith(".."):
            continue
        files.add(name)
        path = Path(root, name)
        try:
            changed = path.stat().st_mtime_ns > installed
        except OSError:
            changed = True
        if changed:
            digest.update(f"{name} {_digest(str(path))}".encode())
    return _Package(folder, frozenset(files), digest.hexdigest())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
