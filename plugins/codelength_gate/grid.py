"""Measures the sizes and blobs of a grid once. Its times are not used: cells run in parallel."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import CodelengthError
from codelength.measure.codec_workers import Watch
from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, make_plan
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, Environment
from codelength.results.machine import environment
from codelength.results.store import FAILURES, Store, load
from codelength_gate.baseline import Grid

T = TypeVar("T", Codec, Corpus)


@dataclass(frozen=True)
class Measured:
    """What a grid gave."""

    cells: Sequence[Cell]
    missing: dict[str, str]
    """For each codec or corpus that cannot be used here, the reason."""
    environment: Environment
    plan: Plan
    log: str
    """What the workers of failed cells wrote to standard error."""


def measure(
    codecs: Sequence[str], grid: Grid, plugins: Plugins, timeout: float, watch: Watch
) -> Measured:
    """Measure every cell of `grid` whose codec and corpus can be used here.

    Args:
        timeout: Seconds for each direction of a cell.

    Raises:
        UsageError: There is no such protocol.
    """
    missing: dict[str, str] = {}
    entries = _usable(codecs, plugins.codec, missing)
    corpora = _usable(grid.corpora, plugins.corpus, missing)
    protocols = [plugins.protocol(spec) for spec in grid.protocols]
    plan = make_plan(plugins, entries, corpora, protocols, grid.limit, watch.reading)
    with tempfile.TemporaryDirectory(prefix="codelength-gate-") as name:
        folder = Path(name)
        with Store(folder) as store:
            execute(plan, store, Limits(timeout), os.cpu_count() or 1, watch)
        log, results = folder / FAILURES, load(folder)
        text = log.read_text(errors="replace") if log.exists() else ""
        record = next(iter(results.environments.values()), None)
        return Measured(results.current, missing, record or environment(1, 1), plan, text)


def _usable(
    specs: Sequence[str], find: Callable[[str], Registered[T]], missing: dict[str, str]
) -> list[Registered[T]]:
    """Find what can be used here; the reasons of the others go into `missing`."""
    entries = []
    for spec in specs:
        try:
            entry = find(spec)
            entry.item.check_available()
        except CodelengthError as error:
            missing[spec] = str(error)
        else:
            entries.append(entry)
    return entries
