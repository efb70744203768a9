"""What a gate comes to.

Findings and the exit code that follows from them; how a grid is checked against a baseline, and how
a new baseline is accepted.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from codelength.gate.baseline import SCHEMA, Baseline, Grid, to_expected
from codelength.gate.grid import GridWatch, Measured, measure
from codelength.gate.timing import (
    GATE_SECONDS,
    TimeFinding,
    Timer,
    TimeVerdict,
    timing_conditions,
    without_time,
)
from codelength.gate.verdicts import CellFinding, Verdict, find_changes
from codelength.plugins import Plugins
from codelength.results.cell import Environment, Status

REGRESSION, INCOMPLETE, ROUND_TRIP = 1, 3, 4


@dataclass(frozen=True)
class Policy:
    """What fails the gate besides sizes, blobs and round trips."""

    time: bool = False
    """A codec that is slower, or could not be timed."""
    keys: bool = False
    """A cell whose key changed, so that it is not compared."""


@dataclass(frozen=True)
class Outcome:
    """Everything that a gate found."""

    cells: Sequence[CellFinding]
    environment: Environment
    times: Sequence[TimeFinding] = ()
    policy: Policy = field(default_factory=Policy)
    log: str = ""
    """What the workers of failed cells wrote to standard error."""

    @property
    def exit_code(self) -> int:
        """The exit code.

        4 if a round trip failed, else 1 if something got worse, else 3 if something is missing or
        nothing was compared, else 0.
        """
        verdicts = {finding.verdict for finding in self.cells}
        speeds = {finding.verdict for finding in self.times} if self.policy.time else set()
        if Verdict.MISMATCH in verdicts:
            return ROUND_TRIP
        if TimeVerdict.SLOWER in speeds or any(verdict.is_regression for verdict in verdicts):
            return REGRESSION
        missing = TimeVerdict.NOT_TIMED in speeds or any(verdict.is_missing for verdict in verdicts)
        changed = Verdict.CHANGED_KEY in verdicts and self.policy.keys
        compared = self.is_compared and (self.is_timed or not self.policy.time)
        return INCOMPLETE if missing or changed or not compared else 0

    @property
    def is_compared(self) -> bool:
        """Whether the size of at least one cell was compared with the baseline."""
        return any(finding.verdict.is_compared for finding in self.cells)

    @property
    def is_timed(self) -> bool:
        """Whether at least one time was compared with the baseline."""
        return any(finding.factor is not None for finding in self.times)

    @property
    def headline(self) -> str:
        """The exit code in words."""
        match self.exit_code:
            case 0:
                return "ok" + self._not_compared
            case 1:
                return "regression"
            case 4:
                return "a round trip failed"
        return "incomplete" if self.is_compared else "incomplete: nothing was compared"

    @property
    def _not_compared(self) -> str:
        changed = sum(finding.verdict is Verdict.CHANGED_KEY for finding in self.cells)
        if not changed:
            return ""
        return f", but {changed:,} of {len(self.cells):,} cells were not compared"

    def summary(self) -> Iterator[str]:
        """Count the cells and the times by their verdicts, the worst first."""
        yield f"{len(self.cells):,} cells: {_counts(Verdict, self.cells) or 'nothing was measured'}"
        if self.times:
            kind = "blocking" if self.policy.time else "advisory"
            yield f"{len(self.times):,} times ({kind}): {_counts(TimeVerdict, self.times)}"
        elif self.policy.time:
            yield "no times (blocking): the baseline has none; --update takes them"


def check(
    baseline: Baseline,
    plugins: Plugins,
    watch: GridWatch,
    policy: Policy,
    timed: bool,
    timeout: float,
) -> Outcome:
    """Measure the grid of a baseline and compare.

    Args:
        timed: Whether times are taken, too.
        timeout: Seconds for each direction of a cell, and for each pass of the timing.
    """
    measured = measure(baseline.grid, plugins, timeout, watch)
    cells = find_changes(baseline, measured.cells, measured.missing)
    times = _check_times(baseline, measured, cells, watch, timeout) if timed else []
    return Outcome(cells, measured.environment, times, policy, measured.log)


def accept(
    grid: Grid,
    plugins: Plugins,
    watch: GridWatch,
    timed: bool,
    timeout: float,
) -> tuple[Baseline, Outcome]:
    """Make a baseline from what a grid gives now.

    Returns:
        The baseline, and what it came to. Only with exit code 0 may the baseline be kept: then
        every cell is ok or declined by its codec, and at least one is ok.

    Raises:
        TimingError: A codec could not be timed.
    """
    measured = measure(grid, plugins, timeout, watch)
    good = (cell for cell in measured.cells if cell.ok or cell.status is Status.UNSUPPORTED)
    cells = {cell.key: cell for cell in map(to_expected, good)}
    e = measured.environment
    baseline = Baseline(
        schema=SCHEMA,
        provenance={"started": e.started, "codelength": e.codelength, "commit": e.commit},
        timed_on=timing_conditions(),
        grid=grid,
        cells=[cells[key] for key in grid.keys if key in cells],
    )
    findings = find_changes(baseline, measured.cells, measured.missing)
    outcome = Outcome(findings, e, log=measured.log)
    if timed and outcome.exit_code == 0:
        timings = Timer(grid, measured, timeout).time_for_baseline(watch)
        baseline = replace(baseline, timings=timings)
    return baseline, outcome


def _check_times(
    baseline: Baseline,
    measured: Measured,
    cells: Sequence[CellFinding],
    watch: GridWatch,
    timeout: float,
) -> list[TimeFinding]:
    """Compare both directions of every codec that the baseline has times of."""
    here = timing_conditions()
    changed = "; ".join(
        f"{name} {baseline.timed_on.get(name, 'unknown')} → {value}"
        for name, value in here.items()
        if baseline.timed_on.get(name) != value
    )
    incomparable = {
        finding.codec
        for finding in cells
        if not finding.verdict.is_compared and finding.verdict is not Verdict.DECLINED
    }
    reasons = {
        timing.codec: changed or "not all of its cells could be compared"
        for timing in baseline.timings
        if changed or timing.codec in incomparable
    }
    timings = [timing for timing in baseline.timings if timing.codec not in reasons]
    timer = Timer(baseline.grid, measured, timeout)
    timed = timer.compare(timings, watch, time.monotonic() + GATE_SECONDS)
    return [
        finding
        for timing in baseline.timings
        for finding in timed.get(timing.codec)
        or without_time(timing.codec, TimeVerdict.NOT_COMPARED, reasons[timing.codec])
    ]


def _counts(
    kinds: type[Verdict] | type[TimeVerdict], findings: Sequence[CellFinding | TimeFinding]
) -> str:
    numbers = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{numbers[kind]:,} {kind}" for kind in kinds if numbers[kind])
