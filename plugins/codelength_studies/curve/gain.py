"""What curves come to: rates by position, and what each context takes off.

Intervals are 95 % percentile intervals of a bootstrap. Files are drawn where there are ten or more
of them, with all of their pieces. Of fewer files pieces are drawn, and the intervals are about
these files alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codelength.metrics.inference import FEWEST, RESAMPLES
from codelength.results.cell import CorpusSlice
from codelength_studies.curve.bootstrap import draw_counts, percentile_interval
from codelength_studies.curve.records import CONTEXTS, DATA, OWN, Curve

Array = NDArray[np.float64]

UNIFORM = 8.0
"""Bits a byte of a distribution that knows nothing."""


@dataclass(frozen=True)
class Interval:
    """A mean over pieces, in bits a byte, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A mean curve with the interval of each place: four arrays (places,)."""

    places: Array
    """Positions, the first byte being 1."""
    mean: Array
    low: Array
    high: Array


@dataclass
class CorpusCurves:
    """The curves of one codec on one corpus, by control."""

    slice: CorpusSlice
    curves: dict[str, Curve] = field(default_factory=dict)

    @property
    def data(self) -> Curve | None:
        """The curve of the data as they are."""
        return self.curves.get(DATA)


@dataclass
class CodecCurves:
    """The curves of one codec on all corpora."""

    codec: str
    corpora: list[CorpusCurves]

    @property
    def has_code_lengths(self) -> bool:
        """Whether there are ideal code lengths, and not coded bytes alone."""
        return any(c.bits is not None for one in self.corpora for c in one.curves.values())


def group_curves(curves: Iterable[Curve]) -> list[CodecCurves]:
    """Group curves by codec and corpus, in the order in which they come first."""
    grouped: dict[str, dict[str, CorpusCurves]] = {}
    for curve in curves:
        question = curve.question
        corpora = grouped.setdefault(question.codec, {})
        one = corpora.setdefault(question.slice.corpus, CorpusCurves(question.slice))
        one.curves[question.control] = curve
    return [CodecCurves(codec, list(corpora.values())) for codec, corpora in grouped.items()]


def rates_by_position(curve: Curve) -> Line:
    """Return what a byte costs, by its position.

    By ideal code lengths if there are any, else by the differences between the blobs of two
    prefixes.
    """
    if curve.bits is not None:
        rows, places = np.array(curve.bits), np.array(curve.edges)
    else:
        places = np.array(curve.prefixes)
        rows = 8.0 * np.diff(np.array(curve.coded), axis=1) / np.diff(places)
    # from the first to the last position between two edges, in the middle of the logarithm
    return _line(curve, np.sqrt((places[:-1] + 1.0) * places[1:]), rows)


def rates_of_prefixes(curve: Curve) -> Line | None:
    """Return the coded bits a byte of prefixes, by their length, framing and all."""
    if curve.coded is None:
        return None
    lengths = np.array(curve.prefixes, np.float64)
    return _line(curve, lengths, 8 * np.array(curve.coded) / lengths)


def cost_in(curve: Curve, context: str) -> Interval | None:
    """Return what a byte of the target costs in a context; None where there is no such cost."""
    costs = curve.contexts.get(context)
    return None if costs is None else _interval(curve, np.array(costs))


def costs_of(curve: Curve) -> dict[str, Interval]:
    """Return the costs in all contexts that there are, from none to the own one."""
    costs = {context: cost_in(curve, context) for context in CONTEXTS}
    return {context: cost for context, cost in costs.items() if cost is not None}


def gain_over(curve: Curve, context: str) -> Interval:
    """Return by how much a byte costs less in its own context than in another one, paired."""
    return _interval(curve, np.array(curve.contexts[context]) - np.array(curve.contexts[OWN]))


def learned_by_kept(curve: Curve) -> Line | None:
    """Return what the own first half gains over a foreign one, by the own bytes since then."""
    if not curve.learned:
        return None
    kept = np.array(curve.kept, np.float64)
    return _line(curve, np.sqrt((kept[:-1] + 1) * kept[1:]), np.array(curve.learned))


def drawn_units(curve: Curve) -> NDArray[np.int64]:
    """Return the number of the unit that each piece belongs to: files, or pieces of few files."""
    files = np.array(curve.clusters or range(curve.chunks))
    return files if len(np.unique(files)) >= FEWEST else np.arange(curve.chunks)


def _line(curve: Curve, places: Array, rows: Array) -> Line:
    weights = _weights(curve)
    low, high = percentile_interval(weights @ rows)
    return Line(places, rows.mean(axis=0), low, high)


def _interval(curve: Curve, values: Array) -> Interval:
    low, high = percentile_interval(_weights(curve) @ values)
    return Interval(float(values.mean()), float(low), float(high))


def _weights(curve: Curve) -> Array:
    """The share of each piece in the mean of each resample, (RESAMPLES, pieces)."""
    _, units = np.unique(drawn_units(curve), return_inverse=True)
    counts = draw_counts(int(units.max()) + 1, RESAMPLES, np.random.default_rng(0))[:, units]
    shares: Array = counts / counts.sum(axis=1, keepdims=True)
    return shares
