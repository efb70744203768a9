"""The advisory part of the gate: does a codec take longer than when the baseline was made?

`stopwatch` says what a round, a pass and contention are. A round is quiet, and counts, only if its
contention is as low as the machine allows and as low as it was for the baseline. What is compared
are logarithms of the codec's time over the geometric mean of the references' times. Passes of the
same codec differ by a few percent, because each process has another memory layout. So the pass is
the unit: a codec is called slower only if the median over passes is above a threshold and the
passes rank above those of the baseline.
"""

import math
import platform
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from statistics import median

from msgspec.structs import replace

from codelength.api.errors import CodelengthError
from codelength.measure.codec_workers import Watch
from codelength.results.cell import CorpusSlice, Struct
from codelength.results.machine import describe_machine
from codelength.workers.supervisor import CallFailed, Supervisor, TimedOut
from codelength_gate.baseline import BaselineTiming, Clock
from codelength_gate.grid import Measured
from codelength_gate.stopwatch import Pass, Request, Round, time_codec

PASSES = 5
"""Passes that have to count for a baseline, and in a gate for a codec that looks slower."""
TRIES = 10
"""Passes that are made at most, to get those that count."""
FEWEST = 4
"""Quiet rounds that a pass needs to count."""
GATE_SECONDS = 60.0
"""After so many seconds a gate begins no more passes."""
BASELINE_SECONDS = 120.0
"""After so many seconds a baseline takes the most common contention, if quiet rounds are rare."""
APART = 5.0
"""Seconds between two passes over one codec for a baseline: disturbances last that long."""
THRESHOLD = math.log(1.15)
"""A smaller change is not reported."""
SUSPICION = THRESHOLD / 2
"""From this change on a codec is timed again."""
SIGNIFICANCE = 0.01
QUIET = 1 / 8
"""This quantile of the contention of all rounds is taken for that of a quiet machine."""
DIRECTIONS = ("encode", "decode")
WITHOUT = "--time off leaves times out"
NEVER_QUIET = (
    "the machine was never as quiet as when the baseline was made; run again, or take new times "
    "with --update --time advise"
)
NO_TIMES = "the baseline has no times of it"
TOO_LATE = "there was no time left to time it; run again when the machine is less busy"
UNSURE = "looks slower, but the machine was too busy to be sure; run again"


class TimingError(CodelengthError):
    """A codec could not be timed; the message says why."""

    exit_code = 3


class TimeVerdict(StrEnum):
    """What became of a codec's time."""

    SLOWER = "slower"
    AS_BEFORE = "as before"
    NOT_COMPARED = "not compared"
    NOT_TIMED = "not timed"


class TimeFinding(Struct, frozen=True, rename={"verdict": "tempo"}):
    """The verdict on one direction of one codec."""

    codec: str
    direction: str
    verdict: TimeVerdict
    factor: float | None = None
    """Time now over time in the baseline, both relative to the references."""
    p: float | None = None
    """Of the rank test."""
    passes: int = 0
    time: float | None = None
    """Time now over that of the references."""
    detail: str = ""
    """Why it was not compared."""


@dataclass(frozen=True)
class Timer:
    """Times codecs on the cells of a grid that are ok. Each pass is a process of its own."""

    measured: Measured
    timeout: float
    """Seconds for a pass."""
    wall: Collection[str] = ()
    """Codecs timed by the wall clock, because they work in threads or on a device."""

    def time_for_baseline(self, codecs: Sequence[str], watch: Watch) -> list[BaselineTiming]:
        """Time those of `codecs` that have a cell that is ok.

        Passes over one codec lie apart, so that they see the machine in more than one state.

        Raises:
            TimingError: A codec fails, or the machine is too busy.
        """
        passes: dict[str, list[Pass]] = {codec: [] for codec in codecs if self._slices(codec)}
        last, start = -math.inf, time.monotonic()
        for number in range(TRIES):
            quiet = quiet_contention(passes.values())
            left = [codec for codec in passes if len(quiet_rounds(passes[codec], quiet)) < PASSES]
            if not left or (number >= PASSES and time.monotonic() - start > BASELINE_SECONDS):
                break
            self.wait(last + APART - time.monotonic())
            last = time.monotonic()
            for codec in left:
                watch.timing(f"timing {codec}, pass {number + 1}")
                first = passes[codec][0].prefix_bytes if passes[codec] else None
                try:
                    passes[codec].append(self.make_pass(codec, first, quiet))
                except TimingError as error:
                    raise TimingError(f"{codec} cannot be timed: {error}; {WITHOUT}") from error
        quiet = quiet_contention(passes.values())
        if any(len(quiet_rounds(some, quiet)) < PASSES for some in passes.values()):
            quiet = common_contention(list(passes.values()))
        return [
            to_baseline_timing(codec, self.clock(codec), some, quiet or 0.0)
            for codec, some in passes.items()
        ]

    def compare(
        self, baseline: Sequence[BaselineTiming], watch: Watch, deadline: float
    ) -> dict[str, list[TimeFinding]]:
        """Compare both directions of each codec with the baseline.

        A codec needs one pass that counts, or PASSES of them if a direction looks slower. All are
        timed once before any is timed again.

        Args:
            deadline: The moment, of `time.monotonic()`, after which no pass begins.
        """
        passes: dict[str, list[Pass]] = {before.codec: [] for before in baseline}
        found = {before.codec: compare_passes(before, []) for before in baseline}
        for number in range(TRIES):
            for before in baseline:
                codec = before.codec
                decided = found[codec][0].verdict is not TimeVerdict.NOT_COMPARED
                if decided or time.monotonic() > deadline:
                    continue
                watch.timing(f"timing {codec}" + (f" again, {number}" if number else ""))
                try:
                    one = self.make_pass(codec, before.prefix_bytes, before.contention)
                except TimingError as error:
                    found[codec] = without_time(codec, TimeVerdict.NOT_TIMED, str(error))
                else:
                    passes[codec].append(one)
                    found[codec] = compare_passes(before, passes[codec])
        return found

    def make_pass(self, codec: str, prefix_bytes: int | None, contention: float | None) -> Pass:
        """Time a codec in a new process.

        Args:
            prefix_bytes: Bytes of each corpus; None for as many as suit the codec.
            contention: The process waits for rounds of this contention, if it is known.

        Raises:
            TimingError: The process fails or takes too long.
        """
        plan, slices = self.measured.plan, self._slices(codec)
        request = Request(
            recipe=plan.recipe(plan.plugins.codec(codec)),
            slices=[(part.corpus, part.protocol) for part in slices],
            clock=self.clock(codec),
            prefix_bytes=prefix_bytes or max(part.bytes for part in slices),
            shorten=prefix_bytes is None,
            contention=contention,
        )
        return answer(request, self.timeout)

    def record(
        self, findings: Mapping[str, list[TimeFinding]], watch: Watch
    ) -> dict[str, list[TimeFinding]]:
        """Time the codecs whose findings have no time, once; nothing is compared."""
        found = {}
        for codec, known in findings.items():
            if self._slices(codec) and all(finding.time is None for finding in known):
                watch.timing(f"timing {codec}")
                both = known or without_time(codec, TimeVerdict.NOT_COMPARED, NO_TIMES)
                try:
                    rounds = self.make_pass(codec, None, None).rounds
                except TimingError as error:
                    found[codec] = without_time(codec, TimeVerdict.NOT_TIMED, str(error))
                    continue
                times = [math.exp(log_times([rounds], f.direction)[0]) for f in both]
                found[codec] = [replace(f, time=t) for f, t in zip(both, times, strict=True)]
        return found

    def clock(self, codec: str) -> Clock:
        """The clock that times the codec."""
        return "wall" if codec in self.wall else "cpu"

    def wait(self, seconds: float) -> None:
        """Sleep, if the number of seconds is positive."""
        time.sleep(max(0.0, seconds))

    def _slices(self, codec: str) -> list[CorpusSlice]:
        return [cell.slice for cell in self.measured.cells if cell.codec == codec and cell.ok]


def without_time(codec: str, verdict: TimeVerdict, reason: str) -> list[TimeFinding]:
    """Return findings for both directions of a codec whose time is not known."""
    return [
        TimeFinding(codec=codec, direction=direction, verdict=verdict, detail=reason)
        for direction in DIRECTIONS
    ]


def timing_conditions() -> dict[str, str]:
    """Return processor and interpreter. Times from others are not compared."""
    return {
        "processor": describe_machine()["processor"],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def quiet_contention(passes: Iterable[Sequence[Pass]]) -> float | None:
    """Estimate the contention of the quiet machine from all rounds; None without any."""
    values = sorted(_contentions(passes))
    return values[int(QUIET * len(values))] if values else None


def common_contention(passes: Sequence[Sequence[Pass]]) -> float | None:
    """Find the contention at which the codec with the fewest passes that count has most."""
    counts = (
        (min(len(quiet_rounds(some, contention)) for some in passes), contention)
        for contention in _contentions(passes)
    )
    return max(counts, default=(0, None))[1]


def quiet_rounds(passes: Iterable[Pass], contention: float | None) -> list[list[Round]]:
    """Return the quiet rounds of each pass that has enough of them to count."""
    if contention is None:
        return []
    quiet = ([r for r in one.rounds if r.is_quiet(contention)] for one in passes)
    return [rounds for rounds in quiet if len(rounds) >= FEWEST]


def log_times(passes: Iterable[Sequence[Round]], direction: str) -> list[float]:
    """Return the median over the rounds of each pass."""
    return [median(r.log_time(direction) for r in rounds) for rounds in passes]


def to_baseline_timing(
    codec: str, clock: Clock, passes: Sequence[Pass], contention: float
) -> BaselineTiming:
    """Convert the passes over a codec to what a baseline keeps.

    Raises:
        TimingError: Fewer than PASSES of them count.
    """
    quiet = quiet_rounds(passes, contention)
    if len(quiet) < PASSES:
        raise TimingError(
            f"{codec} cannot be timed: {len(quiet)} of {len(passes)} passes were undisturbed; "
            f"update when the machine is less busy; {WITHOUT}"
        )
    encode, decode = ([round(x, 4) for x in log_times(quiet, d)] for d in DIRECTIONS)
    return BaselineTiming(
        codec=codec,
        clock=clock,
        prefix_bytes=passes[0].prefix_bytes,
        contention=round(contention, 4),
        encode=encode,
        decode=decode,
        on=timing_conditions(),
    )


def compare_passes(before: BaselineTiming, passes: Sequence[Pass]) -> list[TimeFinding]:
    """Return the findings on both directions of a codec.

    One pass is enough if no direction looks slower; otherwise it takes PASSES of them.
    """
    quiet = quiet_rounds(passes, before.contention)
    if not quiet:
        reason = NEVER_QUIET if passes else TOO_LATE
        return without_time(before.codec, TimeVerdict.NOT_COMPARED, reason)
    findings = [compare_direction(before, quiet, direction) for direction in DIRECTIONS]
    suspicious = any((f.factor or 0) > math.exp(SUSPICION) for f in findings)
    if suspicious and len(quiet) < PASSES:
        return without_time(before.codec, TimeVerdict.NOT_COMPARED, UNSURE)
    return findings


def compare_direction(
    before: BaselineTiming, quiet: Sequence[Sequence[Round]], direction: str
) -> TimeFinding:
    """Return the finding on one direction, from all passes that count."""
    now, then = log_times(quiet, direction), getattr(before, direction)
    change, p = median(now) - median(then), mann_whitney(now, then)
    slower = change > THRESHOLD and p <= SIGNIFICANCE
    return TimeFinding(
        codec=before.codec,
        direction=direction,
        verdict=TimeVerdict.SLOWER if slower else TimeVerdict.AS_BEFORE,
        factor=math.exp(change),
        p=p,
        passes=len(now),
        time=math.exp(median(now)),
    )


def mann_whitney(these: Sequence[float], those: Sequence[float]) -> float:
    """Return the exact one-sided p-value of the Mann–Whitney test: do `these` tend to be larger?

    It is the share of all assignments of the pooled values to the two samples in which `these` win
    at least as many pairs. A tie counts as a loss. Mann and Whitney, "On a Test of Whether one of
    Two Random Variables is Stochastically Larger than the Other", Annals of Mathematical
    Statistics 18 (1947).
    """
    won = sum(a > b for a in these for b in those)
    n, m = len(these), len(those)
    as_extreme = sum(_orders(n, m, pairs) for pairs in range(won, n * m + 1))
    return as_extreme / math.comb(n + m, n)


@cache
def _orders(n: int, m: int, won: int) -> int:
    """Count the orders of n and m values in which the n win exactly so many pairs."""
    if won < 0 or won > n * m:
        return 0
    if not n or not m:
        return 1
    # the largest value belongs to the n, and wins m pairs, or to the m
    return _orders(n - 1, m, won - m) + _orders(n, m - 1, won)


def _contentions(passes: Iterable[Sequence[Pass]]) -> list[float]:
    return [r.contention for some in passes for one in some for r in one.rounds]


def answer(request: Request, timeout: float) -> Pass:
    """Have a process of its own time a codec. Raises TimingError."""
    with Supervisor(timed=True) as supervisor:
        try:
            return supervisor.call(partial(time_codec, request), timeout)
        except TimedOut as error:
            raise TimingError(f"no result after {error.timeout:g} s; see --timeout") from None
        except CallFailed as error:
            raise TimingError(str(error)) from None
