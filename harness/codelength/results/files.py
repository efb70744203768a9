"""How a file is written so that nobody ever reads half of it, and how one is locked."""

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

from codelength.api.errors import StoreError


def write_file(path: Path, data: bytes | str) -> None:
    """Write a file in one step: a reader finds the old content or the new one.

    A file that is there keeps its mode. A symbolic link stays, and the file that it leads to is
    written.

    Args:
        path: Its folder is made if it is missing.
        data: Text is written as UTF-8.

    Raises:
        StoreError: The file cannot be written; the old content is still there.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


PAUSE = 0.1
"""Seconds between two tries to lock a file on Windows."""
FAR = 1 << 40
"""The byte that is locked on Windows, where nobody can read a byte that is: behind all data."""


def lock_file(descriptor: int, wait: bool = False) -> None:
    """Lock an open file until it is closed.

    Raises OSError if another process has the lock; with `wait`, waits for it.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return None
    import msvcrt

    while True:
        try:
            os.lseek(descriptor, FAR, os.SEEK_SET)
            return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            if not wait:
                raise
            time.sleep(PAUSE)
