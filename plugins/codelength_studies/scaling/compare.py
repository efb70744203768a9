"""Which form a ladder speaks for, by information criteria.

AICc = n·ln(RSS/n) + 2k + 2k(k+1)/(n−k−1), BIC = n·ln(RSS/n) + k·ln n, with k one more than the
numbers of the form, for the variance (Burnham & Anderson 2002, sections 2.4 and 6.4.1).
"""

import math
from dataclasses import dataclass

from codelength_studies.scaling.fit import Fit, fit
from codelength_studies.scaling.forms import FORMS, Form
from codelength_studies.scaling.points import Ladder

EQUAL = 2.0
"""Forms whose criteria are so near each other are equally well supported."""
ROUNDING = 1e-24
"""A mean square of residuals that is but rounding."""


@dataclass(frozen=True)
class Rival:
    """A form with its fit by least squares."""

    fit: Fit
    aicc: float | None
    """None where the ladder has too few points for it."""
    bic: float

    @property
    def form(self) -> Form:
        """The form."""
        return self.fit.form


def rivals(ladder: Ladder) -> list[Rival]:
    """Every form that the ladder has points enough for, the best AICc first."""
    n = len(ladder.points)
    found = [_judged(fit(ladder, form), n) for form in FORMS if form.parameters < n]
    return sorted(found, key=lambda rival: math.inf if rival.aicc is None else rival.aicc)


def _judged(of: Fit, n: int) -> Rival:
    k = of.form.parameters + 1
    deviance = n * math.log(max(of.squares / n, ROUNDING))
    left = n - k - 1
    aicc = deviance + 2 * k + 2 * k * (k + 1) / left if left > 0 else None
    return Rival(of, aicc, deviance + k * math.log(n))
