"""Results on disk: the cells of all runs in one folder, in JSON lines, one file a writer.

A cell refers to the environment that it was measured in, which stands before it in its file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from codelength.api.errors import StoreError, UsageError
from codelength.results import schema1
from codelength.results.cell import SCHEMA, Cell, Code, Environment, Evidence, Readings
from codelength.results.journal import Journal, find_journals, records
from codelength.results.validity import find_problem

FILE = "results.jsonl"
FAILURES = "failures.log"
"""What the workers of failed cells wrote, tracebacks among it."""

Record = Cell | Code | Environment | Readings

_read = msgspec.json.Decoder(Record).decode


class _Head(msgspec.Struct):
    """What tells the schema of a line: from 2 on, a cell that is ok states its evidence."""

    type: str
    run: str
    status: str = ""
    evidence: str = ""


_read_head = msgspec.json.Decoder(_Head).decode


@dataclass
class Results:
    """All that a folder holds, in the order of writing."""

    environments: dict[str, Environment] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    readings: dict[str, Readings] = field(default_factory=dict)
    """The latest ledger of each corpus that was read from files, by its spec."""
    codes: dict[str, Code] = field(default_factory=dict)
    """The code that cells were measured with, by its digest."""
    problems: list[str] = field(default_factory=list)
    """The lines that are not results, and why: `results.jsonl:17 is not a result: …`."""

    @property
    def current(self) -> list[Cell]:
        """The latest measured cell of every key, estimates left out."""
        return _latest(cell for cell in self.cells if cell.evidence is not Evidence.ESTIMATE)

    @property
    def estimates(self) -> list[Cell]:
        """The latest estimate of every key."""
        return _latest(cell for cell in self.cells if cell.evidence is Evidence.ESTIMATE)

    @property
    def latest(self) -> list[Cell]:
        """The latest cell of every key, and the latest estimates behind them."""
        return [*self.current, *self.estimates]


def _latest(cells: Iterable[Cell]) -> list[Cell]:
    return list({cell.key: cell for cell in cells}.values())


def load(folder: Path) -> Results:
    """Read what is in `folder`, which may be nothing.

    A line that is not a result is passed over; `Results.problems` names it.

    Raises:
        StoreError: The folder cannot be read, or was written by a newer codelength.
    """
    results = Results()

    def read(line: bytes) -> Record:
        head = _read_head(line)
        environment = results.environments.get(head.run)
        written_before = environment is not None and environment.schema == 1
        old = head.type == "cell" and not head.evidence and (written_before or head.status == "ok")
        return schema1.read_cell(line) if old else _read(line)

    scores = dict.fromkeys(find_journals(folder, schema1.SCORES))
    for file in (*scores, *find_journals(folder, FILE)):
        read_line = partial(_checked, schema1.read_score if file in scores else read)
        for record in records(file, read_line, results.problems):
            match record:
                case Cell():
                    results.cells.append(record)
                case Code():
                    results.codes[record.digest] = record
                case Readings():
                    results.readings[record.corpus] = record
                case Environment(schema=schema) if schema > SCHEMA:
                    raise StoreError(
                        f"{file} has schema {schema}, this codelength reads up to "
                        f"{SCHEMA}; update it, or choose another --out"
                    )
                case Environment():
                    results.environments[record.run] = record
    return results


def load_existing(folder: Path) -> Results:
    """Read what is in `folder`, as `load` does.

    Raises:
        UsageError: There is no folder, or nothing in it.
        StoreError: Nothing in it is a result.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name the folder that {FILE} is in")
    results = load(folder)
    if not results.cells:
        if results.problems:
            raise StoreError(f"no results in {folder}; {results.problems[0]}")
        raise UsageError(f"no results in {folder}; 'codelength run --out {folder}' makes them")
    return results


def _checked(read: Callable[[bytes], Record | None], line: bytes) -> Record | None:
    """Read a line and check its figures. Raises ValueError for what cannot be."""
    record = read(line)
    if record and (problem := find_problem(record)):
        raise ValueError(problem)
    return record


class Store(Journal):
    """The open results of one run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FILE)

    def log(self, text: str) -> None:
        """Append to the FAILURES of this writer, which are called as its results are."""
        kind, log = Path(FILE), Path(FAILURES)
        name = self.path.stem.replace(kind.stem, log.stem, 1) + log.suffix
        with (self.folder / name).open("a") as file:
            file.write(text)
