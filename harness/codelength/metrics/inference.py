"""What the data can tell of the rows of a board: intervals, sets of ranks, the chance to be first.

Cells hold the sizes of independent clusters: files, pictures, speakers. Their spread says how far a
mean ratio may be from that of other such clusters. The variance of the logarithm of a corpus's
ratio is the jackknife's over its clusters (Efron and Tibshirani, An Introduction to the Bootstrap,
1993, chapter 11). A mean has a t-interval; its degrees of freedom are Satterthwaite's, of as many
clusters as would be equally large (Kish's effective number). Two rows are compared by the
differences on the same clusters. The chance to be first is of a multiplier bootstrap of clusters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from codelength.metrics.rates import ratio
from codelength.results.cell import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METHOD = (
    "a t-interval with the jackknife's variance over the files (pictures, speakers) of each "
    "corpus: the mean that other such files would have. It says nothing about other corpora."
)
T = TypeVar("T")

CONFIDENCE = 0.95
RESAMPLES = 1000

FEWEST = 10
"""With fewer clusters there is no interval, and nothing tells the rows apart."""
FEW = 5
"""A corpus with fewer clusters says too little of their spread, if other corpora have as many."""
WIDEST = 10.0
"""An interval that reaches further than this factor says nothing, and is none. That is so where one
file has most of the bytes."""
PLAIN = 0.01
"""How near to 1 the ratio of a codec is that copies the data, and tells nothing of others."""
BLOCK = 256
"""Rows that are compared with all others at once, so that memory stays bounded."""


@dataclass(frozen=True)
class Mean:
    """A geometric mean of ratios over corpora, and what the data tell of it."""

    value: float | None
    """None if a corpus has no ratio."""
    done: int
    """Corpora with a ratio."""
    of: int
    clusters: int = 0
    """Files, pictures, speakers: what was drawn independently."""
    low: float | None = None
    """The 95% interval; none with fewer than ten clusters, or if a corpus has too few."""
    high: float | None = None
    best: int = 0
    """The first and the last place that it may have: together 95% sure for all rows. 0 where it
    has none."""
    worst: int = 0
    first: float | None = None
    """The chance that it is the smallest; None where there are too few clusters."""


@dataclass(frozen=True)
class _Column:
    """The rows of one corpus, compared on the same clusters."""

    logs: "Floats"
    """The logarithm of each row's ratio, (rows,); not a number where there is none."""
    deviations: "Floats"
    """What each cluster adds, scaled so that the sum of squares is the variance, (rows, n)."""
    effective: float
    """As many clusters of equal size would tell as much; 1 if nothing can be told."""
    clusters: int

    @property
    def freedom(self) -> float:
        return max(1.0, self.effective - 1)


def cluster_sizes(cell: Cell) -> "Floats":
    """Sum a cell's (raw, coded) bytes over each cluster, (clusters, 2), without empty clusters.

    All bytes are one cluster where it is not known which samples belong together.
    """
    import numpy as np

    pairs = np.array(cell.groups, np.float64).reshape(-1, 2)
    clusters = cell.clusters
    if clusters is None:  # measured before clusters were kept
        clusters = [] if cell.slice.protocol == "whole" else [0] * len(pairs)
    if clusters:
        labels = np.array(clusters)
        pairs = np.stack([np.bincount(labels, pairs[:, i]) for i in (0, 1)], axis=1)
    pairs = pairs[pairs[:, 0] > 0]
    return pairs if len(pairs) else np.array([[cell.slice.bytes, cell.coded_bytes]], np.float64)


def compute_means(
    rows: Mapping[str, Sequence[Cell | None]], parts: Mapping[T, Sequence[Sequence[int]]]
) -> dict[T, dict[str, Mean]]:
    """Compute the mean ratio of each row over each part, and compare the rows.

    Args:
        rows: A codec's cells, one for each corpus, in the same order in all rows.
        parts: The corpora of each mean, by their places in a row, in groups such as kinds of media.
            Each group has the same weight, and within it each corpus.

    Returns:
        Part → row → mean. A row without a ratio on some corpus of a part has no mean there.
    """
    wanted = {place for groups in parts.values() for group in groups for place in group}
    columns = {place: _read_column([row[place] for row in rows.values()]) for place in wanted}
    return {
        part: dict(zip(rows, _compare([[columns[p] for p in g] for g in groups]), strict=True))
        for part, groups in parts.items()
    }


def student_quantile(chance: float, freedom: "Floats") -> "Floats":
    """Compute quantiles of Student's t-distribution by numerical integration.

    Args:
        chance: The probability that the quantile is not exceeded, at least a half.
        freedom: Degrees of freedom, at least 1, of any shape.
    """
    import numpy as np

    freedoms, quantiles = _student_table(chance)
    found: Floats = np.interp(-1 / freedom, -1 / freedoms, quantiles)
    return found


@lru_cache(maxsize=16)
def _student_table(chance: float) -> "tuple[Floats, Floats]":
    """A hundred degrees of freedom, evenly spaced in 1 / ν, and the quantiles there."""
    import numpy as np

    freedoms = 1 / np.linspace(1, 1e-4, 100)
    angles = np.pi / 2 * (1 - np.linspace(1, 0, 4001) ** 3)  # t = √ν tan(angle); dense at the tail
    density = np.cos(angles) ** (freedoms[:, None] - 1)
    steps = (density[:, 1:] + density[:, :-1]) / 2 * np.diff(angles)
    above = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]  # the tail is summed from its end
    above /= 2 * above[:, :1]
    angle = np.array([np.interp(chance - 1, -row, angles[:-1]) for row in above])
    return freedoms, np.sqrt(freedoms) * np.tan(angle)


def _read_column(cells: Sequence[Cell | None]) -> _Column:
    """Read a corpus. A row whose clusters are not those of the others cannot be compared."""
    import numpy as np

    logs = np.full(len(cells), np.nan)
    known: dict[int, Floats] = {}
    for place, cell in enumerate(cells):
        if cell is not None and (rate := ratio(cell)) is not None:
            with np.errstate(divide="ignore"):
                logs[place] = np.log(rate)
            known[place] = cluster_sizes(cell)
    shapes = [len(sizes) for sizes in known.values()]
    clusters = max(set(shapes), key=shapes.count) if shapes else 0
    deviations = np.full((len(cells), max(1, clusters)), np.nan)
    places = [place for place, sizes in known.items() if len(sizes) == clusters]
    if clusters < 2:
        return _Column(logs, np.zeros((len(cells), 1)), 1.0, clusters)
    sizes = np.array([known[place] for place in places])
    raw, coded = sizes[:, :, 0], sizes[:, :, 1]
    others = (coded.sum(1, keepdims=True) - coded) / (raw.sum(1, keepdims=True) - raw)
    without = np.log(np.where(others > 0, others, np.nan))
    without -= without.mean(axis=1, keepdims=True)
    deviations[places] = without * np.sqrt((clusters - 1) / clusters)
    return _Column(logs, deviations, float(raw[0].sum() ** 2 / (raw[0] ** 2).sum()), clusters)


def _compare(groups: Sequence[Sequence[_Column]]) -> list[Mean]:
    """Compare all rows over one part."""
    import numpy as np

    columns = [column for group in groups for column in group]
    weights = np.array([1 / (len(groups) * len(group)) for group in groups for _ in group])
    logs = np.array([column.logs for column in columns])
    done, of = (~np.isnan(logs)).sum(axis=0), len(columns)
    whole = np.flatnonzero(done == of)
    means = [Mean(None, int(many), of) for many in done]
    if not len(whole):
        return means
    clusters = sum(column.clusters for column in columns)
    deviations = [w * c.deviations[whole] for w, c in zip(weights, columns, strict=True)]
    freedoms = [column.freedom for column in columns]
    least = FEW if any(column.clusters >= FEW for column in columns) else 2
    small = [column.clusters < least for column in columns]
    if of > 1 and all(small):
        spread = logs[:, whole].T - logs[:, whole].T.mean(axis=1, keepdims=True)
        deviations, freedoms = [spread / np.sqrt(of * (of - 1))], [of - 1.0]
    elif any(small):
        deviations, freedoms = _lend_spread(columns, weights, small, whole)
    centres = weights @ np.where(np.isinf(logs[:, whole]), -1e9, logs[:, whole])
    best, worst = np.ones(len(whole), np.intp), np.full(len(whole), len(whole))
    chances, low, high = None, None, None
    if clusters >= FEWEST:
        best, worst = _rank(centres, deviations, freedoms)
        chances = _chances(centres, deviations, freedoms)
        if not any(small):
            variances = np.array([(d**2).sum(axis=1) for d in deviations])
            reach = _reach(variances.sum(axis=0), _freedom(variances, freedoms), 1)
            reach[reach > np.log(WIDEST)] = np.nan
            low, high = np.exp(centres - reach), np.exp(centres + reach)
    for at, place in enumerate(whole):
        known = low is not None and high is not None and not np.isnan(low[at])
        means[place] = Mean(
            float(np.exp(centres[at])),
            of,
            of,
            clusters,
            float(low[at]) if known and low is not None else None,
            float(high[at]) if known and high is not None else None,
            int(best[at]),
            int(worst[at]),
            None if chances is None else float(chances[at]),
        )
    return means


def _lend_spread(
    columns: Sequence[_Column], weights: "Floats", small: Sequence[bool], whole: "NDArray[np.intp]"
) -> "tuple[list[Floats], list[float]]":
    """Give the clusters of small corpora the mean variance that a cluster has in the others."""
    import numpy as np

    parts = list(zip(columns, weights, small, strict=True))
    given = sum(weight**2 / column.effective for column, weight, is_small in parts if is_small)
    others = [(column, weight) for column, weight, is_small in parts if not is_small]
    scales = [np.sqrt(w**2 + given * c.effective / len(others)) for c, w in others]
    deviations = [s * c.deviations[whole] for s, (c, _) in zip(scales, others, strict=True)]
    return deviations, [column.freedom for column, _ in others]


def _freedom(variances: "Floats", freedoms: Sequence[float]) -> "Floats":
    """Combine degrees of freedom as Satterthwaite does; `variances` is (corpora, …)."""
    import numpy as np

    shape = (-1,) + (1,) * (variances.ndim - 1)
    below = (variances**2 / np.reshape(freedoms, shape)).sum(axis=0)
    above = variances.sum(axis=0) ** 2
    freedom: Floats = np.divide(above, below, out=np.ones_like(above), where=below > 0)
    return np.maximum(1, freedom, out=freedom)


def _reach(variance: "Floats", freedom: "Floats", comparisons: int) -> "Floats":
    """How far an estimate may be off, all of so many comparisons together with 95%."""
    import numpy as np

    quantile = student_quantile(1 - (1 - CONFIDENCE) / 2 / comparisons, freedom)
    return np.sqrt(variance) * quantile


def _rank(
    centres: "Floats", deviations: "Sequence[Floats]", freedoms: Sequence[float]
) -> "tuple[NDArray[np.intp], NDArray[np.intp]]":
    """Find the first and the last place that each row may have.

    A row stands behind those that are certainly smaller.
    """
    import numpy as np

    rows = len(centres)
    comparisons = max(1, rows * (rows - 1) // 2)
    best, worst = np.ones(rows, np.intp), np.full(rows, rows, np.intp)
    squares = [(d**2).sum(axis=1) for d in deviations]
    for start in range(0, rows, BLOCK):
        block = slice(start, start + BLOCK)
        gaps = centres[block, None] - centres[None, :]
        variances = np.array(
            [
                np.maximum(s[block, None] + s[None, :] - 2 * d[block] @ d.T, 0)
                for d, s in zip(deviations, squares, strict=True)
            ]
        )
        reach = _reach(variances.sum(axis=0), _freedom(variances, freedoms), comparisons)
        reach += 1e-12  # equal sizes of several corpora may round differently
        best[block] += (gaps > reach).sum(axis=1)
        worst[block] -= (-gaps > reach).sum(axis=1)
    return best, worst


def _chances(
    centres: "Floats", deviations: "Sequence[Floats]", freedoms: Sequence[float]
) -> "Floats":
    """How often each row is the smallest in resamples; rows that are equal share it."""
    import numpy as np

    random = np.random.default_rng(0)
    draws = np.tile(centres[:, None], RESAMPLES)
    for deviation, freedom in zip(deviations, freedoms, strict=True):
        scale = np.sqrt(random.chisquare(freedom, RESAMPLES) / freedom)
        normal = random.standard_normal((deviation.shape[1], RESAMPLES))
        draws += np.nan_to_num(deviation) @ normal / scale
    is_first = draws <= draws.min(axis=0) + 1e-12
    chances: Floats = (is_first / is_first.sum(axis=0)).mean(axis=1)
    return chances


@dataclass(frozen=True)
class WholeEstimate:
    """The ratio on all of a corpus of a codec that was measured on a sample of it."""

    value: float
    reach: float
    """The factor by which it may be off, either way: the 95% prediction interval."""

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.value / self.reach

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.value * self.reach


def estimate_whole(
    sampled: Mapping[str, Cell], whole: Mapping[str, Cell]
) -> dict[str, WholeEstimate]:
    """Estimate the ratio on all of a corpus of the codecs that only a sample has.

    A block is coded by itself, so a ratio on whole files is another one. How much another, the
    codecs tell that have both, above all those that are like this one on each file of the sample:
    the weights are 1 / (d² + 10⁻⁴), where d is the distance of the logarithms of the ratios of the
    files. The change is taken from the ratios of all files together, or file by file and summed;
    that one counts which errs less for the codecs that have both, each estimated from the others.
    Its errors for these give the interval, which is wider for a codec that is like no other: the
    variance is taken to grow as 0.05 + the weighted mean of d.

    Args:
        sampled: Cells of the sample by codec, all of the same blocks.
        whole: Cells of all of it; of codecs that do not copy the data, at least three.
    """
    import numpy as np

    rates = {name: rate for name, cell in sampled.items() if (rate := ratio(cell))}
    both = [n for n, cell in whole.items() if abs(rates.get(n, 1) - 1) > PLAIN and ratio(cell)]
    left = [name for name in rates if name not in whole]
    sizes = [cluster_sizes(sampled[name]) for name in [*both, *left]]
    if len(both) < 3 or not left or len({len(size) for size in sizes}) > 1:
        return {}
    files, known = _log_rates(sizes), [cluster_sizes(whole[name]) for name in both]
    distances = (files[:, None] - files[None, : len(both)]) ** 2 @ _shares(sizes[0])
    near = 1 / (distances + 1e-4)
    near[: len(both)] *= 1 - np.eye(len(both))
    near /= near.sum(axis=1, keepdims=True)
    scales = np.sqrt(0.05 + (near * np.sqrt(distances)).sum(axis=1))
    logs = np.log([rates[name] for name in [*both, *left]])
    truth = np.log([ratio(whole[name]) or 1 for name in both])
    guesses = [logs[:, None] + truth - logs[: len(both)]]
    if {len(size) for size in known} == {len(sizes[0])}:
        steps = _log_rates(known) - files[: len(both)]
        guesses.append(np.log(np.exp(files[:, None] + steps) @ _shares(known[0])))
    found = [(near * guess).sum(axis=1) for guess in guesses]
    best = min(found, key=lambda one: float(np.mean((one[: len(both)] - truth) ** 2)))
    errors = (best[: len(both)] - truth) / scales[: len(both)]
    freedom = np.array([len(both) - 1.0])
    quantile = student_quantile(1 - (1 - CONFIDENCE) / 2, freedom)[0]
    reaches = np.exp(np.sqrt(np.mean(errors**2)) * quantile * scales[len(both) :]).tolist()
    values = np.exp(best[len(both) :]).tolist()
    return {n: WholeEstimate(*one) for n, *one in zip(left, values, reaches, strict=True)}


def _log_rates(sizes: "Sequence[Floats]") -> "Floats":
    """The logarithm of each cluster's ratio, (rows, clusters)."""
    import numpy as np

    return np.array([np.log(np.maximum(size[:, 1], 1) / size[:, 0]) for size in sizes])


def _shares(sizes: "Floats") -> "Floats":
    """The share of the raw bytes that each cluster has."""
    shares: Floats = sizes[:, 0] / sizes[:, 0].sum()
    return shares
