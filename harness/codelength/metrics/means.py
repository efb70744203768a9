"""Geometric means over corpora, with bootstrap intervals over the samples within each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from codelength.metrics.bootstrap import RESAMPLES, draw_counts, percentile_interval
from codelength.metrics.ranking import geometric_mean
from codelength.metrics.rates import ratio
from codelength.results.cell import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Mean:
    """A geometric mean of ratios over corpora, with the bounds of its interval."""

    value: float | None
    """None if a corpus has no ratio."""
    low: float | None
    high: float | None
    done: int
    """Corpora with a ratio."""
    of: int
    rigid: int
    """Corpora of a single group, which cannot be resampled: they add nothing to the interval."""


def compute_means(
    rows: Mapping[str, Sequence[Cell | None]],
    parts: Mapping[str, Sequence[int]],
    seed: int = 0,
) -> dict[str, dict[str, Mean]]:
    """Compute the mean ratio of each row over each part, with a 95% percentile bootstrap interval.

    The groups of samples within each corpus are resampled, the same ones for every row; the choice
    of corpora is taken as given. The draws of a corpus depend on `seed` and on the corpus alone.

    Args:
        rows: A codec's cells, one for each corpus, in the same order in all rows.
        parts: The corpora of each mean, by their places in a row.

    Returns:
        Part → row → mean. A row without a ratio on some corpus of a part has no mean there.
    """
    import numpy as np

    names = list(rows)
    cells = list(rows.values())
    logs = {part: np.zeros((len(names), RESAMPLES)) for part in parts}
    for column in sorted({column for columns in parts.values() for column in columns}):
        rates = _resample_column([row[column] for row in cells], seed)
        with np.errstate(divide="ignore"):  # a draw that was coded in no byte has the ratio 0
            np.log(rates, out=rates)
        for part, columns in parts.items():
            if column in columns:
                logs[part] += rates
    return {
        part: {
            name: _summarize([row[column] for column in columns], bounds)
            for name, row, bounds in zip(
                names, cells, _bounds(logs[part], len(columns)), strict=True
            )
        }
        for part, columns in parts.items()
    }


def resample_ratios(cell: Cell) -> "NDArray[np.float64]":
    """The ratio of a cell in each resample of its groups, (RESAMPLES,).

    Two codecs on the same slice with as many groups share their draws, so that their difference
    can be taken draw by draw. Not a number where a draw has empty files only.
    """
    rates: NDArray[np.float64] = _resample_column([cell], 0)[0]
    return rates


def _resample_column(cells: Sequence[Cell | None], seed: int) -> "NDArray[np.float64]":
    """The ratios of all codecs on one corpus in each resample, (cells, RESAMPLES).

    Not a number where there is no ratio.
    """
    import numpy as np

    rates = np.full((len(cells), RESAMPLES), np.nan)
    by_groups: dict[int, list[tuple[int, Cell]]] = {}
    for place, cell in enumerate(cells):
        if cell is not None and ratio(cell) is not None:
            by_groups.setdefault(len(cell.groups) or 1, []).append((place, cell))
    for groups, members in by_groups.items():
        places = [place for place, _ in members]
        pairs = np.array(
            [cell.groups or [(cell.slice.bytes, cell.coded_bytes)] for _, cell in members],
            np.float64,
        )  # (cells, groups, 2)
        if groups == 1:
            rates[places] = pairs[:, :, 1] / pairs[:, :, 0]
            continue
        digest = crc32(" ".join(members[0][1].slice.identity).encode())
        draws = draw_counts(groups, RESAMPLES, np.random.default_rng([seed, digest])).T
        raw, coded = pairs[:, :, 0] @ draws, pairs[:, :, 1] @ draws
        rates[places] = coded / np.where(raw > 0, raw, np.nan)  # a draw of empty files has none
    return rates


def _bounds(logs: "NDArray[np.float64]", corpora: int) -> "NDArray[np.float64]":
    """The bounds of the interval of each row, (rows, 2)."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(logs).all(axis=1))
    bounds = np.full((len(logs), 2), np.nan)
    if len(known):
        bounds[known] = percentile_interval(np.exp(logs[known] / corpora), axis=1).T
    return bounds


def _summarize(cells: Sequence[Cell | None], bounds: "NDArray[np.float64]") -> Mean:
    ratios = [r for cell in cells if cell is not None and (r := ratio(cell)) is not None]
    done, of = len(ratios), len(cells)
    if not done or done < of:
        return Mean(None, None, None, done, of, 0)
    value = geometric_mean(ratios)
    rigid = sum(cell is not None and len(cell.groups) < 2 for cell in cells)
    # Single groups have no spread, and rounding must not show one.
    low, high = (value, value) if rigid == of else map(float, bounds)
    return Mean(value, low, high, done, of, rigid)
