"""Results folders, as one person or many hand them in."""

from collections.abc import Iterable, Sequence
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
    """The cells of one folder. `name` is no more of its path than tells it from the others."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Measurement:
    """A cell, and the folder that it came in."""

    folder: str
    cell: Cell


@dataclass(frozen=True)
class Submissions:
    """All folders in the order in which they were named, and the runs behind their cells."""

    folders: Sequence[Folder]
    environments: Sequence[Environment]

    @property
    def cells(self) -> list[Cell]:
        """The cells of all folders."""
        return [cell for folder in self.folders for cell in folder.cells]

    @property
    def machines(self) -> Machines:
        """The environments, numbered."""
        return Machines(self.cells, self.environments)


def read_folders(paths: Sequence[Path]) -> Submissions:
    """Read the latest cells and estimates of each folder.

    Two folders that hold the same run hold the same record of it. If they do not, someone has
    changed one, and the later one counts as a run of its own, `…~2`.

    Raises:
        UsageError: A path is no results folder.
        StoreError: A file cannot be read, or has figures that cannot be.
    """
    given: dict[Path, Path] = {}
    for path in paths:
        given.setdefault(path.resolve(), path)
    folders = []
    environments: dict[str, Environment] = {}
    for (place, path), name in zip(given.items(), _shortest_names(list(given)), strict=True):
        if place.exists() and not place.is_dir():
            raise UsageError(f"{path} is no folder; name the folder that {FILE} is in")
        results = load(place)
        latest = [*results.current, *results.estimates]
        if not latest:
            raise UsageError(f"no results in {path}; 'codelength run --out {path}' makes them")
        runs = {
            run: _register(record, environments) for run, record in results.environments.items()
        }
        for cell in latest:
            _check(cell, path)
        renamed = {run for run, name in runs.items() if run != name}
        folders.append(
            Folder(
                name,
                [
                    msgspec.structs.replace(c, run=runs[c.run]) if c.run in renamed else c
                    for c in latest
                ],
            )
        )
    return Submissions(folders, list(environments.values()))


def _check(cell: Cell, path: Path) -> None:
    """Files come from other people: impossible figures are found before they count."""
    try:
        figures: Iterable[float | None] = (
            metrics.encode_speed(cell),
            metrics.decode_speed(cell),
            cell.coded_bytes,
            cell.slice.bytes,
            metrics.total_model_bytes(cell),
        )
        possible = all(figure is None or figure >= 0 for figure in figures)
    except ValueError:  # no repetitions
        possible = False
    if not possible:
        raise StoreError(
            f"{path / FILE} has a cell that cannot be, {cell.codec} on {cell.slice.corpus}: a size "
            "or a time is missing or negative; leave that folder out, or measure the cell again"
        )


def _register(environment: Environment, known: dict[str, Environment]) -> str:
    """Add a run to `known`; its name there."""
    name, copies = environment.run, 1
    while name in known and known[name] != msgspec.structs.replace(environment, run=name):
        copies += 1
        name = f"{environment.run}~{copies}"
    known[name] = msgspec.structs.replace(environment, run=name)
    return name


def _shortest_names(places: Sequence[Path]) -> list[str]:
    """The shortest tail of each path that no other ends in."""
    names = []
    for place in places:
        parts, others = place.parts, [other.parts for other in places if other != place]
        length = 1
        while length < len(parts) and any(o[-length:] == parts[-length:] for o in others):
            length += 1
        names.append("/".join(parts[-length:]))
    return names
