"""What a gate comes to.

Findings and the exit code that follows from them; how a grid is checked against a baseline, and how
a new baseline is accepted.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from codelength.measure.codec_workers import Watch
from codelength.metrics.budget import NO_BUDGET, Budget
from codelength.metrics.decoder_size import measure_decoder
from codelength.metrics.rates import DECODER
from codelength.plugins import Plugins
from codelength.results.cell import Environment, Status
from codelength_gate.baseline import SCHEMA, Baseline, DefaultRows, Grid, to_expected
from codelength_gate.grid import Measured, measure
from codelength_gate.rows import compare_rows
from codelength_gate.timing import (
    GATE_SECONDS,
    TimeFinding,
    Timer,
    TimeVerdict,
    timing_conditions,
    without_time,
)
from codelength_gate.verdicts import (
    CellFinding,
    Verdict,
    codecs_to_check,
    find_changes,
    find_over_budget,
)

REGRESSION, INCOMPLETE, ROUND_TRIP = 1, 3, 4
EXIT_CODES: dict[Verdict | TimeVerdict, int] = {
    Verdict.MISMATCH: ROUND_TRIP,
    Verdict.LARGER: REGRESSION,
    Verdict.OTHER_BYTES: REGRESSION,
    Verdict.CHANGED_ROW: REGRESSION,
    Verdict.OVER_BUDGET: REGRESSION,
    Verdict.FAILED: INCOMPLETE,
    Verdict.VANISHED: INCOMPLETE,
    Verdict.GONE_ROW: INCOMPLETE,
    Verdict.UNRECORDED: INCOMPLETE,
    Verdict.CHANGED_KEY: INCOMPLETE,
    TimeVerdict.SLOWER: REGRESSION,
    TimeVerdict.NOT_TIMED: INCOMPLETE,
}
"""What a verdict ends the gate with, if it blocks."""


@dataclass(frozen=True)
class Policy:
    """What fails the gate besides sizes, blobs, round trips and default rows."""

    time: bool = False
    """A codec that is slower, or could not be timed."""
    keys: bool = False
    """A cell whose key changed, so that it is not compared."""
    budget: Budget = NO_BUDGET
    """A codec that takes more, all its cells together."""

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
    def findings(self) -> list[CellFinding | TimeFinding]:
        """Those on cells, and those on times."""
        return [*self.cells, *self.times]

    @property
    def exit_code(self) -> int:
        """The exit code.

        4 if a round trip failed, else 1 if something got worse, else 3 if something is missing or
        nothing was compared, else 0.
        """
        codes = {self.policy.exit_code(finding.verdict) for finding in self.findings}
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
        changed = [f.codec for f in self.cells if f.verdict is Verdict.CHANGED_KEY]
        if changed:
            names = ", ".join(dict.fromkeys(changed))
            return f"ok, but {len(changed):,} of {len(self.cells):,} cells NOT COMPARED: {names}"
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
    record: bool = False,
) -> Outcome:
    """Measure the grid of a baseline, and new default rows, and compare.

    Args:
        timed: Whether times are taken, too.
        timeout: Seconds for each direction of a cell, and for each pass of the timing.
        record: Time all codecs, those too whose times cannot be compared.
    """
    rows = compare_rows(baseline.rows, plugins)
    codecs = codecs_to_check(baseline, rows)
    measured = measure(codecs, baseline.grid, plugins, timeout, watch)
    cells = find_changes(baseline, codecs, measured.cells, measured.missing, rows)
    times: list[TimeFinding] = []
    if timed:
        wall = {timing.codec for timing in baseline.timings if timing.clock == "wall"}
        timer = Timer(measured, timeout, wall)
        found = _check_times(baseline, timer, cells, watch)
        if record:
            found |= timer.record({c: found.get(c, []) for c in codecs}, watch)
        times = [finding for findings in found.values() for finding in findings]
    over = _find_over_budget(measured, policy.budget)
    return Outcome([*cells, *over], measured.environment, times, policy, measured.log)


def accept(
    codecs: Sequence[str],
    grid: Grid,
    plugins: Plugins,
    watch: Watch,
    timed: bool,
    timeout: float,
    *,
    rows: Sequence[DefaultRows] = (),
    wall: Collection[str] = (),
    before: Baseline | None = None,
    policy: Policy = Policy(),
) -> tuple[Baseline, Outcome]:
    """Make a baseline from what a grid gives now.

    Args:
        rows: The default rows to record.
        wall: Codecs that are timed by the wall clock.
        before: Times are taken only of those codecs that it has no valid times of. None takes all.

    Returns:
        The baseline, and what it came to. Only with exit code 0 may the baseline be kept: then
        every cell is ok or declined by its codec, and at least one is ok.

    Raises:
        TimingError: A codec could not be timed.
    """
    measured = measure(codecs, grid, plugins, timeout, watch)
    good = [cell for cell in measured.cells if cell.ok or cell.status is Status.UNSUPPORTED]
    e = measured.environment
    baseline = Baseline(
        schema=SCHEMA,
        provenance={"started": e.started, "codelength": e.codelength, "commit": e.commit},
        grid=grid,
        rows=list(rows),
        cells=list(map(to_expected, good)),
    )
    cells = find_changes(baseline, codecs, measured.cells, measured.missing)
    over = _find_over_budget(measured, policy.budget)
    outcome = Outcome([*cells, *over], e, (), policy, measured.log)
    if timed and outcome.exit_code == 0:
        timer = Timer(measured, timeout, wall)
        untimed = _find_untimed(baseline, before, wall) if before else baseline.codecs
        timings = timer.time_for_baseline(untimed, watch)
        baseline = replace(baseline, timings=timings)
    return baseline, outcome


def _find_untimed(new: Baseline, before: Baseline, wall: Collection[str]) -> list[str]:
    """Return the codecs of `new` that `before` has no times of: of the same cells and clock."""
    clocks = {t.codec: t.clock for t in before.timings} if before.grid == new.grid else {}
    return [
        codec
        for codec in new.codecs
        if any(not cell.declined for cell in new.cells_of(codec))
        and (
            clocks.get(codec) != ("wall" if codec in wall else "cpu")
            or before.cells_of(codec) != new.cells_of(codec)
        )
    ]


def _find_over_budget(measured: Measured, budget: Budget) -> list[CellFinding]:
    """Find the codecs that exceed a limit; decoders are measured if they count."""
    cells = measured.cells
    if budget.total is not None:
        codecs = {entry.item.spec: entry.item for entry in measured.plan.codecs}
        code = {spec: measure_decoder(codec.library) for spec, codec in codecs.items()}
        cells = [
            replace(cell, model_bytes={**cell.model_bytes, DECODER: found and found.zipped})
            for cell in cells
            for found in [code[cell.codec]]
        ]
    return list(find_over_budget(cells, budget))


def _check_times(
    baseline: Baseline, timer: Timer, cells: Sequence[CellFinding], watch: Watch
) -> dict[str, list[TimeFinding]]:
    """Compare both directions of every codec that the baseline has times of."""
    here, found = timing_conditions(), {}
    known = (*filter(lambda verdict: verdict.is_compared, Verdict), Verdict.DECLINED)
    incomparable = {finding.codec for finding in cells if finding.verdict not in known}
    for timing in baseline.timings:
        reason = "; ".join(
            f"{name} {timing.on.get(name, 'unknown')} → {value}"
            for name, value in here.items()
            if timing.on.get(name) != value
        )
        if timing.codec not in {f.codec for f in cells} - incomparable:
            reason = reason or "not all of its cells could be compared"
        if reason:
            found[timing.codec] = without_time(timing.codec, TimeVerdict.NOT_COMPARED, reason)
    timings = [timing for timing in baseline.timings if timing.codec not in found]
    return found | timer.compare(timings, watch, time.monotonic() + GATE_SECONDS)


def _counts(
    kinds: type[Verdict] | type[TimeVerdict], findings: Iterable[CellFinding | TimeFinding]
) -> str:
    numbers = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{numbers[kind]:,} {kind}" for kind in kinds if numbers[kind])
