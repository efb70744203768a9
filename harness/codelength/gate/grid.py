"""Runs a grid once, sizes and blobs only: the times of such a run are nobody's."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus
from codelength.api.errors import CodelengthError
from codelength.api.protocol import protocol
from codelength.gate.baseline import Grid
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, CorpusSlice, Environment
from codelength.results.machine import dependencies, environment, memory_bytes
from codelength.results.store import Store, load
from codelength.run.engine import FAILURES, Watch, run
from codelength.run.plan import Plan, survey
from codelength.workers.supervisor import Limits

T = TypeVar("T", Codec, Corpus)


class GridWatch(Watch, Protocol):
    """Told how a grid goes on."""

    def reading(self, corpus: str) -> None:
        """A corpus is read to see what is in it."""

    def begin(self, total: int) -> None:
        """The corpora are read; so many cells follow."""

    def timing(self, what: str) -> None:
        """The cells are done; a codec is timed."""


class Silent:
    """Nobody watches."""

    def reading(self, corpus: str) -> None:
        """Says nothing."""

    def begin(self, total: int) -> None:
        """Says nothing."""

    def started(self, codec: str, corpus_slice: CorpusSlice, decode: bool) -> None:
        """Says nothing."""

    def advanced(self, codec: str, done: int) -> None:
        """Says nothing."""

    def finished(self, cell: Cell, reused: bool) -> None:
        """Says nothing."""

    def timing(self, what: str) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Measured:
    """What a grid gave."""

    cells: Sequence[Cell]
    missing: dict[str, str]
    """Codecs and corpora that are not here, and why."""
    environment: Environment
    plan: Plan
    log: str
    """What the workers of failed cells wrote, tracebacks among it."""


def measure(grid: Grid, plugins: Plugins, timeout: float, watch: GridWatch) -> Measured:
    """Every cell of `grid` whose codec and corpus are here. `timeout` is in seconds, for each
    direction of a cell. Raises UsageError for a protocol that is none."""
    missing: dict[str, str] = {}
    codecs = _found(grid.codecs, plugins.codec, missing)
    corpora = _found(grid.corpora, plugins.corpus, missing)
    targets = survey(corpora, [protocol(p) for p in grid.protocols], grid.limit, watch.reading)
    plan = Plan(plugins, codecs, targets)
    record = environment(dependencies(), threads=1, jobs=os.cpu_count() or 1)
    limits = Limits(timeout, memory_bytes() * 4 // 5, threads=1)
    watch.begin(len(plan.keys))
    with tempfile.TemporaryDirectory(prefix="codelength-gate-") as name:
        folder = Path(name)
        with Store(folder) as store:
            run(plan, store, {}, record, limits, watch)
        log = folder / FAILURES
        return Measured(
            load(folder).current,
            missing,
            record,
            plan,
            log.read_text(errors="replace") if log.exists() else "",
        )


def _found(
    specs: Sequence[str], find: Callable[[str], Registered[T]], missing: dict[str, str]
) -> list[Registered[T]]:
    found = []
    for spec in specs:
        try:
            entry = find(spec)
            entry.item.check_available()
        except CodelengthError as error:
            missing[spec] = str(error)
        else:
            found.append(entry)
    return found
