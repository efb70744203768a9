"""Results on disk: the cells of all runs in one folder, in one file of JSON lines.

The first line of every run is its environment; the cells that follow refer to it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from codelength.api.errors import StoreError
from codelength.results import schema1
from codelength.results.cell import SCHEMA, Cell, CellKey, Environment, Evidence, Readings
from codelength.results.journal import Journal, records

FILE = "results.jsonl"

_read = msgspec.json.Decoder(Cell | Environment | Readings).decode


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

    @property
    def current(self) -> list[Cell]:
        """The latest measured cell of every key, estimates left out."""
        return list(self._latest(estimates=False).values())

    @property
    def estimates(self) -> list[Cell]:
        """The latest estimate of every key."""
        return list(self._latest(estimates=True).values())

    def _latest(self, estimates: bool) -> dict[CellKey, Cell]:
        return {
            cell.key: cell
            for cell in self.cells
            if (cell.evidence is Evidence.ESTIMATE) is estimates
        }


def load(folder: Path) -> Results:
    """Read what is in `folder`, which may be nothing. Raises StoreError."""
    results = Results()
    for score in schema1.read_scores(folder):
        if isinstance(score, Cell):
            results.cells.append(score)
        else:
            results.environments[score.run] = score

    def read(line: bytes) -> Cell | Environment | Readings:
        head = _read_head(line)
        environment = results.environments.get(head.run)
        written_before = environment is not None and environment.schema == 1
        old = head.type == "cell" and not head.evidence and (written_before or head.status == "ok")
        return schema1.read_cell(line) if old else _read(line)

    for number, record in records(folder / FILE, read):
        if isinstance(record, Cell):
            results.cells.append(record)
        elif isinstance(record, Readings):
            results.readings[record.corpus] = record
        elif record.schema > SCHEMA:
            raise StoreError(
                f"{folder / FILE}:{number} has schema {record.schema}, this codelength reads up to "
                f"{SCHEMA}; update it, or choose another --out"
            )
        else:
            results.environments[record.run] = record
    return results


class Store(Journal):
    """The open results of one run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FILE)
