"""What changed between two runs: sizes exactly, speeds with intervals."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from codelength.metrics import RESAMPLES, geometric_mean, percentile_interval
from codelength.report.machines import Machines, machine_facts
from codelength.results.cell import Cell, CorpusSlice, Environment, Phase
from codelength.results.store import Results

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIRECTIONS = ("encode", "decode")
NOTICE = 1.1
"""The least change of speed that is reported: the same work differs by so much between runs on one
machine."""


class SpeedRatio(Struct, frozen=True, rename={"value": "factor"}):
    """CPU time after over CPU time before, with a 95% interval. Below 1 is faster."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the change is at least NOTICE and the interval excludes 1."""
        return self.effect >= NOTICE and not self.low <= 1 <= self.high

    @property
    def effect(self) -> float:
        """How far it is from no change, in either direction: at least 1."""
        return max(self.value, 1 / self.value)


class Difference(Struct, frozen=True, rename={"before": "a", "after": "b"}):
    """A fact about machine or versions that is not the same in the two runs."""

    what: str
    before: str
    after: str
    codecs: Sequence[str] = ()
    """The codecs that it concerns, if not all."""


class MeanChange(Struct, frozen=True, rename={"before": "a", "after": "b"}):
    """Geometric means of one codec's ratios and speeds, over the corpora that both runs have."""

    codec: str
    protocol: str
    limit: int | None
    done: int
    of: int
    """Corpora of the protocol that both runs have with the same bytes, without controls."""
    before: float | None = None
    """This and what follows is None if the codec is not ok on each corpus in both runs."""
    after: float | None = None
    encode: SpeedRatio | None = None
    decode: SpeedRatio | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the size changed, or a speed clearly did."""
        return self.before != self.after or any(speed.is_clear for speed in self._speeds)

    @property
    def effect(self) -> tuple[float, float]:
        """How far the ratios are from each other, and then the speeds."""
        small, large = sorted((self.before or 1.0, self.after or 1.0))
        speeds = (speed.effect for speed in self._speeds if speed.is_clear)
        return large / small, max(speeds, default=1.0)

    @property
    def _speeds(self) -> list[SpeedRatio]:
        return [speed for speed in (self.encode, self.decode) if speed]


@dataclass(frozen=True)
class Pair:
    """One codec on one corpus, in both runs."""

    before: Cell
    after: Cell

    @property
    def codec(self) -> str:
        """The codec of both."""
        return self.before.codec

    @property
    def slice(self) -> CorpusSlice:
        """The slice of the first; that of the second has the same bytes if `has_same_data`."""
        return self.before.slice

    @property
    def both_ok(self) -> bool:
        """Whether both have figures."""
        return self.before.ok and self.after.ok

    @property
    def has_same_data(self) -> bool:
        """Whether both coded the same bytes, split the same way."""
        return self.before.slice.identity == self.after.slice.identity

    @property
    def is_comparable(self) -> bool:
        """Whether both have figures of the same bytes."""
        return self.both_ok and self.has_same_data

    @property
    def step(self) -> int:
        """How many coded bytes were added; negative if the blobs became smaller."""
        return self.after.coded_bytes - self.before.coded_bytes

    @property
    def effect(self) -> float:
        """The larger size over the smaller one; 0 if they are equal."""
        if not self.step:
            return 0.0
        small, large = sorted((self.before.coded_bytes, self.after.coded_bytes))
        return large / small if small else math.inf

    @property
    def has_other_bytes(self) -> bool:
        """Whether the blobs differ, whatever their size; False if a run recorded no digest."""
        known = bool(self.before.blobs and self.after.blobs)
        return known and self.before.blobs != self.after.blobs

    @cached_property
    def speeds(self) -> dict[str, SpeedRatio]:
        """The change of speed for each direction, if both runs timed it."""
        return _compare_speeds([self])


@dataclass(frozen=True)
class Comparison:
    """All pairs of two runs, and the cells that have no partner."""

    before: Results
    after: Results
    pairs: Sequence[Pair]
    only_before: Sequence[Cell]
    only_after: Sequence[Cell]

    @cached_property
    def comparable(self) -> list[Pair]:
        """The pairs whose figures are compared."""
        return [pair for pair in self.pairs if pair.is_comparable]

    @property
    def status_changes(self) -> list[Pair]:
        """The pairs that lack figures in one run, or in both for different reasons."""
        return [
            pair
            for pair in self.pairs
            if (pair.before.status, pair.before.reason) != (pair.after.status, pair.after.reason)
            and not pair.both_ok
        ]

    @property
    def other_data(self) -> list[Pair]:
        """The pairs that coded other bytes under the same name."""
        return [pair for pair in self.pairs if pair.both_ok and not pair.has_same_data]

    @cached_property
    def means(self) -> list[MeanChange]:
        """The means of each codec, for each protocol and limit; these are never mixed."""
        groups: dict[tuple[str, int | None], list[Pair]] = defaultdict(list)
        for pair in self.pairs:
            groups[pair.slice.protocol, pair.slice.limit].append(pair)
        return [mean for key, pairs in groups.items() for mean in _means(*key, pairs)]

    @cached_property
    def differences(self) -> list[Difference]:
        """What differs of the machines, then of the harness, then of the codecs' libraries."""
        runs = [environments(results) for results in (self.before, self.after)]
        found = []
        for facts in (machine_facts, _harness_facts, lambda e: e.versions):
            before, after = (_join_values(map(facts, run)) for run in runs)
            found += [
                Difference(what, before.get(what, "unknown"), after.get(what, "unknown"))
                for what in dict.fromkeys([*before, *after])
                if before.get(what) != after.get(what)
            ]
        return found + _library_differences(self.pairs)

    @cached_property
    def is_same_machine(self) -> bool:
        """Whether all cells of both runs were measured on the same machine, as far as is known."""
        used = [
            results.environments.get(cell.run)
            for results in (self.before, self.after)
            for cell in results.current
        ]
        machines = {tuple(sorted(machine_facts(e).items())) if e else None for e in used}
        return len(machines) == 1 and None not in machines


def compare(before: Results, after: Results) -> Comparison:
    """Pair the latest cells of two runs by codec, corpus, protocol and limit."""
    first = {cell.key: cell for cell in before.current}
    second = {cell.key: cell for cell in after.current}
    return Comparison(
        before,
        after,
        [Pair(cell, second[key]) for key, cell in first.items() if key in second],
        [cell for key, cell in first.items() if key not in second],
        [cell for key, cell in second.items() if key not in first],
    )


def compute_speed_ratio(
    phases: Sequence[tuple[Phase | None, Phase | None]], seed: int = 0
) -> SpeedRatio | None:
    """Compute the geometric mean over (before, after) of the CPU time after over that before.

    The interval is a percentile bootstrap over the repetitions within each batch, of which the
    median counts. It covers how much repetitions within a run differ, not how much runs do.

    Returns:
        None if a phase was not timed, or took no time that the clock could see.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    logs, values = np.zeros(RESAMPLES), []
    for before, after in phases:
        if before is None or after is None or not (before.seconds and after.seconds):
            return None
        values.append(after.seconds / before.seconds)
        with np.errstate(divide="ignore", invalid="ignore"):  # a draw of zeros only
            logs += np.log(_resample_seconds(after, random) / _resample_seconds(before, random))
    if not values:
        return None
    low, high = np.exp(percentile_interval(logs / len(values)))
    return SpeedRatio(geometric_mean(values), float(low), float(high))


def environments(results: Results) -> list[Environment]:
    """Return the environments of the current cells, in order of time."""
    return Machines(results.current, results.environments.values()).environments


def _compare_speeds(pairs: Sequence[Pair]) -> dict[str, SpeedRatio]:
    speeds = {}
    for direction in DIRECTIONS:
        phases = [(getattr(p.before, direction), getattr(p.after, direction)) for p in pairs]
        if speed := compute_speed_ratio(phases):
            speeds[direction] = speed
    return speeds


def _resample_seconds(phase: Phase, random: "np.random.Generator") -> "NDArray[np.float64]":
    """Resample the seconds over the cell, (RESAMPLES,)."""
    import numpy as np

    total = np.zeros(RESAMPLES)
    for batch in phase.times:
        drawn = random.integers(len(batch), size=(RESAMPLES, len(batch)))
        total += np.median(np.array(batch)[drawn], axis=1)
    return total


def _means(protocol: str, limit: int | None, pairs: Sequence[Pair]) -> list[MeanChange]:
    rated = [p for p in pairs if p.is_comparable and p.slice.bytes and p.slice.entropy is None]
    corpora = {pair.slice.corpus for pair in rated}
    means = []
    for codec in dict.fromkeys(pair.codec for pair in pairs):
        good = [pair for pair in rated if pair.codec == codec]
        mean = MeanChange(codec, protocol, limit, len(good), len(corpora))
        if good and len(good) == len(corpora):
            before, after = (
                geometric_mean([cell.coded_bytes / cell.slice.bytes for cell in cells])
                for cells in zip(*((pair.before, pair.after) for pair in good), strict=True)
            )
            mean = replace(mean, before=before, after=after, **_compare_speeds(good))
        means.append(mean)
    return means


def _harness_facts(environment: Environment) -> dict[str, str]:
    return {"codelength": environment.codelength, "commit": environment.commit or "a release"}


def _join_values(facts: Iterable[dict[str, str]]) -> dict[str, str]:
    """Join the different values of each fact, if a folder has several environments."""
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
                    codecs[name, one, other][pair.codec] = None
    return [Difference(*key, tuple(found)) for key, found in sorted(codecs.items())]
