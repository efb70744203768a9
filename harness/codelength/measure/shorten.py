"""A codec that is too slow for a slice is measured on less of it, beside all others."""

from concurrent.futures import Executor
from dataclasses import replace

from codelength.api.sampling import SAMPLED
from codelength.measure.codec_workers import Watch
from codelength.measure.engine import execute
from codelength.measure.job import Limits
from codelength.measure.plan import Plan, survey
from codelength.results.cell import CellKey, Status
from codelength.results.store import Store, load

SHARE, LEAST = 16, 2_000
"""The part of a slice that is measured where all of it takes too long, and its bytes at least."""


def measure_less(
    plan: Plan, store: Store, limits: Limits, on: Executor | int, watch: Watch
) -> Plan:
    """Measure the codecs that ran out of time on smaller samples, and all others on these, too.

    A part of a run measures no smaller samples, because the other parts do not.

    A sample of which no such codec has a result is left to itself: the codec hangs, or is slower by
    far.

    Returns:
        The plan with the samples that have results.
    """
    if plan.part != (1, 1):
        return plan
    cells = plan.latest(load(store.folder))
    late = {cell.key for cell in cells if cell.status is Status.TIMEOUT}
    for target in plan.targets:
        of = target.slice
        slow = [e for e in plan.codecs if CellKey(e.item.spec, *of.key) in late]
        if not slow or of.bytes < SHARE * LEAST:
            continue
        size = of.bytes // SHARE
        targets = survey(
            [plan.plugins.corpus(of.corpus)],
            [plan.plugins.protocol(of.protocol)],
            size if isinstance(of.limit, int) else f"{SAMPLED}{size}",
            watch.reading,
        )
        smaller = replace(plan, codecs=slow, targets=targets, within=None)
        execute(smaller, store, limits, on, watch)
        if any(cell.ok for cell in smaller.latest(load(store.folder))):
            others = [entry for entry in plan.codecs if entry not in slow]
            execute(replace(smaller, codecs=others), store, limits, on, watch)
            plan = replace(plan, targets=[*plan.targets, *targets])
    return plan
