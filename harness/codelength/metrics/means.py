"""Geometric means over corpora, with bootstrap intervals over the samples within each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from codelength.metrics.ranking import geometric_mean
from codelength.metrics.rates import ratio
from codelength.results.cell import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Mean:
    """A geometric mean of ratios over corpora, or how many of them there were to average."""

    value: float | None
    """None over a hole."""
    low: float | None
    high: float | None
    done: int
    of: int
    rigid: int
    """Corpora of a single group, which cannot be resampled: they add nothing to the interval."""


def means(
    rows: Mapping[str, Sequence[Cell | None]], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Mean]:
    """For each row (a codec's cells, one for each corpus of a board, in the same order) the
    geometric mean of its ratios, with a percentile bootstrap interval of 95%.

    Resampled are the groups of samples within each corpus, the same ones for every codec; the
    choice of corpora is taken as given. A row with a hole has no mean. The draws of a corpus
    depend on `seed` and on the corpus alone.
    """
    results: dict[str, Mean] = {}
    whole: dict[str, list[Cell]] = {}
    for name, cells in rows.items():
        good = [cell for cell in cells if cell is not None and ratio(cell) is not None]
        if good and len(good) == len(cells):
            whole[name] = good
        results[name] = Mean(None, None, None, len(good), len(cells), 0)
    for name, (low, high) in _intervals(whole, resamples, seed).items():
        value = geometric_mean([cell.coded_bytes / cell.slice.bytes for cell in whole[name]])
        rigid = sum(len(cell.groups) < 2 for cell in whole[name])
        size = len(whole[name])
        # One group apiece has no spread at all, and rounding must not show one.
        bounds = (value, value) if rigid == size else (low, high)
        results[name] = Mean(value, *bounds, size, size, rigid)
    return results


def _intervals(
    whole: Mapping[str, Sequence[Cell]], resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    if not whole:
        return {}
    import numpy as np

    names = list(whole)
    corpora = len(whole[names[0]])
    logs = np.zeros((len(names), resamples))
    for corpus in range(corpora):
        drawn: dict[int, NDArray[np.float64]] = {}  # codecs of one corpus share their draws
        for row, name in enumerate(names):
            with np.errstate(divide="ignore"):
                logs[row] += np.log(_rates(whole[name][corpus], resamples, seed, drawn))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.exp(np.nanpercentile(logs / corpora, [tail, 100 - tail], axis=1))
    return {name: (float(low[row]), float(high[row])) for row, name in enumerate(names)}


def resampled(cell: Cell, resamples: int = RESAMPLES, seed: int = 0) -> "NDArray[np.float64]":
    """The ratios of a cell in each resample of its groups, (resamples,). Two codecs on the same cut
    with as many groups share their draws, so that what stands between them can be taken draw by
    draw. Not a number where a draw has empty files only."""
    return _rates(cell, resamples, seed, {})


def _rates(
    cell: Cell, resamples: int, seed: int, drawn: "dict[int, NDArray[np.float64]]"
) -> "NDArray[np.float64]":
    import numpy as np

    pairs = cell.groups or [(cell.slice.bytes, cell.coded_bytes)]
    if len(pairs) not in drawn:
        drawn[len(pairs)] = _draws(cell, len(pairs), resamples, seed)
    raw, coded = (drawn[len(pairs)] @ np.array(pairs, np.float64)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        rates: NDArray[np.float64] = coded / raw
    return rates


def _draws(cell: Cell, groups: int, resamples: int, seed: int) -> "NDArray[np.float64]":
    """How often each group was drawn in each resample: (resamples, groups)."""
    import numpy as np

    random = np.random.default_rng([seed, crc32(" ".join(cell.slice.identity).encode())])
    drawn = random.integers(groups, size=(resamples, groups))
    places = drawn + groups * np.arange(resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=resamples * groups)
    return counts.reshape(resamples, groups).astype(np.float64)
