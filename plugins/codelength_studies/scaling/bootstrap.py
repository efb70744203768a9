"""How far the numbers of a fit might lie from the truth: the residual bootstrap.

Residuals, enlarged for the numbers that were fitted, are drawn with replacement onto the fitted
rates, and the law is fitted anew (Efron & Tibshirani 1993, chapter 9). It takes the form as given,
and errors as independent and alike over the ladder.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from codelength_studies.scaling.fit import Fit, law, refits
from codelength_studies.scaling.forms import Array
from codelength_studies.scaling.points import Ladder

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Bootstrap:
    """The laws of all resamples: name → (resamples,)."""

    laws: dict[str, Array]
    freedom: int
    """Points less numbers that were fitted."""

    def interval(self, name: str) -> tuple[float, float]:
        """The percentile interval of 95%, as much wider as Student's t is than the normal law for
        so few points (the expanded percentile interval: Hesterberg 2015, section 5.3)."""
        tail = 100 * float(norm.cdf(t.ppf((1 - CONFIDENCE) / 2, self.freedom)))
        low, high = np.percentile(self.laws[name], [tail, 100 - tail])
        return float(low), float(high)


def bootstrap(ladder: Ladder, fit: Fit, robust: bool, resamples: int, seed: int = 0) -> Bootstrap:
    """Fits of `resamples` other ladders that might have been measured."""
    n, p = fit.jacobian.shape
    residuals = (fit.residuals - fit.residuals.mean()) * math.sqrt(n / (n - p))
    fitted = ladder.rates - fit.residuals
    random = np.random.default_rng(seed)
    drawn: Sequence[Array] = [fitted + random.choice(residuals, n) for _ in range(resamples)]
    laws = [law(theta, fit.middle) for theta in refits(ladder, fit, drawn, robust)]
    return Bootstrap({name: np.array([one[name] for one in laws]) for name in laws[0]}, n - p)
