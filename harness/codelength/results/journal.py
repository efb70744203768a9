"""JSON lines in a folder, appended one by one, so that nothing that was paid for is lost.

Each writer has a file of its own, and all files are read as one. So many may write at once, from
many machines, and nothing is locked. A line that a killed run left unfinished is passed over, and
so is one that is damaged, by name.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from codelength.api.errors import StoreError

T = TypeVar("T")

BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows would change line ends without it."""

KILLED = b"\x18\n"
"""The end of a line that a killed run left open, where an older codelength has closed it."""
NEXT_RUN = b'{"type":"environment"'
"""What follows such a line if a still older one closed it."""
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


def find_journals(folder: Path, file: str) -> list[Path]:
    """Return the journals of one kind in a folder, in the order in which they were begun.

    Args:
        folder: It may not be there.
        file: What the first one is called: `results.jsonl`. The others are `results-TIME-….jsonl`.
    """
    first = folder / file
    return [first] * first.exists() + sorted(folder.glob(f"{first.stem}-2*T*{first.suffix}"))


class Journal:
    """The file of one writer; nobody else writes to it. It is removed if nothing was appended."""

    def __init__(self, folder: Path, file: str) -> None:
        """Begin a file in a folder; see `find_journals`. Raises StoreError."""
        self.folder, self._is_empty = folder, True
        first = folder / file
        own = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:6]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                self._begin(first)
            except FileExistsError:
                self._begin(first.with_name(f"{first.stem}-{own}{first.suffix}"))
        except OSError as error:
            raise StoreError(f"no results can be written to {folder}: {error.strerror}") from error

    def _begin(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | BINARY
        self.path, self._file = path, os.open(path, flags, 0o666)

    def append(self, record: msgspec.Struct) -> None:
        """Writes one record through to the disk. Raises StoreError; what is there stays."""
        line, self._is_empty = _write(record) + b"\n", False
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}; what was measured "
                "before is in it; mend that and repeat the command to go on"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)
        if self._is_empty:
            self.path.unlink(missing_ok=True)
