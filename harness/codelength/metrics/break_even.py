"""From which corpus size on one codec is cheaper than another, and which one is cheapest where.

A codec whose prior takes M bytes and whose ratio is r spends M + r·N bytes on N bytes of such
data: a line for each codec. Where two lines cross is their break-even; under all lines runs the
envelope. That r stays what was measured at one size is an assumption, and stated where it matters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codelength.metrics.means import CONFIDENCE, RESAMPLES, resampled
from codelength.metrics.rates import ratio, total_model_bytes
from codelength.results.cell import Cell


@dataclass(frozen=True)
class Line:
    """What a codec spends: `prior` bytes, and `rate` for each raw byte."""

    model_bytes: float
    rate: float

    def total(self, size: float) -> float:
        """Bytes for `size` bytes of such data, the prior sent along."""
        return self.model_bytes + self.rate * size


@dataclass(frozen=True)
class Span:
    """Corpus sizes from `start` to `end`, in raw bytes; 0 and infinity where there is no bound."""

    start: float
    end: float


@dataclass(frozen=True)
class Stretch:
    """The sizes at which a codec is the cheapest of several."""

    codec: str
    span: Span


def line(cell: Cell) -> Line | None:
    """None without figures, or where the prior has no price."""
    rate, model_bytes = ratio(cell), total_model_bytes(cell)
    return None if rate is None or model_bytes is None else Line(model_bytes, rate)


def cheaper(one: Line, other: Line) -> Span | None:
    """The sizes at which `one` takes fewer bytes than `other`; None if there are none."""
    more, gain = one.model_bytes - other.model_bytes, other.rate - one.rate
    if gain > 0:
        return Span(max(0.0, more / gain), math.inf)
    if more < 0:
        return Span(0.0, more / gain if gain else math.inf)
    return None


def break_even(larger: Cell, smaller: Cell) -> float | None:
    """Bytes of such data from which on the codec with the larger prior is the cheaper of the two:
    N* = ΔM / (rate of the smaller − rate of the larger); infinite where that never happens. None
    where one has no figures, or their bytes are not the same."""
    a, b = line(larger), line(smaller)
    if a is None or b is None or larger.slice.identity != smaller.slice.identity:
        return None
    if a.model_bytes < b.model_bytes:
        raise ValueError(f"{larger.codec} has a smaller prior than {smaller.codec}")
    span = cheaper(a, b)
    return math.inf if span is None else span.start


def crossing_interval(one: Cell, other: Cell, seed: int = 0) -> tuple[float, float] | None:
    """The percentile bootstrap interval of 95% of the size at which two lines cross, each sample
    drawn for both codecs at once; its upper end is infinite where too many draws have no crossing.
    None where the priors are equal, or there are no two groups of samples to draw from."""
    a, b = line(one), line(other)
    if (
        a is None
        or b is None
        or a.model_bytes == b.model_bytes
        or len(one.groups) != len(other.groups)
    ):
        return None
    if len(one.groups) < 2:
        return None
    import numpy as np

    more = a.model_bytes - b.model_bytes
    gains = resampled(other, RESAMPLES, seed) - resampled(one, RESAMPLES, seed)
    with np.errstate(divide="ignore"):
        sizes = np.where(gains * more > 0, more / gains, np.inf)
    sizes = np.sort(sizes[np.isfinite(gains)])
    tail = (1 - CONFIDENCE) / 2
    low, high = int(tail * len(sizes)), math.ceil((1 - tail) * len(sizes)) - 1
    return float(sizes[low]), float(sizes[high])


def envelope(lines: Mapping[str, Line]) -> list[Stretch]:
    """Which codec is cheapest at which sizes, from the smallest size up; of equal lines the first
    in `lines`."""
    if not lines:
        return []
    found: list[Stretch] = []
    start = 0.0
    now = min(lines, key=lambda codec: (lines[codec].model_bytes, lines[codec].rate))
    while True:
        here = lines[now]
        later = {
            codec: span.start
            for codec, other in lines.items()
            if other.rate < here.rate and (span := cheaper(other, here))
        }
        if not later:
            return [*found, Stretch(now, Span(start, math.inf))]
        then = min(later, key=lambda codec: (later[codec], lines[codec].rate))
        if later[then] > start:
            found.append(Stretch(now, Span(start, later[then])))
        now, start = then, max(start, later[then])
