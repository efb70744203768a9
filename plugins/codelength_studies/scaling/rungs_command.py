"""The two ways in which `codelength scaling measure` gets at rates: by score, and by coding."""

import sys
from collections.abc import Sequence
from pathlib import Path

from codelength.api.corpus import Corpus
from codelength.cli.meter import Meter
from codelength.cli.options import TIMEOUT
from codelength.cli.progress import watch
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell
from codelength.results.journal import Journal
from codelength.results.machine import dependencies, environment, memory_bytes
from codelength.results.score import FILE, Score
from codelength.results.store import Store, load
from codelength.run.engine import run
from codelength.run.plan import Plan, Target
from codelength.workers.supervisor import Limits
from codelength_studies.scaling.rungs import Rung
from codelength_studies.score import load as scores
from codelength_studies.score import score_all
from codelength_studies.score.command import CHECK, Progress
from codelength_studies.score.tasks import Recipe, with_predictor


def by_score(
    plugins: Plugins,
    ladder: Sequence[Rung],
    entries: Sequence[Registered[Corpus]],
    targets: Sequence[Target],
    jobs: int,
    out: Path,
) -> Sequence[Score]:
    """Ideal code lengths of every model on every target."""
    slices = [(entry, target.slice) for entry, target in zip(entries, targets, strict=True)]
    with Journal(out, FILE) as journal, Meter(sys.stderr) as meter:
        return score_all(
            [(with_predictor(r.codec), Recipe.of(plugins, r.entry)) for r in ladder],
            slices,
            scores(out),
            journal,
            environment(dependencies(), 1, jobs),
            CHECK,
            Progress(meter),
        )


def by_coding(
    plugins: Plugins,
    ladder: Sequence[Rung],
    entries: Sequence[Registered[Corpus]],
    targets: Sequence[Target],
    jobs: int,
    out: Path,
) -> Sequence[Cell]:
    """Cells of every model on every target, each decoded in another process."""
    plan = Plan(plugins, [rung.entry for rung in ladder], targets)
    with Store(out) as store, watch(sys.stderr) as progress:
        known = {cell.key: cell for cell in load(out).current}
        record = environment(dependencies(), 1, jobs)
        store.append(record)
        progress.begin(len(plan.keys))
        limits = Limits(TIMEOUT, memory_bytes() * 4 // 5, 1)
        run(plan, store, known, record, limits, progress)
    return [cell for cell in load(out).current if cell.key in plan.keys]
