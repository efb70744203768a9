"""The two ways in which `codelength scaling measure` gets at rates: by score, and by coding."""

import sys
from collections.abc import Sequence
from pathlib import Path

from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan
from codelength.report.progress import Meter, watch
from codelength.results.cell import Cell
from codelength.results.machine import environment
from codelength.results.store import Store, load
from codelength_studies.score.command import CHECK, Progress
from codelength_studies.score.run import score_plan


def score_models(plan: Plan, jobs: int, out: Path, fresh: bool) -> Sequence[Cell]:
    """Return the ideal code length of every model on every target."""
    with Meter(sys.stderr) as meter:
        record = environment(1, jobs)
        return score_plan(plan, record, CHECK, out, Progress(meter), fresh)


def code_with_models(plan: Plan, jobs: int, out: Path, fresh: bool) -> Sequence[Cell]:
    """Return the cell of every model on every target, decoded in another process."""
    with Store(out) as store, watch(sys.stderr) as progress:
        execute(plan, store, Limits(), jobs, progress, fresh)
    return plan.latest(load(out))
