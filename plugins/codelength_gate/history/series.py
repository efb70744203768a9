"""The series of a history, and where they make a step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from statistics import fmean, median

from codelength_gate.history.entries import Entry

SHORTEST = 3
"""Values that a level of a series of times has at least."""
LEAST = math.log(1.05)
"""A step of times that is smaller is not told."""
FLOOR = 0.005
"""The least scatter of times that is assumed, as a share."""
PENALTY = 4.0
"""What a step costs, in units of the variance and the logarithm of the number of values. With 2,
the Bayesian information criterion, series without a step would have one in many cases."""


@dataclass(frozen=True)
class Step:
    """From one entry on, a series is at another level."""

    at: int
    """The index of the entry."""
    before: float
    after: float

    @property
    def change(self) -> float:
        """The share by which the level grew."""
        return self.after / self.before - 1 if self.before else math.inf


@dataclass(frozen=True)
class Series:
    """One quantity of one codec over the entries."""

    codec: str
    what: str
    """`size`, `size on prose`, `encode time`."""
    values: Sequence[float | None]
    """One for each entry; None where it was not measured."""
    is_exact: bool

    @property
    def known(self) -> list[tuple[int, float]]:
        """The values with the index of their entry."""
        return [(i, value) for i, value in enumerate(self.values) if value is not None]

    @cached_property
    def steps(self) -> list[Step]:
        """Where it goes to another level."""
        if self.is_exact:
            return [Step(i, a, b) for (_, a), (i, b) in pairwise(self.known) if a != b]
        places = [i for i, value in self.known if value]
        levels = fit_levels([math.log(value) for _, value in self.known if value])
        means = [(start, math.exp(mean)) for start, mean in levels]
        return [Step(places[start], a, b) for (_, a), (start, b) in pairwise(means)]


def read_series(entries: Sequence[Entry]) -> list[Series]:
    """Return the series of each codec: its size in all and on each corpus, and its times.

    The size in all is over the corpora that all entries with the codec have. Times are those of the
    processor of the last entry.
    """
    found = []
    for codec in dict.fromkeys(codec for entry in entries for codec in entry.sizes):
        sizes = [entry.sizes.get(codec) for entry in entries]
        corpora = dict.fromkeys(corpus for size in sizes if size for corpus in size)
        common = [c for c in corpora if all(c in size for size in sizes if size)]
        if common:
            totals = [sum(size[c] for c in common) if size else None for size in sizes]
            found.append(Series(codec, "size", totals, True))
        for corpus in corpora:
            values = [size.get(corpus) if size else None for size in sizes]
            found.append(Series(codec, f"size on {corpus}", values, True))
        for direction in ("encode", "decode"):
            times = [
                entry.times.get(codec, {}).get(direction)
                if entry.processor == entries[-1].processor
                else None
                for entry in entries
            ]
            if any(times):
                found.append(Series(codec, f"{direction} time", times, False))
    return found


def fit_levels(values: Sequence[float]) -> list[tuple[int, float]]:
    """Fit levels to a series: least squares, with a penalty for each step.

    The variance comes from the differences of neighbours, which steps hardly change. A value far
    from those around it counts as three standard deviations from their median.

    Returns:
        For each level where it begins, and its mean.
    """
    n = len(values)
    if n < 2 * SHORTEST:
        return [(0, fmean(values))] if values else []
    scatter = 1.4826 * median(abs(b - a) for a, b in pairwise(values)) / math.sqrt(2)
    scatter = max(scatter, FLOOR)
    penalty = PENALTY * scatter**2 * math.log(n)
    around = [median(values[max(0, i - 2) : i + 3]) for i in range(n)]
    values = [
        min(max(value, middle - 3 * scatter), middle + 3 * scatter)
        for value, middle in zip(values, around, strict=True)
    ]
    sums, squares = ([0.0, *accumulate(v**power for v in values)] for power in (1, 2))

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    best, origin = [0.0] + [math.inf] * n, [0] * (n + 1)
    for end in range(SHORTEST, n + 1):
        for start in range(end - SHORTEST + 1):
            price = best[start] + cost(start, end) + penalty
            if price < best[end]:
                best[end], origin[end] = price, start
    ends = [n]
    while ends[-1]:
        ends.append(origin[ends[-1]])
    starts = ends[:0:-1]
    levels = [(a, fmean(values[a:b])) for a, b in zip(starts, [*starts[1:], n], strict=True)]
    kept = levels[:1]
    for start, mean in levels[1:]:
        if abs(mean - kept[-1][1]) >= LEAST:
            kept.append((start, mean))
    return kept
