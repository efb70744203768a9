"""Resamples, and the percentile interval.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.metrics.inference import CONFIDENCE


def draw_counts(items: int, resamples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw resamples of so many items, with replacement.

    Returns:
        How often each item is in each resample, (resamples, items).
    """
    drawn = random.integers(items, size=(resamples, items))
    places = drawn + items * np.arange(resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=resamples * items)
    return counts.reshape(resamples, items).astype(np.float64)


def percentile_interval(values: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
    """Compute the 95% percentile interval of a statistic from its values in the resamples.

    Args:
        values: The resamples are along `axis`. A value that is not a number does not count.

    Returns:
        The lower and the upper bounds, (2, …).
    """
    tail = 50 * (1 - CONFIDENCE)
    percentile = np.nanpercentile if np.isnan(values).any() else np.percentile
    bounds: NDArray[np.float64] = percentile(values, [tail, 100 - tail], axis=axis)
    return bounds
