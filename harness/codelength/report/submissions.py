"""Results folders as they are handed in, by many people and machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codelength import metrics
from codelength.api.errors import StoreError, UsageError
from codelength.report.machines import Machines
from codelength.results.cell import Cell, Environment
from codelength.results.store import FILE, load


@dataclass(frozen=True)
class Folder:
    """What one folder holds. `name` is no more of its path than tells it from the others."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Measurement:
    """A cell, and the folder that it came in."""

    folder: str
    cell: Cell


@dataclass(frozen=True)
class Handed:
    """All folders in the order in which they were named, and the runs behind their cells."""

    folders: Sequence[Folder]
    environments: Sequence[Environment]

    @property
    def machines(self) -> Machines:
        """The environments, numbered."""
        return Machines([c for folder in self.folders for c in folder.cells], self.environments)


def read(paths: Sequence[Path]) -> Handed:
    """The latest cells and scores of each folder. Raises UsageError for what is no results folder,
    StoreError for what cannot be read.

    Two folders that hold the same run hold the same record of it; where they do not, someone has
    changed one, and the later one counts as a run of its own, `…~2`.
    """
    given: dict[Path, Path] = {}
    for path in paths:
        given.setdefault(path.resolve(), path)
    folders = []
    environments: dict[str, Environment] = {}
    for (place, path), name in zip(given.items(), _names(list(given)), strict=True):
        if place.exists() and not place.is_dir():
            raise UsageError(f"{path} is no folder; name the folder that {FILE} is in")
        results = load(place)
        latest = [*results.current, *results.estimates]
        if not latest:
            raise UsageError(f"no results in {path}; 'codelength run --out {path}' makes them")
        runs = {r: _own(record, environments) for r, record in results.environments.items()}
        for cell in latest:
            _check(cell, path)
        cells = [msgspec.structs.replace(c, run=runs.get(c.run, c.run)) for c in latest]
        folders.append(Folder(name, cells))
    return Handed(folders, list(environments.values()))


def _check(cell: Cell, path: Path) -> None:
    """Files come from other people: figures that nothing can have are found before they count."""
    try:
        speeds = [metrics.encode_speed(cell), metrics.decode_speed(cell)]
        sizes = [cell.coded_bytes, cell.slice.bytes, metrics.total_model_bytes(cell)]
        possible = all(figure is None or figure >= 0 for figure in [*speeds, *sizes])
    except ValueError:  # no repetitions
        possible = False
    if not possible:
        raise StoreError(
            f"{path / FILE} has a cell that cannot be, {cell.codec} on {cell.slice.corpus}: a size "
            "or a time is missing or negative; leave that folder out, or measure the cell again"
        )


def _own(environment: Environment, known: dict[str, Environment]) -> str:
    """The name of this run among all `known` ones, which it joins."""
    name, copies = environment.run, 1
    while name in known and known[name] != msgspec.structs.replace(environment, run=name):
        copies += 1
        name = f"{environment.run}~{copies}"
    known[name] = msgspec.structs.replace(environment, run=name)
    return name


def _names(places: Sequence[Path]) -> list[str]:
    """The shortest tail of each path that no other ends in."""
    names = []
    for place in places:
        parts, others = place.parts, [other.parts for other in places if other != place]
        length = 1
        while length < len(parts) and any(o[-length:] == parts[-length:] for o in others):
            length += 1
        names.append("/".join(parts[-length:]))
    return names
