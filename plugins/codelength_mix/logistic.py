"""The logistic domain in integers: probabilities as log odds and back, the same on every machine.

Log odds are in units of 1/256, probabilities of 65536. Tables come from float64 additions,
multiplications and divisions alone, each rounded by itself, never from a vendor's exp or log.
"""

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 16
"""Probability 1."""

MAX_LOG_ODDS = 2815
"""Log odds are held within ±11: a bit costs 2 / 65536 of a bit at least."""

EXP2 = (
    7.054911620801121e-09, 1.0178086009239696e-07, 1.3215486790144305e-06, 1.5252733804059838e-05,
    0.00015403530393381606, 0.0013333558146428441, 0.009618129107628477, 0.055504108664821576,
    0.2402265069591007, 0.6931471805599453, 1.0,
)  # fmt: skip
"""ln(2)^n / n!, highest first: the series of 2^f, off by less than 1e-12 for |f| ≤ 1/2."""

LOG2E = 1.4426950408889634


def exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return e^x, off by less than 1e-12 of it, the same on every machine."""
    y = x * LOG2E
    k = np.rint(y)
    f, p = y - k, np.zeros_like(y)
    for coefficient in EXP2:
        p = p * f + coefficient
    return np.ldexp(p, k.astype(np.int64))


def _squashed() -> NDArray[np.int32]:
    odds = np.arange(-MAX_LOG_ODDS - 1, MAX_LOG_ODDS + 1) / 256.0
    return np.rint(ONE / (1.0 + exp(-odds))).astype(np.int32)


def _stretched(bits: int) -> NDArray[np.int16]:
    """The inverse of `_squashed` for a probability's first `bits`.

    The largest log odds whose probability is not above it, within half a unit.
    """
    halves = np.arange(-2 * MAX_LOG_ODDS + 1, 2 * MAX_LOG_ODDS, 2) / 512.0
    edges = 1.0 / (1.0 + exp(-halves))
    middles = (np.arange(1 << bits) + 0.5) / (1 << bits)
    return (np.searchsorted(edges, middles) - MAX_LOG_ODDS).astype(np.int16)


SQUASH = _squashed()
"""Log odds plus FARTHEST + 1 → probability, 1 to 65535."""

STRETCH = _stretched(12)
"""The first 12 bits of a probability → log odds."""

STRETCH_FINE = _stretched(16)
"""A probability → log odds."""
