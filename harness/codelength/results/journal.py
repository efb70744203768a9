"""JSON lines in one file, appended one by one, so that nothing that was paid for is lost.

A line that a killed run left unfinished is passed over.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from codelength.api.errors import StoreError
from codelength.results.files import lock_file

T = TypeVar("T")

BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows would change line ends without it."""

_write = msgspec.json.Encoder().encode


def records(
    path: Path, read: Callable[[bytes], T], problems: list[str] | None = None
) -> Iterator[T]:
    """Read each line of a file, which may not be there.

    Args:
        read: Raises msgspec.MsgspecError or ValueError for a line that is no record.
        problems: Takes the lines that are no records; without it they are an error.

    Raises:
        StoreError: The file cannot be read, or has a line that is no record.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record = read(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            is_cut = number == len(lines) or not line.endswith(b"}")
            if is_cut and line.startswith(b"{") and isinstance(error, msgspec.DecodeError):
                continue  # the run was killed while it wrote this one
            problem = f"{path}:{number} is not a result: {' '.join(str(error).split())}"
            if problems is None:
                raise StoreError(problem) from error
            problems.append(problem)
        else:
            yield record


class Journal:
    """The open file of one run; no second run writes to it meanwhile."""

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self._path = folder, folder / file
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY, 0o666)
        except OSError as error:
            raise StoreError(f"no results can be written to {folder}: {error.strerror}") from error
        try:
            lock_file(self._file)
        except OSError as error:
            raise StoreError(f"another run is writing to {folder}; choose another --out") from error
        if os.lseek(self._file, 0, os.SEEK_END):
            os.lseek(self._file, -1, os.SEEK_END)
            if os.read(self._file, 1) != b"\n":
                self._put(b"\n")  # close the line that a killed run left open

    def append(self, record: msgspec.Struct) -> None:
        """Writes one record through to the disk. Raises StoreError; what is there stays."""
        self._put(_write(record) + b"\n")

    def _put(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written: {error.strerror}; what was measured "
                "before is in it; mend that and repeat the command to go on"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)
