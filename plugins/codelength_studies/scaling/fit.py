"""Fits a form to a ladder: by least squares, and robustly, so that single points do not rule."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import OptimizeResult, least_squares, nnls

from codelength.api.errors import UsageError
from codelength_studies.scaling.forms import EXPONENTS, POWER_SUM, Form
from codelength_studies.scaling.ladder import Array, Ladder

GRID = 12
"""Exponents tried in each dimension before the search."""
STARTS = 3
"""Places of the grid from which a search begins."""
HUBER = 1.345
"""Residuals up to so many standard deviations count by their squares; with normal errors that costs
5 % of the efficiency (Huber 1981)."""
NORMAL = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""
STEP = 1e-6
"""Of central differences."""
ROUNDING = 1e-9
"""Residuals below this, relative to the rates, are rounding of the arithmetic."""


@dataclass(frozen=True)
class Fit:
    """A form with its numbers, which are for P and S divided by `middle`."""

    form: Form
    middle: tuple[float, float]
    """The geometric means of P and S over the ladder."""
    theta: Array
    """(parameters,): coefficients, then exponents."""
    residuals: Array
    """(n,): measured less fitted."""
    jacobian: Array
    """(n, parameters): of the fitted rates, by theta."""

    @property
    def squares(self) -> float:
        """The residual sum of squares."""
        return float(self.residuals @ self.residuals)

    def rates(self, parameters: Array, steps: Array) -> Array:
        """Return the fitted rates, (n,) for (n,) sizes and steps."""
        size, steps = parameters / self.middle[0], steps / self.middle[1]
        return _rates(self.form, size, steps, self.theta)

    @property
    def power_sum(self) -> dict[str, float]:
        """The numbers a, b, α, c, β of a + b·P^−α + c·S^−β, where that is the form."""
        return to_power_sum(self.theta, self.middle)


def to_power_sum(theta: Array, middle: tuple[float, float]) -> dict[str, float]:
    """Return a, b, α, c, β for P and S themselves."""
    a, b, c, alpha, beta = map(float, theta)
    return {"a": a, "b": b * middle[0] ** alpha, "α": alpha, "c": c * middle[1] ** beta, "β": beta}


def fit_plainly(ladder: Ladder, form: Form = POWER_SUM) -> Fit:
    """Fit by least squares. Raises UsageError for a ladder that has too few points."""
    problem = _Problem.of(ladder, form)
    return problem.search(problem.rates, problem.starts(problem.rates))


def fit_robustly(ladder: Ladder, form: Form = POWER_SUM) -> Fit:
    """Fit under Huber's loss, whose scale comes from the median absolute residual of least squares.

    Raises:
        UsageError: The ladder has too few points.
    """
    plain = fit_plainly(ladder, form)
    return _Problem.of(ladder, form).search(ladder.rates, [plain.theta], _huber_scale(plain))


def _huber_scale(plain: Fit) -> float | None:
    """Where Huber's loss turns from squares to lines; None where the residuals are rounding."""
    n, p = plain.jacobian.shape
    spread = NORMAL * float(np.median(np.abs(plain.residuals))) * math.sqrt(n / max(1, n - p))
    return HUBER * spread if spread > ROUNDING else None


def _rates(form: Form, size: Array, steps: Array, theta: Array) -> Array:
    count = len(form.positive)
    rates: Array = form.design(size, steps, theta[count:]) @ theta[:count]
    return rates


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
        middle = (_geometric_mean(ladder.parameters), _geometric_mean(ladder.steps))
        size, steps = ladder.parameters / middle[0], ladder.steps / middle[1]
        return cls(form, size, steps, ladder.rates, middle)

    @property
    def bounds(self) -> tuple[Array, Array]:
        """The least and the greatest theta."""
        positive, exponents = self.form.positive, self.form.exponents
        low = [0.0 if sign else -np.inf for sign in positive] + [EXPONENTS[0]] * exponents
        high = [np.inf] * len(positive) + [EXPONENTS[1]] * exponents
        return np.array(low), np.array(high)

    def starts(self, rates: Array) -> list[Array]:
        """Return the best places of a grid of exponents, each with its best coefficients."""
        free = [not positive for positive in self.form.positive]
        tried: list[tuple[float, Array]] = []
        for exponents in product(np.geomspace(*EXPONENTS, GRID), repeat=self.form.exponents):
            design = self.form.design(self.size, self.steps, exponents)
            # a coefficient of any sign is the difference of two that are not negative
            parts = nnls(np.hstack([design, -design[:, free]]), rates)[0]
            best = parts[: len(free)].copy()
            best[free] -= parts[len(free) :]
            residuals = rates - design @ best
            tried.append((float(residuals @ residuals), np.concatenate([best, exponents])))
        tried.sort(key=lambda pair: pair[0])
        return [theta for _, theta in tried[:STARTS]]

    def search(self, rates: Array, starts: Sequence[Array], scale: float | None = None) -> Fit:
        """Return the best fit that a search from `starts` finds; with `scale`, by Huber's loss."""
        low, high = self.bounds
        results: list[OptimizeResult] = [
            least_squares(
                lambda theta: self._rates(theta) - rates,
                np.clip(start, low + 1e-9, high - 1e-9),  # a start on a bound would stay there
                self._jacobian,
                bounds=(low, high),
                x_scale="jac",
                max_nfev=500,
                loss="linear" if scale is None else "huber",
                f_scale=1.0 if scale is None else scale,
            )
            for start in starts
        ]
        theta = min(results, key=lambda result: float(result.cost)).x
        residuals = rates - self._rates(theta)
        return Fit(self.form, self.middle, theta, residuals, self._jacobian(theta))

    def _rates(self, theta: Array) -> Array:
        return _rates(self.form, self.size, self.steps, theta)

    def _jacobian(self, theta: Array) -> Array:
        """(n, parameters)."""
        count = len(self.form.positive)
        design = self.form.design(self.size, self.steps, theta[count:])
        moves = np.diag(np.full(len(theta), STEP))[count:]
        slopes = [(self._rates(theta + m) - self._rates(theta - m)) / (2 * STEP) for m in moves]
        return np.stack([*design.T, *slopes], axis=1)


def _geometric_mean(values: Array) -> float:
    return float(np.exp(np.log(values).mean()))
