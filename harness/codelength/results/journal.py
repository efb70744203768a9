"""JSON lines in one file, appended one by one, so that nothing that was paid for is lost.

A line that a killed run left unfinished is passed over, and so is one that is damaged, by name.
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

KILLED = b"\x18\n"
"""The end of a line that a killed run left open, behind the control character "cancel"."""
NEXT_RUN = b'{"type":"environment"'
"""What follows such a line if an older codelength closed it."""
LONGEST = 1 << 28
"""Bytes of a line that is read."""

_write = msgspec.json.Encoder().encode


def records(path: Path, read: Callable[[bytes], T], problems: list[str]) -> Iterator[T]:
    """Read each line of a file, which may not be there.

    Args:
        read: Raises msgspec.MsgspecError or ValueError for a line that is no record.
        problems: Takes the lines that are no records: "results.jsonl:17 is not a result: …".

    Raises:
        StoreError: The file cannot be read.
    """
    cut = ""  # the problem of a line before, unless the run was killed while it wrote that one
    try:
        for number, line in enumerate(_lines(path), 1):
            if cut and not line.startswith(NEXT_RUN):
                problems.append(cut)
            cut = ""
            if line == b"\n":
                continue
            try:
                if len(line) > LONGEST:
                    raise ValueError(f"it is longer than {LONGEST:,} bytes")
                record = read(line.removesuffix(KILLED))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                problem = f"{path}:{number} is not a result: {' '.join(str(error).split())[:300]}"
                is_cut = line.startswith(b"{") and not line.endswith((b"}\n", b"}"))
                if not is_cut:
                    problems.append(problem)
                elif line.endswith(b"\n") and not line.endswith(KILLED):
                    cut = problem
            else:
                yield record
        if cut:
            problems.append(cut)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines with their ends; of one that is too long, a little more than LONGEST."""
    with path.open("rb") as file:
        while line := file.readline(LONGEST + 1):
            yield line
            while len(line) > LONGEST and not line.endswith(b"\n"):
                line = file.readline(LONGEST + 1)


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
                self._put(KILLED)

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
