"""Prepared models, kept on disk and mapped: a second start does not prepare again.

A file holds a pickle of the model, and behind it the arrays, which processes share. The pickle is
read from the cache folder of the user alone.
"""

import hashlib
import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from mmap import ACCESS_COPY, mmap
from pathlib import Path
from typing import TypeVar

import codelength_exact

T = TypeVar("T")

ALIGNED = 64
"""Arrays begin at multiples of it."""

KEPT = 4
"""Models that stay; of more, the one that was used longest ago goes."""

SUFFIX = ".prepared"


def prepared(key: str, make: Callable[[], T]) -> T:
    """Return what `make` makes, from the cache if it was made before.

    Args:
        key: All that it depends on, but for the code of these packages.
        make: Makes it. Contiguous arrays in it are mapped when it is read again.
    """
    digest = hashlib.sha256(f"{key} {_code()}".encode()).hexdigest()[:32]
    path = _folder() / f"{digest}{SUFFIX}"
    with suppress(OSError, ValueError, EOFError, pickle.UnpicklingError):
        read: T = _read(path)
        return read
    made = make()
    with suppress(OSError):  # a full disk, or a sandbox
        _write(path, made)
        _forget_oldest(path.parent)
        again: T = _read(path)  # so that this process shares the pages, too
        return again
    return made


def _read(path: Path) -> T:  # type: ignore[type-var]
    with path.open("rb") as file:
        mapped = mmap(file.fileno(), 0, access=ACCESS_COPY)
    size = int.from_bytes(mapped[:8], "little")
    sizes, model = pickle.loads(mapped[8 : 8 + size])
    buffers, at = [], _aligned(8 + size)
    for length in sizes:
        buffers.append(memoryview(mapped)[at : at + length])
        at = _aligned(at + length)
    if at != len(mapped):
        raise ValueError(f"{path} is cut off")
    with suppress(OSError):
        os.utime(path)
    made: T = pickle.loads(model, buffers=buffers)
    return made


def _write(path: Path, made: object) -> None:
    buffers: list[pickle.PickleBuffer] = []
    model = pickle.dumps(made, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    head = pickle.dumps(([view.nbytes for view in raw], model))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(len(head).to_bytes(8, "little") + head)
            for view in raw:
                file.write(bytes(-file.tell() % ALIGNED))
                file.write(view)
            file.write(bytes(-file.tell() % ALIGNED))
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _aligned(at: int) -> int:
    return at + -at % ALIGNED


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT]:
        path.unlink()


def _folder() -> Path:
    import platformdirs

    cache = os.environ.get("CODELENGTH_CACHE") or platformdirs.user_cache_dir("codelength")
    return Path(cache) / "models"


@lru_cache(maxsize=1)
def _code() -> str:
    """Return the digest of the code that prepares models."""
    folders = [Path(__file__).parent, Path(codelength_exact.__file__).parent]
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
