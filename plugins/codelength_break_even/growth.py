"""How codecs grow with the data: their coded bytes at every size that was measured.

A codec that learns from what it codes, and nearly every one does, has a smaller ratio on more data.
So nothing is said of a size between two measured ones but where two codecs change places, and
nothing of a size beyond the largest but a fit, with the error that it made at the largest.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

from codelength.metrics import rates
from codelength.report.board import Board, family_of
from codelength.results.cell import Cell

FEWEST = 4
"""Sizes that a fit takes."""


@dataclass(frozen=True)
class Curve:
    """A codec on growing parts of a corpus."""

    codec: str
    cells: Mapping[int, Cell]
    """By raw bytes, the smallest first."""

    @property
    def model_bytes(self) -> int:
        """What the receiver must already hold."""
        return rates.total_model_bytes(self.last) or 0

    @property
    def last(self) -> Cell:
        """The largest part."""
        return self.cells[max(self.cells)]

    def total(self, size: int) -> int:
        """Return the bytes for so many raw bytes and the model."""
        return self.model_bytes + self.cells[size].coded_bytes

    @cached_property
    def forecast(self) -> tuple[float, float] | None:
        """The ratio at twice the largest size by a fit, and the error of the same fit at that size.

        The error is that of the fit to all smaller sizes. None with fewer than four sizes.
        """
        if len(self.cells) < FEWEST:
            return None
        points = [(size, cell.coded_bytes / size) for size, cell in self.cells.items()]
        size, rate = points[-1]
        error = abs(fit_rate(points[:-1], size) / rate - 1)
        ahead = fit_rate(points, 2 * size)
        return ahead, error * ahead


@dataclass(frozen=True)
class Crossing:
    """Two measured sizes between which two codecs change places."""

    low: int
    high: int
    size: float
    """Where the straight line between the two sizes says."""
    below: str
    above: str
    """The cheaper codec up to there and from there on."""


@dataclass(frozen=True)
class Growth:
    """The codecs of one corpus under one protocol, each at the sizes where it was measured."""

    corpus: str
    protocol: str
    curves: Mapping[str, Curve]
    """By codec, the smallest model first, and of equal ones the smallest ratio."""
    unpriced: Sequence[str]

    @property
    def label(self) -> str:
        """`enwik6 · whole`."""
        return f"{self.corpus} · {self.protocol}"

    @cached_property
    def sizes(self) -> list[int]:
        """The raw bytes at which every codec was measured."""
        shared = set.intersection(*(set(curve.cells) for curve in self.curves.values()))
        return sorted(shared)

    @property
    def cells(self) -> list[Cell]:
        """The cells of the largest size."""
        return [curve.last for curve in self.curves.values()]

    def ladders(self) -> "Iterator[Growth]":
        """Return the codecs of each family whose models differ in size."""
        families: dict[str, dict[str, Curve]] = {}
        for name, curve in self.curves.items():
            if rates.has_model(curve.last):
                families.setdefault(family_of(name), {})[name] = curve
        for curves in families.values():
            if len({curve.model_bytes for curve in curves.values()}) > 1:
                yield Growth(self.corpus, self.protocol, curves, ())

    def gaps(self, one: str, other: str) -> list[tuple[int, int]]:
        """Return by how much one codec is dearer than another, at each size that both have."""
        ours, theirs = self.curves[one], self.curves[other]
        return [(n, ours.total(n) - theirs.total(n)) for n in ours.cells if n in theirs.cells]

    def crossings_of(self, one: str, other: str) -> list[Crossing]:
        """Return every change of places of two codecs, by size."""
        found = []
        gaps = [(size, gap) for size, gap in self.gaps(one, other) if gap]
        for (low, before), (high, after) in pairwise(gaps):
            if (before < 0) != (after < 0):
                size = low * (high / low) ** (before / (before - after))
                names = (one, other) if before < 0 else (other, one)
                found.append(Crossing(low, high, size, *names))
        return found

    @cached_property
    def crossings(self) -> list[Crossing]:
        """Every change of places, by size."""
        pairs = combinations(self.curves, 2)
        found = [crossing for pair in pairs for crossing in self.crossings_of(*pair)]
        return sorted(found, key=lambda crossing: (crossing.size, crossing.below, crossing.above))


def growths_of(board: Board) -> list[Growth]:
    """Collect the curves: the heads of a corpus, and all of it. Samples are no part of a curve."""
    found: dict[tuple[str, str], dict[str, dict[int, Cell]]] = {}
    unpriced: dict[tuple[str, str], set[str]] = {}
    for grid in board.grids:
        for corpus in grid.slices if not isinstance(grid.limit, str) else ():
            for name, cell in grid.column(corpus).items():
                key = (corpus, grid.protocol)
                if rates.ratio(cell) is None:
                    continue
                if rates.total_model_bytes(cell) is None:
                    unpriced.setdefault(key, set()).add(name)
                else:
                    codecs = found.setdefault(key, {})
                    codecs.setdefault(name, {})[cell.slice.bytes] = cell
    growths = []
    for key, codecs in found.items():
        curves = [Curve(name, dict(sorted(cells.items()))) for name, cells in codecs.items()]
        order = {curve.codec: curve for curve in sorted(curves, key=_order)}
        growths.append(Growth(*key, order, sorted(unpriced.get(key, ()))))
    return growths


def fit_rate(points: Sequence[tuple[int, float]], size: int) -> float:
    """Fit a + b·N^−c to ratios at sizes N, by least squares of relative errors; evaluate it.

    a and b are not negative, and c is one of a hundred from 0.02 to 2.
    """
    best = (math.inf, 0.0)
    for step in range(1, 101):
        power = -step / 50
        a, b = _fit_line([(n**power, rate) for n, rate in points])
        errors = [(a + b * n**power) / rate - 1 for n, rate in points]
        best = min(best, (sum(error**2 for error in errors), a + b * float(size) ** power))
    return best[1]


def _fit_line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Fit a + b·x with weights 1 / y², a and b not negative."""
    w = [1 / y**2 for _, y in points]
    sums = [sum(v * x**p for v, (x, _) in zip(w, points, strict=True)) for p in range(3)]
    ys = [sum(v * y * x**p for v, (x, y) in zip(w, points, strict=True)) for p in range(2)]
    below = sums[0] * sums[2] - sums[1] ** 2
    if below > 0:
        a = (ys[0] * sums[2] - ys[1] * sums[1]) / below
        b = (sums[0] * ys[1] - sums[1] * ys[0]) / below
        if a >= 0 and b >= 0:
            return a, b
    flat, bare = ys[0] / sums[0], ys[1] / sums[2]
    errors = [
        sum(v * (a + b * x - y) ** 2 for v, (x, y) in zip(w, points, strict=True))
        for a, b in ((flat, 0.0), (0.0, bare))
    ]
    return (flat, 0.0) if errors[0] <= errors[1] else (0.0, bare)


def _order(curve: Curve) -> tuple[float, float, str]:
    return (curve.model_bytes, rates.ratio(curve.last) or 0, curve.codec)
