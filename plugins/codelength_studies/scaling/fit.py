"""Fits a form to a ladder: by least squares, and by least squares that outliers cannot rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, least_squares, nnls

from codelength.api.errors import UsageError
from codelength_studies.scaling.forms import EXPONENTS, POWER_SUM, Array, Form
from codelength_studies.scaling.points import Ladder

GRID = 12
"""Exponents tried in each dimension before the search."""
STARTS = 3
"""Places of the grid from which a search begins."""
TUNING = 1.345
"""Huber's constant: residuals up to so many standard deviations count by their squares; with
normal errors that costs 5% of the efficiency (Huber 1981)."""
NORMAL = 1.4826
"""The standard deviation of a normal law over its median absolute deviation."""
STEP = 1e-6
"""Of central differences."""
LEAST = 1e-9
"""Residuals, relative to the rates, that are rounding of the arithmetic."""


@dataclass(frozen=True)
class Fit:
    """A form with its numbers. Coefficients are for P and S over `middle`, the geometric means of
    the ladder; `law` gives them for P and S themselves."""

    form: Form
    middle: tuple[float, float]
    exponents: Array
    coefficients: Array
    residuals: Array
    """(n,): measured less fitted."""
    jacobian: Array
    """(n, parameters): of the fitted rates, by coefficients and then exponents."""

    @property
    def theta(self) -> Array:
        """Coefficients, then exponents."""
        return np.concatenate([self.coefficients, self.exponents])

    @property
    def squares(self) -> float:
        """The residual sum of squares."""
        return float(self.residuals @ self.residuals)

    def rates(self, parameters: Array, steps: Array) -> Array:
        """What the law says, (n,) for (n,) sizes and steps."""
        design = self.form.design(
            parameters / self.middle[0], steps / self.middle[1], self.exponents
        )
        rates: Array = design @ self.coefficients
        return rates

    @property
    def law(self) -> dict[str, float]:
        """Of a power sum: a, b, α, c, β as in a + b·P^−α + c·S^−β."""
        return law(self.theta, self.middle)

    @property
    def standard_errors(self) -> dict[str, float]:
        """Of the same numbers, to first order (the delta method), for independent errors of equal
        variance."""
        n, p = self.jacobian.shape
        moves = np.diag(np.full(p, STEP))
        ends = [
            [*law(self.theta + way * e, self.middle).values()] for e in moves for way in (1, -1)
        ]
        slope = np.subtract(ends[::2], ends[1::2]).T / (2 * STEP)
        inverse = np.linalg.pinv(self.jacobian.T @ self.jacobian, hermitian=True)
        variance = slope @ inverse @ slope.T * self.squares / max(1, n - p)
        errors = np.sqrt(np.diag(variance))
        return {name: float(error) for name, error in zip(self.law, errors, strict=True)}


def law(theta: Array, middle: tuple[float, float]) -> dict[str, float]:
    """The numbers of a power sum, for P and S themselves, out of coefficients and exponents."""
    a, b, c, alpha, beta = theta
    return {
        "a": float(a),
        "b": float(b * middle[0] ** alpha),
        "α": float(alpha),
        "c": float(c * middle[1] ** beta),
        "β": float(beta),
    }


def fit(ladder: Ladder, form: Form = POWER_SUM) -> Fit:
    """By least squares. Raises UsageError for a ladder that has too few points."""
    problem = _Problem.of(ladder, form)
    return problem.best(problem.rates, problem.starts(problem.rates))


def fit_robustly(ladder: Ladder, form: Form = POWER_SUM) -> Fit:
    """Under Huber's loss, whose scale comes from the median absolute residual of least squares."""
    problem = _Problem.of(ladder, form)
    plain = problem.best(problem.rates, problem.starts(problem.rates))
    return problem.best(problem.rates, [plain.theta], scale_of(plain))


def scale_of(plain: Fit) -> float | None:
    """Where Huber's loss turns from squares to lines, given a fit by least squares; None where the
    residuals are but rounding."""
    n, p = plain.jacobian.shape
    spread = NORMAL * float(np.median(np.abs(plain.residuals))) * math.sqrt(n / max(1, n - p))
    return TUNING * spread if spread > LEAST else None


def refits(ladder: Ladder, start: Fit, resampled: Sequence[Array], robust: bool) -> list[Array]:
    """The theta of the same form for other rates at the same places."""
    problem = _Problem.of(ladder, start.form)
    thetas = []
    for rates in resampled:
        plain = problem.best(rates, [start.theta])
        scale = scale_of(plain) if robust else None
        thetas.append((plain if scale is None else problem.best(rates, [plain.theta], scale)).theta)
    return thetas


@dataclass(frozen=True)
class _Problem:
    form: Form
    size: Array
    steps: Array
    rates: Array
    middle: tuple[float, float]

    @classmethod
    def of(cls, ladder: Ladder, form: Form) -> "_Problem":
        n = len(ladder.points)
        if n <= form.parameters:
            raise UsageError(
                f"{ladder.corpus} has {n} points, too few for the {form.parameters} numbers of "
                f"{form.formula}; measure more sizes or checkpoints"
            )
        middle = (_mean(ladder.parameters), _mean(ladder.steps))
        size, steps = ladder.parameters / middle[0], ladder.steps / middle[1]
        return cls(form, size, steps, ladder.rates, middle)

    @property
    def _low(self) -> Array:
        least = [0.0 if positive else -np.inf for positive in self.form.positive]
        return np.array(least + [EXPONENTS[0]] * len(self.form.exponents))

    @property
    def _high(self) -> Array:
        none = [np.inf] * len(self.form.coefficients)
        return np.array(none + [EXPONENTS[1]] * len(self.form.exponents))

    def starts(self, rates: Array) -> list[Array]:
        """The best places of a grid of exponents, each with its best coefficients."""
        free = [not positive for positive in self.form.positive]
        found: list[tuple[float, Array]] = []
        for exponents in product(np.geomspace(*EXPONENTS, GRID), repeat=len(self.form.exponents)):
            design = self.form.design(self.size, self.steps, exponents)
            # a coefficient of any sign is the difference of two that are not negative
            parts = nnls(np.hstack([design, -design[:, free]]), rates)[0]
            best = parts[: len(free)].copy()
            best[free] -= parts[len(free) :]
            residuals = rates - design @ best
            found.append((float(residuals @ residuals), np.concatenate([best, exponents])))
        found.sort(key=lambda pair: pair[0])
        return [theta for _, theta in found[:STARTS]]

    def best(self, rates: Array, starts: Sequence[Array], scale: float | None = None) -> Fit:
        """The best that a search from `starts` finds; with `scale`, under Huber's loss."""
        many = len(self.form.coefficients)
        options: dict[str, Any] = {} if scale is None else {"loss": "huber", "f_scale": scale}
        found: list[OptimizeResult] = []
        for start in starts:
            # a start on a bound would stay there
            inside = np.clip(start, self._low + 1e-9, self._high - 1e-9)
            found.append(
                least_squares(
                    lambda theta: self._rates(theta) - rates,
                    inside,
                    self._slope,
                    bounds=(self._low, self._high),
                    x_scale="jac",
                    max_nfev=500,
                    **options,
                )
            )
        theta = min(found, key=lambda result: float(result.cost)).x
        residuals = rates - self._rates(theta)
        return Fit(
            self.form, self.middle, theta[many:], theta[:many], residuals, self._slope(theta)
        )

    def _rates(self, theta: Array) -> Array:
        many = len(self.form.coefficients)
        rates: Array = self.form.design(self.size, self.steps, theta[many:]) @ theta[:many]
        return rates

    def _slope(self, theta: Array) -> Array:
        """The Jacobian of the rates: (n, parameters)."""
        many = len(self.form.coefficients)
        design = self.form.design(self.size, self.steps, theta[many:])
        moves = np.diag(np.full(len(theta), STEP))[many:]
        others = [(self._rates(theta + e) - self._rates(theta - e)) / (2 * STEP) for e in moves]
        return np.stack([*design.T, *others], axis=1)


def _mean(values: Array) -> float:
    return float(np.exp(np.log(values).mean()))
