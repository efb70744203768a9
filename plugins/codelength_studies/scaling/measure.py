"""The two ways in which `codelength scaling measure` gets at rates: by score, and by coding."""

import sys
from collections.abc import Sequence
from pathlib import Path

from codelength.cli.options import TIMEOUT
from codelength.cli.progress import Meter, watch
from codelength.results.cell import Cell
from codelength.results.journal import Journal
from codelength.results.machine import dependencies, environment, memory_bytes
from codelength.results.score import FILE, Score
from codelength.results.store import Store, load
from codelength.run.engine import execute
from codelength.run.job import Limits, Recipe
from codelength.run.plan import Plan
from codelength_studies.score import load as scores
from codelength_studies.score import score_all
from codelength_studies.score.command import CHECK, Progress
from codelength_studies.score.tasks import with_code_lengths


def score_models(plan: Plan, jobs: int, out: Path) -> Sequence[Score]:
    """Return the ideal code length of every model on every target."""
    with Journal(out, FILE) as journal, Meter(sys.stderr) as meter:
        return score_all(
            [(with_code_lengths(e.item), Recipe.of(plan.plugins, e)) for e in plan.codecs],
            [(plan.plugins.corpus(t.slice.corpus), t.slice) for t in plan.targets],
            scores(out),
            journal,
            environment(dependencies(), 1, jobs),
            CHECK,
            Progress(meter),
        )


def code_with_models(plan: Plan, jobs: int, out: Path) -> Sequence[Cell]:
    """Return the cell of every model on every target, decoded in another process."""
    with Store(out) as store, watch(sys.stderr) as progress:
        known = {cell.key: cell for cell in load(out).current}
        record = environment(dependencies(), 1, jobs)
        store.append(record)
        progress.begin(len(plan.keys))
        limits = Limits(TIMEOUT, memory_bytes() * 4 // 5, 1)
        execute(plan, store, known, record, limits, progress)
    return [cell for cell in load(out).current if cell.key in plan.keys]
