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
from codelength.gate.grid import measure
from codelength.gate.timing import (
    GATE_SECONDS,
    TimeFinding,
    Timer,
    TimeVerdict,
    timing_conditions,
    without_time,
)
from codelength.gate.verdicts import CellFinding, Verdict, find_changes
from codelength.measure.codec_workers import Watch
from codelength.plugins import Plugins
from codelength.results.cell import Environment, Status

REGRESSION, INCOMPLETE, ROUND_TRIP = 1, 3, 4
EXIT_CODES: dict[Verdict | TimeVerdict, int] = {
    Verdict.MISMATCH: ROUND_TRIP,
    Verdict.LARGER: REGRESSION,
    Verdict.OTHER_BYTES: REGRESSION,
    Verdict.FAILED: INCOMPLETE,
    Verdict.VANISHED: INCOMPLETE,
    Verdict.UNRECORDED: INCOMPLETE,
    Verdict.CHANGED_KEY: INCOMPLETE,
    TimeVerdict.SLOWER: REGRESSION,
    TimeVerdict.NOT_TIMED: INCOMPLETE,
}
"""What a verdict ends the gate with, if it blocks."""


@dataclass(frozen=True)
class Policy:
    """What fails the gate besides sizes, blobs and round trips."""

    time: bool = False
    """A codec that is slower, or could not be timed."""
    keys: bool = False
    """A cell whose key changed, so that it is not compared."""

    def exit_code(self, verdict: Verdict | TimeVerdict) -> int:
        """The exit code that a verdict asks for; 0 if it does not block."""
        if isinstance(verdict, TimeVerdict):
            blocks = self.time
        else:
            blocks = self.keys or verdict is not Verdict.CHANGED_KEY
        return EXIT_CODES.get(verdict, 0) if blocks else 0


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
        verdicts: list[Verdict | TimeVerdict] = [
            *(cell.verdict for cell in self.cells),
            *(time.verdict for time in self.times),
        ]
        codes = set(map(self.policy.exit_code, verdicts))
        if not self.is_compared or (self.policy.time and not self.is_timed):
            codes.add(INCOMPLETE)
        return next((code for code in (ROUND_TRIP, REGRESSION, INCOMPLETE) if code in codes), 0)

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
            case 4:
                return "a round trip failed"
            case 1:
                return "regression"
            case 3:
                return "incomplete" if self.is_compared else "incomplete: nothing was compared"
        changed = sum(finding.verdict is Verdict.CHANGED_KEY for finding in self.cells)
        if changed:
            return f"ok, but {changed:,} of {len(self.cells):,} cells were not compared"
        return "ok"

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
    watch: Watch,
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
    timer = Timer(baseline.grid, measured, timeout)
    times = _check_times(baseline, timer, cells, watch) if timed else []
    return Outcome(cells, measured.environment, times, policy, measured.log)


def accept(
    grid: Grid,
    plugins: Plugins,
    watch: Watch,
    timed: bool,
    timeout: float,
    before: Baseline | None = None,
) -> tuple[Baseline, Outcome]:
    """Make a baseline from what a grid gives now.

    Args:
        before: Times are taken only of those codecs that it has no valid times of. None takes all.

    Returns:
        The baseline, and what it came to. Only with exit code 0 may the baseline be kept: then
        every cell is ok or declined by its codec, and at least one is ok.

    Raises:
        TimingError: A codec could not be timed.
    """
    measured = measure(grid, plugins, timeout, watch)
    good = [cell for cell in measured.cells if cell.ok or cell.status is Status.UNSUPPORTED]
    cells = {cell.key: to_expected(cell) for cell in good}
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
        codecs = _find_untimed(baseline, before) if before else grid.codecs
        timings = Timer(grid, measured, timeout).time_for_baseline(codecs, watch)
        baseline = replace(baseline, timings=timings)
    return baseline, outcome


def _find_untimed(new: Baseline, before: Baseline) -> list[str]:
    """Return the codecs of `new` that `before` has no valid times of.

    Those are of the same data, cells and clock. A file has the times of one machine: on another one
    all codecs are timed, or none if some are not measured now.
    """
    codecs = new.grid.codecs
    if not before.grid.has_same_data(new.grid):
        return codecs
    clocks = {timing.codec: timing.clock for timing in before.timings}
    untimed = [
        codec
        for codec in codecs
        if any(not cell.declined for cell in new.cells_of(codec))
        and (
            clocks.get(codec) != new.grid.clock(codec)
            or before.cells_of(codec) != new.cells_of(codec)
        )
    ]
    if not untimed or not before.timings or before.timed_on == new.timed_on:
        return untimed
    return codecs if set(before.grid.codecs) <= set(codecs) else []


def _check_times(
    baseline: Baseline, timer: Timer, cells: Sequence[CellFinding], watch: Watch
) -> list[TimeFinding]:
    """Compare both directions of every codec that the baseline has times of."""
    changed = "; ".join(
        f"{name} {baseline.timed_on.get(name, 'unknown')} → {value}"
        for name, value in timing_conditions().items()
        if baseline.timed_on.get(name) != value
    )
    incomparable = {
        finding.codec
        for finding in cells
        if not finding.verdict.is_compared and finding.verdict is not Verdict.DECLINED
    }
    reason = changed or "not all of its cells could be compared"
    found = {
        timing.codec: without_time(timing.codec, TimeVerdict.NOT_COMPARED, reason)
        for timing in baseline.timings
        if changed or timing.codec in incomparable
    }
    timings = [timing for timing in baseline.timings if timing.codec not in found]
    found |= timer.compare(timings, watch, time.monotonic() + GATE_SECONDS)
    return [finding for timing in baseline.timings for finding in found[timing.codec]]


def _counts(
    kinds: type[Verdict] | type[TimeVerdict], findings: Sequence[CellFinding | TimeFinding]
) -> str:
    numbers = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{numbers[kind]:,} {kind}" for kind in kinds if numbers[kind])
