"""The two ways in which `codelength scaling measure` gets at rates: by score, and by coding."""

import sys
from collections.abc import Sequence
from pathlib import Path

from codelength.cli.options import TIMEOUT
from codelength.cli.progress import Meter, watch
from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan
from codelength.results.cell import Cell
from codelength.results.machine import dependencies, environment, memory_bytes
from codelength.results.store import Store, load
from codelength_studies.score.command import CHECK, Progress
from codelength_studies.score.run import score_plan


def score_models(plan: Plan, jobs: int, out: Path) -> Sequence[Cell]:
    """Return the ideal code length of every model on every target."""
    with Meter(sys.stderr) as meter:
        record = environment(dependencies(), 1, jobs)
        return score_plan(plan, record, CHECK, out, Progress(meter))


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
