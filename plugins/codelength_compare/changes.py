"""What changed from some runs (A) to others (B): sizes exactly, speeds beyond the noise of runs."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from msgspec import Struct
from msgspec.structs import replace

from codelength.api.sampling import Limit
from codelength.metrics.ranking import geometric_mean
from codelength.report.machines import Machines, machine_facts
from codelength.results.cell import Cell, CellKey, Environment
from codelength.results.store import Results

DIRECTIONS = ("encode", "decode")
NOISE = 1.5
"""Between two runs of the same codec on one machine that also does other work, times differ by up
to this factor: see docs/compare.md. With one run on each side, a smaller change is no change."""
NOTICE = 1.1
"""With several runs on a side, a smaller factor is no change either: all of them may have seen the
machine in one state."""
T99 = (63.66, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25, 3.169)
"""Two-sided 99% quantiles of Student's t for 1, 2, … degrees of freedom; the last one for more."""


class SpeedRatio(Struct, frozen=True, rename={"value": "factor"}):
    """CPU time in B over CPU time in A, below 1 is faster, with a 99% interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes "no change", and the change is at least NOTICE."""
        return self.effect >= NOTICE and not self.low <= 1 <= self.high

    @property
    def effect(self) -> float:
        """How far it is from no change, in either direction: at least 1."""
        return max(self.value, 1 / self.value)


class Difference(Struct, frozen=True, rename={"before": "a", "after": "b"}):
    """A fact about machine or versions that is not the same in A and B."""

    what: str
    before: str
    after: str
    codecs: Sequence[str] = ()
    """The codecs that it concerns, if not all."""


@dataclass(frozen=True)
class Pair:
    """One codec on one corpus in A and B, with a cell for each run of both."""

    befores: Sequence[Cell]
    afters: Sequence[Cell]

    @property
    def before(self) -> Cell:
        """The cell of A that is shown."""
        return self.befores[0]

    @property
    def after(self) -> Cell:
        """The cell of B that is shown."""
        return self.afters[0]

    @property
    def both_ok(self) -> bool:
        """Whether both have figures."""
        return self.before.ok and self.after.ok

    @property
    def is_comparable(self) -> bool:
        """Whether both have figures of the same bytes, split the same way."""
        return self.both_ok and self.before.slice.identity == self.after.slice.identity

    @property
    def is_rated(self) -> bool:
        """Whether it counts in a mean: controls and empty corpora do not."""
        return bool(self.before.slice.bytes) and self.before.slice.entropy is None

    @property
    def step(self) -> int:
        """How many coded bytes were added; negative if the blobs became smaller."""
        return self.after.coded_bytes - self.before.coded_bytes

    @property
    def effect(self) -> float:
        """The larger size over the smaller one; 0 if they are equal."""
        small, large = sorted((self.before.coded_bytes, self.after.coded_bytes))
        return 0.0 if small == large else large / small if small else math.inf

    @property
    def has_other_bytes(self) -> bool:
        """Whether the blobs differ, whatever their size; False if a run recorded no digest."""
        known = bool(self.before.blobs and self.after.blobs)
        return known and self.before.blobs != self.after.blobs

    @cached_property
    def speeds(self) -> dict[str, SpeedRatio]:
        """The change of speed by direction, if it is comparable and both sides timed it."""
        return compare_speeds([self]) if self.is_comparable else {}


class MeanChange(Struct, frozen=True, rename={"before": "a", "after": "b"}):
    """Geometric means of one codec's ratios and speeds, over the corpora that A and B have."""

    codec: str
    protocol: str
    limit: Limit
    done: int
    of: int
    """Corpora of the protocol that A and B have with the same bytes, without controls."""
    before: float | None = None
    """This and what follows is None if the codec is not ok on each corpus in A and B."""
    after: float | None = None
    encode: SpeedRatio | None = None
    decode: SpeedRatio | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the size changed, or a speed clearly did."""
        return max(self.effect) > 1

    @property
    def effect(self) -> tuple[float, float]:
        """The larger ratio over the smaller one, and the largest clear change of speed."""
        small, large = sorted((self.before or 1.0, self.after or 1.0))
        clear = [s.effect for s in (self.encode, self.decode) if s and s.is_clear]
        return large / small, max(clear, default=1.0)


@dataclass(frozen=True)
class Comparison:
    """All pairs of A and B, and the cells that have no partner."""

    before: Sequence[Results]
    after: Sequence[Results]
    pairs: Sequence[Pair]
    only_before: Sequence[Cell]
    only_after: Sequence[Cell]

    @cached_property
    def comparable(self) -> list[Pair]:
        """The pairs whose figures are compared."""
        return [pair for pair in self.pairs if pair.is_comparable]

    @cached_property
    def means(self) -> list[MeanChange]:
        """The means of each codec, for each protocol and limit; these are never mixed."""
        groups: dict[tuple[str, Limit], list[Pair]] = defaultdict(list)
        for pair in self.pairs:
            groups[pair.before.slice.protocol, pair.before.slice.limit].append(pair)
        return [mean for key, pairs in groups.items() for mean in _means(*key, pairs)]

    @cached_property
    def differences(self) -> list[Difference]:
        """What differs of the machines, then of the harness, then of the codecs' libraries."""
        facts: tuple[Callable[[Environment], dict[str, str]], ...] = (
            machine_facts,
            lambda e: {"codelength": e.codelength, "commit": e.commit or "a release"},
            lambda e: e.versions,
        )
        found = []
        for read in facts:
            sides = (self.before, self.after)
            before, after = (_join_values(map(read, environments(side))) for side in sides)
            found += [
                Difference(what, before.get(what, "unknown"), after.get(what, "unknown"))
                for what in dict.fromkeys([*before, *after])
                if before.get(what) != after.get(what)
            ]
        return found + _library_differences(self.pairs)

    @cached_property
    def is_same_machine(self) -> bool:
        """Whether all cells of A and B were measured on the same machine, as far as is known."""
        runs = [*self.before, *self.after]
        known = {e.run: e for results in runs for e in results.environments.values()}
        machines = Machines((c.run for results in runs for c in results.current), known.values())
        return not machines.unknown and not machines.are_several


def compare(before: Sequence[Results], after: Sequence[Results]) -> Comparison:
    """Pair the latest cells of A and B by codec, corpus, protocol and limit."""
    first, second = (_cells_by_key(side) for side in (before, after))
    return Comparison(
        before,
        after,
        [Pair(cells, second[key]) for key, cells in first.items() if key in second],
        [cells[0] for key, cells in first.items() if key not in second],
        [cells[0] for key, cells in second.items() if key not in first],
    )


def compare_speeds(pairs: Sequence[Pair]) -> dict[str, SpeedRatio]:
    """Compute the change of speed over some pairs, by direction, where all runs timed them."""
    found = {}
    for direction in DIRECTIONS:
        before = _log_times([pair.befores for pair in pairs], direction)
        after = _log_times([pair.afters for pair in pairs], direction)
        if before and after:
            found[direction] = compute_speed_ratio(before, after)
    return found


def compute_speed_ratio(before: Sequence[float], after: Sequence[float]) -> SpeedRatio:
    """Compute the ratio of times from the logarithm of the time in each run of both sides.

    The interval comes from the spread between the runs of a side, as in Student's t test; from
    NOISE if each side has one run.
    """
    change = fmean(after) - fmean(before)
    room = math.log(NOISE)
    if freedom := len(before) + len(after) - 2:
        squares = sum((x - fmean(side)) ** 2 for side in (before, after) for x in side)
        error = math.sqrt(squares / freedom * (1 / len(before) + 1 / len(after)))
        room = T99[min(freedom, len(T99)) - 1] * error
    return SpeedRatio(*(math.exp(change + step) for step in (0, -room, room)))


def environments(side: Iterable[Results]) -> list[Environment]:
    """Return the environments of the current cells, those of each run in order of time."""
    return [
        e
        for r in side
        for e in Machines((c.run for c in r.current), r.environments.values()).environments
    ]


def _cells_by_key(side: Sequence[Results]) -> dict[CellKey, list[Cell]]:
    """Collect the cells of each key over the runs.

    The first one is shown; of the others those are kept that measured the same again.
    """
    found: dict[CellKey, list[Cell]] = defaultdict(list)
    for cell in (cell for results in side for cell in results.current):
        same = found[cell.key]
        if not same or (cell.ok and _what_is_measured(cell) == _what_is_measured(same[0])):
            same.append(cell)
    return found


def _what_is_measured(cell: Cell) -> object:
    return cell.status, cell.slice.identity, cell.coded_bytes, cell.depends_on


def _log_times(cells: Sequence[Sequence[Cell]], direction: str) -> list[float]:
    """Return the mean logarithm of the seconds over all pairs, for each run of a side.

    Empty if a run has no time for one of them.
    """
    runs = [[getattr(cell, direction) for cell in run] for run in zip(*cells, strict=False)]
    if not all(phase and phase.seconds for run in runs for phase in run):
        return []
    return [fmean(math.log(phase.seconds) for phase in run) for run in runs]


def _means(protocol: str, limit: Limit, pairs: Sequence[Pair]) -> Iterable[MeanChange]:
    rated = [pair for pair in pairs if pair.is_comparable and pair.is_rated]
    corpora = {pair.before.slice.corpus for pair in rated}
    for codec in dict.fromkeys(pair.before.codec for pair in pairs):
        good = [pair for pair in rated if pair.before.codec == codec]
        mean = MeanChange(codec, protocol, limit, len(good), len(corpora))
        if good and len(good) == len(corpora):
            ratios = [
                (p.before.coded_bytes, p.after.coded_bytes, p.before.slice.bytes) for p in good
            ]
            before = geometric_mean([coded / raw for coded, _, raw in ratios])
            after = geometric_mean([coded / raw for _, coded, raw in ratios])
            mean = replace(mean, before=before, after=after, **compare_speeds(good))
        yield mean


def _join_values(facts: Iterable[dict[str, str]]) -> dict[str, str]:
    """Join the different values of each fact, if there are several environments."""
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for environment in facts:
        for what, value in environment.items():
            values[what][value] = None
    return {what: " and ".join(found) for what, found in values.items()}


def _library_differences(pairs: Sequence[Pair]) -> list[Difference]:
    """What differs of the libraries, files and plugins that the codecs depend on."""
    codecs: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for pair in pairs:
        before, after = pair.before.depends_on, pair.after.depends_on
        if before and after:  # a cell that failed early has none
            for name in dict.fromkeys([*before, *after]):
                one, other = before.get(name, "none"), after.get(name, "none")
                if one != other:
                    codecs[name, one, other][pair.before.codec] = None
    return [Difference(*key, tuple(found)) for key, found in sorted(codecs.items())]
