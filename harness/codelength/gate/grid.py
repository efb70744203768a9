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
from codelength.gate.baseline import Grid
from codelength.measure.engine import FAILURES, execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, survey
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, CorpusSlice, Environment
from codelength.results.machine import dependencies, environment, memory_bytes
from codelength.results.store import Store, load

T = TypeVar("T", Codec, Corpus)


class GridWatch:
    """Is told how a grid goes on; does nothing with it unless a method is overridden."""

    def reading(self, corpus: str) -> None:
        """A corpus is read to see what is in it."""

    def begin(self, total: int) -> None:
        """The corpora are read; so many cells follow."""

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        """A direction of a cell begins."""

    def advanced(self, codec: str, done: int) -> None:
        """So many raw bytes of it are done."""

    def finished(self, cell: Cell, reused: bool) -> None:
        """A cell has its result."""

    def timing(self, what: str) -> None:
        """The cells are done; a codec is timed."""


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


def measure(grid: Grid, plugins: Plugins, timeout: float, watch: GridWatch) -> Measured:
    """Measure every cell of `grid` whose codec and corpus can be used here.

    Args:
        timeout: Seconds for each direction of a cell.

    Raises:
        UsageError: There is no such protocol.
    """
    missing: dict[str, str] = {}
    codecs = _usable(grid.codecs, plugins.codec, missing)
    corpora = _usable(grid.corpora, plugins.corpus, missing)
    protocols = [plugins.protocol(spec) for spec in grid.protocols]
    targets = survey(corpora, protocols, grid.limit, watch.reading)
    plan = Plan(plugins, codecs, targets)
    record = environment(dependencies(), threads=1, jobs=os.cpu_count() or 1)
    limits = Limits(timeout, memory_bytes() * 4 // 5, threads=1)
    watch.begin(len(plan.keys))
    with tempfile.TemporaryDirectory(prefix="codelength-gate-") as name:
        folder = Path(name)
        with Store(folder) as store:
            execute(plan, store, {}, record, limits, watch)
        log = folder / FAILURES
        return Measured(
            load(folder).current,
            missing,
            record,
            plan,
            log.read_text(errors="replace") if log.exists() else "",
        )


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
