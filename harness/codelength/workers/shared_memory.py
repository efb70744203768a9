"""What processes leave in /dev/shm, where a system has it."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/dev/shm")


def list_shared() -> set[Path]:
    """What is there now, of this user. Nothing on Windows, which has no such folder."""
    found: set[Path] = set()
    if not hasattr(os, "getuid"):
        return found
    with suppress(OSError):
        for path in FOLDER.iterdir():
            with suppress(OSError):
                if path.lstat().st_uid == os.getuid():
                    found.add(path)
    return found


def remove_shared(before: set[Path], makers: Collection[int]) -> None:
    """Remove what is there since `before`, unless another process than `makers` uses it."""
    left = list_shared() - before
    if not left:
        return
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) not in makers:
            with suppress(OSError):
                maps = (process / "maps").read_text(errors="replace")
                opened = {link.readlink() for link in (process / "fd").iterdir()}
                left = {path for path in left if path not in opened and str(path) not in maps}
    for path in left:
        with suppress(OSError):
            path.unlink()
