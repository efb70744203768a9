"""What curves come to: rates by position, and what a model knew and what context gave it.

Intervals are 95 % percentile intervals of a bootstrap over chunks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codelength.metrics import RESAMPLES, draw_counts, percentile_interval
from codelength.results.cell import CorpusSlice
from codelength_studies.curve.records import Control, Curve

Array = NDArray[np.float64]

UNIFORM = 8.0
"""Bits a byte of a distribution that knows nothing."""


@dataclass(frozen=True)
class Interval:
    """A mean over chunks, in bits a byte, with its interval."""

    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether the mean cannot be told from zero."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True)
class Line:
    """A mean curve with the interval of each place: four arrays (places,)."""

    places: Array
    """Positions, the first byte being 1."""
    mean: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Gain:
    """Where the difference between eight bits a byte and the rate in the end comes from."""

    alone: Interval | None
    """The rate with no context; None without a predictor."""
    end: Interval
    """The rate over the second half of the positions."""
    prior: Interval | None
    """Eight bits less the rate with no context: what the model knew of single bytes beforehand."""
    context: Interval | None
    """The rate with no context less the rate in the end: what context adds."""
    half: float | None
    """The position from which on more than half of what context adds is there."""


@dataclass
class CorpusCurves:
    """The curves of one codec on one corpus."""

    slice: CorpusSlice
    curves: dict[Control, Curve] = field(default_factory=dict)

    @property
    def gains(self) -> dict[Control, Gain]:
        """The split of the gain for the data and for each control."""
        return {control: split_gain(curve) for control, curve in self.curves.items()}


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
    """Return what a byte costs, by its position."""
    rows, places = _rates(curve)
    # from the first to the last position between two edges, in the middle of the logarithm
    return _line(np.sqrt((places[:-1] + 1.0) * places[1:]), rows)


def rates_of_prefixes(curve: Curve) -> Line | None:
    """Return the coded bits a byte of prefixes, by their length, framing and all."""
    if curve.coded is None:
        return None
    lengths = np.array(curve.prefixes, np.float64)
    return _line(lengths, 8 * np.array(curve.coded) / lengths)


def split_gain(curve: Curve) -> Gain:
    """Split the gain into what the model knew and what context adds."""
    draws, end = _draws(curve.chunks), _end(curve)
    if curve.alone is None:
        return Gain(None, _interval(end, draws), None, None, None)
    alone = np.array(curve.alone)
    context = _interval(alone - end, draws)
    return Gain(
        _interval(alone, draws),
        _interval(end, draws),
        _interval(UNIFORM - alone, draws),
        context,
        None if context.holds_zero else _half(curve, float(alone.mean()), float(end.mean())),
    )


def worth_of_order(data: Curve, shuffled: Curve) -> Interval:
    """Return by how much a byte costs more in the end with the bytes of each chunk shuffled."""
    return _interval(_end(shuffled) - _end(data), _draws(data.chunks))


def _rates(curve: Curve) -> tuple[Array, NDArray[np.int64]]:
    """(chunks, places − 1) bits a byte between two places, and (places,).

    By ideal code lengths if there are any, else by the differences between the blobs of two
    prefixes.
    """
    if curve.bits is not None:
        return np.array(curve.bits), np.array(curve.edges)
    lengths = np.array(curve.prefixes)
    return 8.0 * np.diff(np.array(curve.coded), axis=1) / np.diff(lengths), lengths


def _end(curve: Curve) -> Array:
    """(chunks,): the rate over the second half of the positions."""
    rows, places = _rates(curve)
    late = places[:-1] >= places[-1] / 2
    if not late.any():
        late[-1] = True
    widths = np.diff(places)[late]
    rates: Array = (rows[:, late] * widths).sum(axis=1) / widths.sum()
    return rates


def _half(curve: Curve, alone: float, end: float) -> float | None:
    line = rates_by_position(curve)
    below = alone - line.mean >= (alone - end) / 2
    stays = np.flip(np.cumprod(np.flip(below))).astype(bool)  # from there on, not only there
    return float(line.places[stays][0]) if stays.any() else None


def _line(places: Array, rows: Array) -> Line:
    means = _draws(len(rows)) @ rows / len(rows)
    low, high = percentile_interval(means)
    return Line(places, rows.mean(axis=0), low, high)


def _interval(values: Array, draws: Array) -> Interval:
    low, high = percentile_interval(draws @ values / len(values))
    return Interval(float(values.mean()), float(low), float(high))


def _draws(chunks: int) -> Array:
    """How often each chunk was drawn in each resample, (RESAMPLES, chunks)."""
    return draw_counts(chunks, RESAMPLES, np.random.default_rng(0))
