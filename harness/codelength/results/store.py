"""Results on disk: the cells of all runs in one folder, in one file of JSON lines.

The first line of every run is its environment; the cells that follow refer to it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from codelength.api.errors import StoreError
from codelength.results.cell import SCHEMA, Cell, Environment
from codelength.results.journal import Journal, records

FILE = "results.jsonl"

_read = msgspec.json.Decoder(Cell | Environment).decode


@dataclass
class Results:
    """All that a folder holds, in the order of writing."""

    environments: dict[str, Environment] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)

    @property
    def current(self) -> list[Cell]:
        """The latest cell of every key."""
        return list({cell.key: cell for cell in self.cells}.values())


def load(folder: Path) -> Results:
    """What is in `folder`, which may be nothing. Raises StoreError."""
    results = Results()
    for number, record in records(folder / FILE, _read):
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


class Store(Journal):
    """The open results of one run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FILE)
