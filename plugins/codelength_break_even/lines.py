"""From which corpus size on one codec is cheaper than another, and which one is cheapest where.

A codec whose model takes M bytes and whose ratio is r spends M + r·N bytes on N bytes of such data.
That is a line for each codec. Two codecs break even where their lines cross. The lower envelope of
all lines says which codec is cheapest at which size. It is assumed that r is the same at every
size.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codelength.metrics.bootstrap import CONFIDENCE, RESAMPLES, draw_counts
from codelength.metrics.inference import FEWEST, cluster_sizes
from codelength.metrics.rates import ratio, total_model_bytes
from codelength.results.cell import Cell


@dataclass(frozen=True)
class CostLine:
    """The bytes that a codec spends: its model, and `rate` for each raw byte."""

    model_bytes: float
    rate: float

    def total(self, size: float) -> float:
        """Bytes for `size` bytes of such data and the model."""
        return self.model_bytes + self.rate * size


@dataclass(frozen=True)
class SizeRange:
    """Corpus sizes from `start` to `end`, in raw bytes; 0 and infinity where there is no bound."""

    start: float
    end: float


@dataclass(frozen=True)
class Segment:
    """The sizes at which a codec is the cheapest of several."""

    codec: str
    sizes: SizeRange


def cost_line(cell: Cell) -> CostLine | None:
    """The line of a cell; None without a ratio, or where the model has no price."""
    rate, model_bytes = ratio(cell), total_model_bytes(cell)
    return None if rate is None or model_bytes is None else CostLine(model_bytes, rate)


def find_cheaper_range(one: CostLine, other: CostLine) -> SizeRange | None:
    """The sizes at which `one` takes fewer bytes than `other`; None if there are none."""
    more, gain = one.model_bytes - other.model_bytes, other.rate - one.rate
    if gain > 0:
        return SizeRange(max(0.0, more / gain), math.inf)
    if more < 0:
        return SizeRange(0.0, more / gain if gain else math.inf)
    return None


def break_even_interval(one: Cell, other: Cell) -> tuple[float, float] | None:
    """The 95% percentile bootstrap interval of the size at which two codecs break even.

    Each cluster (file, picture, speaker) is drawn for both codecs at once. The upper end is
    infinite where too many draws have no break-even. None where the models are of equal size, or
    there are fewer than ten clusters to draw from.
    """
    a, b = cost_line(one), cost_line(other)
    if a is None or b is None or a.model_bytes == b.model_bytes:
        return None
    import numpy as np

    sizes_of_one, sizes_of_other = cluster_sizes(one), cluster_sizes(other)
    if len(sizes_of_one) != len(sizes_of_other) or len(sizes_of_one) < FEWEST:
        return None
    counts = draw_counts(len(sizes_of_one), RESAMPLES, np.random.default_rng(0))
    raw = counts @ sizes_of_one[:, 0]
    more = a.model_bytes - b.model_bytes
    gains = counts @ (sizes_of_other - sizes_of_one)[:, 1] / raw
    with np.errstate(divide="ignore"):
        sizes = np.where(gains * more > 0, more / gains, np.inf)
    sizes = np.sort(sizes)
    tail = (1 - CONFIDENCE) / 2
    low, high = int(tail * len(sizes)), math.ceil((1 - tail) * len(sizes)) - 1
    return float(sizes[low]), float(sizes[high])


def find_lower_envelope(lines: Mapping[str, CostLine]) -> list[Segment]:
    """Find which codec is cheapest at which sizes, from the smallest size up.

    Of equal lines the first in `lines` counts.
    """
    if not lines:
        return []
    found: list[Segment] = []
    start = 0.0
    now = min(lines, key=lambda codec: (lines[codec].model_bytes, lines[codec].rate))
    while True:
        here = lines[now]
        later = {
            codec: sizes.start
            for codec, other in lines.items()
            if other.rate < here.rate and (sizes := find_cheaper_range(other, here))
        }
        if not later:
            return [*found, Segment(now, SizeRange(start, math.inf))]
        then = min(later, key=lambda codec: (later[codec], lines[codec].rate))
        if later[then] > start:
            found.append(Segment(now, SizeRange(start, later[then])))
        now, start = then, max(start, later[then])
