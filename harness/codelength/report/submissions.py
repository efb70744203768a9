"""Results folders, as one person or many hand them in."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from codelength.api.spec import escape_bytes
from codelength.results.cell import Environment
from codelength.results.store import Results, load_existing


def read_folders(paths: Sequence[Path]) -> dict[str, Results]:
    """Read results folders, each by as much of its path as tells it from the others.

    Two folders that hold the same run hold the same record of it. If they do not, someone has
    changed one, and the later one counts as a run of its own, `…~2`.

    Raises:
        UsageError: A path is no results folder.
        StoreError: A file cannot be read.
    """
    given = {path.resolve(): path for path in reversed(paths)}
    places = list(dict.fromkeys(path.resolve() for path in paths))
    folders = {}
    known: dict[str, Environment] = {}
    for place, name in zip(places, _shortest_names(places), strict=True):
        results = load_existing(given[place])
        runs = {run: _register(record, known) for run, record in results.environments.items()}
        if any(run != name for run, name in runs.items()):
            cells = [replace(cell, run=runs.get(cell.run, cell.run)) for cell in results.cells]
            environments = {new: known[new] for new in runs.values()}
            results = dataclasses.replace(results, cells=cells, environments=environments)
        folders[name] = results
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
        names.append(escape_bytes("/".join(parts[-length:])))
    return names
