"""How many times as long something took, with an interval from the repetitions that were stored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codelength.metrics import CONFIDENCE, RESAMPLES
from codelength.results.cell import Phase

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTICE = 1.1
"""CPU time of the same work differs so much between runs on one machine; below it, nothing is
said."""


@dataclass(frozen=True)
class Factor:
    """CPU time after over CPU time before; below 1 is faster."""

    value: float
    low: float
    high: float
    """Of a 95% interval."""

    @property
    def clear(self) -> bool:
        """Whether it is worth a line: past NOTICE, and no change is outside the interval."""
        far = max(self.value, 1 / self.value) >= NOTICE
        return far and not self.low <= 1 <= self.high

    @property
    def effect(self) -> float:
        """How far from no change, in either direction: at least 1."""
        return max(self.value, 1 / self.value)


def factor(phases: Sequence[tuple[Phase | None, Phase | None]], seed: int = 0) -> Factor | None:
    """The geometric mean over (before, after) of the CPU time after over that before; None if one
    was not timed, or took no time that the clock could see.

    The interval is a percentile bootstrap over the repetitions within each batch, of which the
    median counts. It knows how much repetitions within a run differ, not how runs do.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    logs, values = np.zeros(RESAMPLES), []
    for before, after in phases:
        if before is None or after is None or not (before.seconds and after.seconds):
            return None
        values.append(math.log(after.seconds / before.seconds))
        with np.errstate(divide="ignore", invalid="ignore"):  # a draw of zeros only
            logs += np.log(_resampled(after, random) / _resampled(before, random))
    if not values:
        return None
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.exp(np.nanpercentile(logs / len(values), [tail, 100 - tail]))
    return Factor(math.exp(math.fsum(values) / len(values)), float(low), float(high))


def _resampled(phase: Phase, random: "np.random.Generator") -> "NDArray[np.float64]":
    """Seconds over the cell, in each resample."""
    import numpy as np

    total = np.zeros(RESAMPLES)
    for batch in phase.times:
        drawn = random.integers(len(batch), size=(RESAMPLES, len(batch)))
        total += np.median(np.array(batch)[drawn], axis=1)
    return total
