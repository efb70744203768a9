"""Results on disk: JSON lines in one file, appended one by one, so that nothing measured is lost.

The first line of every run is its environment; the cells that follow refer to it. A line that a
killed run left unfinished is passed over.
"""

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import msgspec

from codelength.errors import StoreError
from codelength.result import SCHEMA, Cell, Environment

FILE = "results.jsonl"

_read = msgspec.json.Decoder(Cell | Environment).decode
_write = msgspec.json.Encoder().encode


@dataclass
class Results:
    """All that a folder holds, in the order of writing."""

    environments: dict[str, Environment] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)

    @property
    def current(self) -> list[Cell]:
        """The latest cell in every slot."""
        return list({cell.slot: cell for cell in self.cells}.values())


def load(folder: Path) -> Results:
    """What is in `folder`, which may be nothing. Raises StoreError."""
    results = Results()
    try:
        lines = (folder / FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return results
    except OSError as error:
        raise StoreError(f"{folder / FILE} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record = _read(line)
        except msgspec.MsgspecError as error:
            if number == len(lines) or not line.endswith(b"}"):
                continue  # the run was killed while it wrote this one
            raise StoreError(f"{folder / FILE}:{number} is no result: {error}") from error
        if isinstance(record, Cell):
            results.cells.append(record)
        elif record.schema > SCHEMA:
            raise StoreError(
                f"{folder / FILE}:{number} has schema {record.schema}, this codelength reads up to "
                f"{SCHEMA}; update it, or choose another --out"
            )
        else:
            results.environments[record.run] = record
    return results


class Store:
    """The open results of one run; no second run writes to the same folder meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as error:
            raise StoreError(f"no results can be written to {folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"another run is writing to {folder}; choose another --out") from error
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            self._put(b"\n")  # close the line that a killed run left open

    def append(self, record: Cell | Environment) -> None:
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
                f"{self.folder / FILE} cannot be written: {error.strerror}; what was measured "
                "before is in it; mend that and repeat the command to go on"
            ) from error

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
