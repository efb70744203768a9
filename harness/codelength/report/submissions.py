"""Results folders, as one person or many hand them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from codelength.api.spec import to_printable
from codelength.results.cell import Cell, Environment, Readings
from codelength.results.store import load_existing


@dataclass(frozen=True)
class Folder:
    """The results of one folder. `name` is no more of its path than tells it from the others."""

    name: str
    cells: Sequence[Cell]
    """The latest of each key."""
    environments: Sequence[Environment] = ()
    readings: Mapping[str, Readings] = field(default_factory=dict)
    problems: Sequence[str] = ()
    """The lines that are not results."""


@dataclass(frozen=True)
class Measurement:
    """A cell, and the folder that it came in."""

    folder: str
    cell: Cell


def read_folders(paths: Sequence[Path]) -> list[Folder]:
    """Read the latest cells and estimates of each folder.

    Two folders that hold the same run hold the same record of it. If they do not, someone has
    changed one, and the later one counts as a run of its own, `…~2`.

    Raises:
        UsageError: A path is no results folder.
        StoreError: A file cannot be read.
    """
    given: dict[Path, Path] = {}
    for path in paths:
        given.setdefault(path.resolve(), path)
    folders = []
    known: dict[str, Environment] = {}
    for path, name in zip(given.values(), _shortest_names(list(given)), strict=True):
        results = load_existing(path)
        cells = [*results.current, *results.estimates]
        runs = {run: _register(record, known) for run, record in results.environments.items()}
        cells = [
            cell if runs.get(cell.run, cell.run) == cell.run else replace(cell, run=runs[cell.run])
            for cell in cells
        ]
        environments = [known[run] for run in runs.values()]
        folders.append(Folder(name, cells, environments, results.readings, results.problems))
    return folders


def _register(environment: Environment, known: dict[str, Environment]) -> str:
    """Add a run to `known`; its name there."""
    name, copies = environment.run, 1
    while name in known and known[name] != replace(environment, run=name):
        copies += 1
        name = f"{environment.run}~{copies}"
    known[name] = replace(environment, run=name)
    return name


def _shortest_names(places: Sequence[Path]) -> list[str]:
    """The shortest tail of each path that no other ends in."""
    names = []
    for place in places:
        parts, others = place.parts, [other.parts for other in places if other != place]
        length = 1
        while length < len(parts) and any(o[-length:] == parts[-length:] for o in others):
            length += 1
        names.append(to_printable("/".join(parts[-length:])))
    return names
