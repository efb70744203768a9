"""How a file is written so that nobody ever reads half of it."""

import os
import shutil
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
