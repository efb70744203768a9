"""What a gate comes to: findings, timings, and the exit code that follows."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from codelength.gate.baseline import Baseline
from codelength.gate.grid import GridWatch, Measured, measure
from codelength.gate.timing import ALTOGETHER, Tempo, Timer, Timing, conditions, without
from codelength.gate.verdicts import Finding, Verdict, findings
from codelength.plugins import Plugins
from codelength.results.cell import Environment

REGRESSION, INCOMPLETE, ROUND_TRIP = 1, 3, 4


@dataclass(frozen=True)
class Policy:
    """What else than sizes, blobs and round trips blocks."""

    time: bool = False
    """A codec that is slower, or could not be timed."""
    keys: bool = False
    """A cell with another key, which is not compared."""


@dataclass(frozen=True)
class Outcome:
    """Everything that a gate found."""

    findings: Sequence[Finding]
    environment: Environment
    timings: Sequence[Timing] = ()
    policy: Policy = field(default_factory=Policy)
    log: str = ""
    """What the workers of failed cells wrote."""

    @property
    def exit_code(self) -> int:
        """4 if a round trip failed, else 1 if something got worse, else 3 if something is missing
        or nothing was compared, else 0."""
        verdicts = {finding.verdict for finding in self.findings}
        tempi = {timing.tempo for timing in self.timings} if self.policy.time else set()
        if Verdict.MISMATCH in verdicts:
            return ROUND_TRIP
        if Tempo.SLOWER in tempi or any(verdict.regression for verdict in verdicts):
            return REGRESSION
        missing = Tempo.NOT_TIMED in tempi or any(verdict.hole for verdict in verdicts)
        excused = Verdict.CHANGED_KEY in verdicts and self.policy.keys
        compared = self.compared and (self.timed or not self.policy.time)
        return INCOMPLETE if missing or excused or not compared else 0

    @property
    def compared(self) -> bool:
        """Whether there is a cell whose size stood against that in the baseline."""
        return any(finding.verdict.compared for finding in self.findings)

    @property
    def timed(self) -> bool:
        """Whether there is a time that stood against one of the baseline."""
        return any(timing.factor is not None for timing in self.timings)

    def summary(self) -> Iterator[str]:
        """How many cells came to what, and how many times; the gravest first."""
        verdicts = Counter(finding.verdict for finding in self.findings)
        told = [f"{verdicts[verdict]:,} {verdict}" for verdict in Verdict if verdicts[verdict]]
        yield f"{len(self.findings):,} cells: {', '.join(told) or 'nothing was measured'}"
        tempi = Counter(timing.tempo for timing in self.timings)
        if self.policy.time and not tempi:
            yield "no times (blocking): the baseline has none; --update takes them"
        if tempi:
            told = [f"{tempi[tempo]:,} {tempo}" for tempo in Tempo if tempi[tempo]]
            kind = "blocking" if self.policy.time else "advisory"
            yield f"{len(self.timings):,} times ({kind}): {', '.join(told)}"

    @property
    def headline(self) -> str:
        """The exit code in words."""
        match self.exit_code:
            case 0:
                return "ok"
            case 1:
                return "regression"
            case 4:
                return "a round trip failed"
        return "incomplete" if self.compared else "incomplete: nothing was compared"


def check(
    baseline: Baseline,
    plugins: Plugins,
    watch: GridWatch,
    policy: Policy,
    timed: bool,
    timeout: float,
) -> Outcome:
    """Runs the grid of a baseline and compares."""
    measured = measure(baseline.grid, plugins, timeout, watch)
    found = findings(baseline, measured.cells, measured.missing)
    timings = _timings(baseline, measured, found, watch, timeout) if timed else []
    return Outcome(found, measured.environment, timings, policy, measured.log)


def _timings(
    baseline: Baseline,
    measured: Measured,
    found: Sequence[Finding],
    watch: GridWatch,
    timeout: float,
) -> list[Timing]:
    """Both directions of every codec that the baseline has times of."""
    elsewhere = _elsewhere(baseline.timed)
    reasons = {pace.codec: elsewhere or _incomparable(pace.codec, found) for pace in baseline.paces}
    paces = [pace for pace in baseline.paces if not reasons[pace.codec]]
    timer = Timer(baseline.grid, measured, timeout)
    timed = timer.against(paces, watch, time.monotonic() + ALTOGETHER)
    return [
        timing
        for codec, reason in reasons.items()
        for timing in timed.get(codec) or without(codec, Tempo.NOT_COMPARED, reason)
    ]


def _incomparable(codec: str, found: Sequence[Finding]) -> str:
    """Why the times of a codec tell nothing; empty if they do."""
    mine = {finding.verdict for finding in found if finding.codec == codec}
    if all(verdict.compared or verdict is Verdict.DECLINED for verdict in mine):
        return ""
    return "not all of its cells could be compared"


def _elsewhere(timed: dict[str, str]) -> str:
    """What differs between where the baseline was timed and here; empty if nothing does."""
    here = conditions()
    parts = [
        f"{name} {timed.get(name, 'unknown')} → {here[name]}"
        for name in here
        if timed.get(name) != here[name]
    ]
    return "; ".join(parts)
