"""How sure the numbers of a fit are, and which form a ladder supports.

Intervals come from the residual bootstrap: residuals, enlarged for the numbers that were fitted,
are drawn with replacement onto the fitted rates, and the form is fitted anew (Efron & Tibshirani
1993, chapter 9). It takes the form as given, and errors as independent and alike over the ladder.

Forms are compared by AICc = n·ln(RSS/n) + 2k + 2k(k+1)/(n−k−1) and BIC = n·ln(RSS/n) + k·ln n, with
k one more than the numbers of the form, for the variance (Burnham & Anderson 2002, sections 2.4 and
6.4.1).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from codelength.metrics import CONFIDENCE
from codelength_studies.scaling.fit import Fit, fit_plainly, fit_robustly, refit, to_power_sum
from codelength_studies.scaling.forms import EXPONENTS, FORMS, Form
from codelength_studies.scaling.ladder import Array, Ladder

FACTOR = 3.0
"""An exponent whose interval spans more than this factor is not identified."""
NO_FLOOR = 1e-4
"""A floor below this, in coded bytes for each raw byte, is none."""
EQUAL = 2.0
"""Forms whose criteria are so near each other are equally well supported."""
ROUNDING = 1e-24
"""A mean square of residuals below this is rounding of the arithmetic."""


@dataclass(frozen=True)
class Bootstrap:
    """The power sums of all resamples."""

    samples: Mapping[str, Array]
    """Name → (resamples,)."""
    freedom: int
    """Points less numbers that were fitted."""

    def interval(self, name: str) -> tuple[float, float]:
        """Return the expanded percentile interval of 95 % (Hesterberg 2015, 5.3).

        It is as much wider as Student's t is than the normal distribution for so few points.
        """
        tail = 100 * float(norm.cdf(t.ppf((1 - CONFIDENCE) / 2, self.freedom)))
        low, high = np.percentile(self.samples[name], [tail, 100 - tail])
        return float(low), float(high)

    def identifies(self, name: str) -> bool:
        """Say whether the resamples agree.

        On an exponent within FACTOR and inside of the range searched, on the floor that there is
        one.
        """
        low, high = self.interval(name)
        if name == "a":
            return low > NO_FLOOR
        inside = low > EXPONENTS[0] * 1.01 and high < EXPONENTS[1] * 0.99
        return inside and high <= FACTOR * low


@dataclass(frozen=True)
class Candidate:
    """A form with its fit by least squares, and its criteria."""

    fit: Fit
    aicc: float
    """Infinite where the ladder has too few points for it."""
    bic: float

    @property
    def form(self) -> Form:
        """The form."""
        return self.fit.form


@dataclass(frozen=True)
class Analysis:
    """All that was found out about a ladder."""

    ladder: Ladder
    plain: Fit
    robust: Fit
    plain_bootstrap: Bootstrap
    robust_bootstrap: Bootstrap
    candidates: Sequence[Candidate]
    """The best AICc first."""
    published: Mapping[str, float] | None = None
    """A power sum that somebody else has fitted to the same points."""

    @property
    def published_squares(self) -> float | None:
        """The residual sum of squares that the published power sum leaves."""
        if self.published is None:
            return None
        a, b, alpha, c, beta = (self.published[name] for name in ("a", "b", "α", "c", "β"))
        fitted = a + b * self.ladder.parameters**-alpha + c * self.ladder.steps**-beta
        residuals = self.ladder.rates - fitted
        return float(residuals @ residuals)


def analyse(
    ladder: Ladder, resamples: int, seed: int = 0, published: Mapping[str, float] | None = None
) -> Analysis:
    """Fit the power sum both ways with bootstraps, and all forms.

    Raises UsageError for a ladder of too few points.
    """
    plain, robust = fit_plainly(ladder), fit_robustly(ladder)
    return Analysis(
        ladder,
        plain,
        robust,
        bootstrap(ladder, plain, False, resamples, seed),
        bootstrap(ladder, robust, True, resamples, seed),
        compare_forms(ladder),
        published,
    )


def bootstrap(ladder: Ladder, fit: Fit, robust: bool, resamples: int, seed: int = 0) -> Bootstrap:
    """Fit `resamples` other ladders that might have been measured."""
    n, p = fit.jacobian.shape
    residuals = (fit.residuals - fit.residuals.mean()) * math.sqrt(n / (n - p))
    fitted = ladder.rates - fit.residuals
    random = np.random.default_rng(seed)
    drawn: list[Array] = [fitted + random.choice(residuals, n) for _ in range(resamples)]
    sums = [to_power_sum(theta, fit.middle) for theta in refit(ladder, fit, drawn, robust)]
    return Bootstrap({name: np.array([one[name] for one in sums]) for name in sums[0]}, n - p)


def compare_forms(ladder: Ladder) -> list[Candidate]:
    """Fit every form that the ladder has points enough for; the best AICc comes first."""
    n = len(ladder.points)
    fits = [fit_plainly(ladder, form) for form in FORMS if form.parameters < n]
    return sorted((_candidate(fit, n) for fit in fits), key=lambda one: one.aicc)


def _candidate(fit: Fit, n: int) -> Candidate:
    k = fit.form.parameters + 1
    deviance = n * math.log(max(fit.squares / n, ROUNDING))
    left = n - k - 1
    aicc = deviance + 2 * k + 2 * k * (k + 1) / left if left > 0 else math.inf
    return Candidate(fit, aicc, deviance + k * math.log(n))
