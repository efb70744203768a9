"""What a curve comes to: rates by position, and what a model knew and what context gave it.

Intervals are 95 % percentile intervals of a bootstrap over chunks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codelength_studies.curve.records import Curve

Array = NDArray[np.float64]

RESAMPLES = 1000
CONFIDENCE = 0.95
FLAT = 8.0
"""Bits a byte of a law that knows nothing."""


@dataclass(frozen=True)
class Interval:
    """A mean over chunks, in bits a byte, with its interval."""

    value: float
    low: float
    high: float

    @property
    def zero(self) -> bool:
        """Whether it cannot be told from zero."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True)
class Line:
    """A mean curve with the interval of each place."""

    places: Array
    """(n,): positions, the first byte being 1."""
    mean: Array
    low: Array
    high: Array


def marginal(curve: Curve) -> Line:
    """What a byte costs, by its position: by ideal code lengths if there are any, else by the
    differences between the blobs of a prefix and of the next shorter one."""
    if curve.bits is not None:
        rows, places = np.array(curve.bits), np.array(curve.edges)
    else:
        rows, places = _differences(curve)
    # from the first to the last position between two edges, in the middle of the logarithm
    middles = np.sqrt((places[:-1] + 1.0) * places[1:])
    return _line(middles, rows)


def cumulative(curve: Curve) -> Line | None:
    """Coded bits a byte of a prefix, by its length, framing and all."""
    if curve.coded is None:
        return None
    lengths = np.array(curve.prefixes, np.float64)
    return _line(lengths, 8 * np.array(curve.coded) / lengths)


def _differences(curve: Curve) -> tuple[Array, Array]:
    lengths = np.array(curve.prefixes)
    bits = 8.0 * np.diff(np.array(curve.coded), axis=1)
    return bits / np.diff(lengths), lengths


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


def gain(curve: Curve) -> Gain:
    """The split of the gain."""
    draws = _draws(curve.chunks)
    end = _end(curve)
    if curve.alone is None:
        return Gain(None, _interval(end, draws), None, None, None)
    alone = np.array(curve.alone)
    context = _interval(alone - end, draws)
    return Gain(
        _interval(alone, draws),
        _interval(end, draws),
        _interval(FLAT - alone, draws),
        context,
        None if context.zero else _half(curve, float(alone.mean()), float(end.mean())),
    )


def worth_of_order(data: Curve, mixed: Curve) -> Interval:
    """By how much a byte costs more in the end with the bytes shuffled, chunk against chunk."""
    return _interval(_end(mixed) - _end(data), _draws(data.chunks))


def _end(curve: Curve) -> Array:
    """(chunks,): the rate over the second half of the positions."""
    if curve.bits is None:
        rows, places = _differences(curve)
    else:
        rows, places = np.array(curve.bits), np.array(curve.edges)
    late = places[:-1] >= places[-1] / 2
    if not late.any():
        late[-1] = True
    widths = np.diff(places)[late]
    rates: Array = (rows[:, late] * widths).sum(axis=1) / widths.sum()
    return rates


def _half(curve: Curve, alone: float, end: float) -> float | None:
    line = marginal(curve)
    below = alone - line.mean >= (alone - end) / 2
    # from there on, not only there
    stays = np.flip(np.cumprod(np.flip(below))).astype(bool)
    return float(line.places[stays][0]) if stays.any() else None


def _line(places: Array, rows: Array) -> Line:
    means = _draws(len(rows)) @ rows / len(rows)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail], axis=0)
    return Line(places, rows.mean(axis=0), low, high)


def _interval(values: Array, draws: Array) -> Interval:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(draws @ values / len(values), [tail, 100 - tail])
    return Interval(float(values.mean()), float(low), float(high))


def _draws(chunks: int) -> Array:
    """How often each chunk was drawn in each resample: (RESAMPLES, chunks)."""
    drawn = np.random.default_rng(0).integers(chunks, size=(RESAMPLES, chunks))
    places = drawn + chunks * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(places.ravel(), minlength=RESAMPLES * chunks)
    return counts.reshape(RESAMPLES, chunks).astype(np.float64)
