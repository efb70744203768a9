"""What a ladder shows: what the form predicts, how sure its numbers are, and what it misses.

Forms are compared by how well they predict the largest size from the others, and by
AICc = n·ln(RSS/n) + 2k + 2k(k+1)/(n−k−1) and BIC = n·ln(RSS/n) + k·ln n, with k one more than the
numbers of the form, for the variance (Burnham & Anderson 2002, sections 2.4 and 6.4.1). The
criteria take points as independent, so they favour large forms where checkpoints share errors.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np

from codelength_studies.scaling.fit import Fit, fit_plainly, fit_robustly
from codelength_studies.scaling.forms import EXPONENTS, FORMS, POWER_SUM, Form
from codelength_studies.scaling.intervals import Bootstrap, bootstrap_runs
from codelength_studies.scaling.ladder import Array, Ladder, Point

FACTOR = 3.0
"""An exponent whose interval spans more than this factor is not identified."""
NO_FLOOR = 1e-4
"""A floor below this, in coded bytes for each raw byte, is none."""
EQUAL = 2.0
"""Forms whose criteria are so near each other are equally well supported."""
PATTERN = 0.05
"""Residuals that chance gives less often than this have a pattern."""
ROUNDING = 1e-24
"""A mean square of residuals below this is rounding of the arithmetic."""
FEWEST_SIZES, MOST_PERMUTED = 5, 8
"""Sizes whose residuals are permuted: of more, only the largest ones are."""
WITHOUT = {"α": ("log size, power of steps", "steps only"), "a": ("no floor",), "β": ("size only",)}
"""Forms that do without a number of the power sum."""


@dataclass(frozen=True)
class Prediction:
    """What a form, fitted to all sizes but the largest, says of the largest."""

    size: int
    before: int
    """The largest size that it was fitted to."""
    errors: Array
    """(points of the largest size,): predicted less measured."""
    carried: float | None
    """The mean distance to the rates of `before` at the same steps: a prediction without a form."""

    @property
    def mean(self) -> float:
        """The mean distance from what was measured."""
        return float(np.abs(self.errors).mean())


@dataclass(frozen=True)
class Candidate:
    """A form with its fit by least squares, its criteria, and what it predicts."""

    fit: Fit
    aicc: float
    """Infinite where the ladder has too few points for it."""
    bic: float
    prediction: Prediction | None
    """None where the smaller sizes have too few points for the form."""

    @property
    def form(self) -> Form:
        """The form."""
        return self.fit.form


@dataclass(frozen=True)
class Axes:
    """The power sum fitted by other measures of size and training."""

    size: str
    time: str
    fit: Fit
    prediction: Prediction | None


@dataclass(frozen=True)
class Analysis:
    """All that was found out about a ladder."""

    ladder: Ladder
    plain: Fit
    robust: Fit
    bootstrap: Bootstrap | None
    """None where a size has one run."""
    pattern: float | None
    """How often chance gives residuals with such a pattern; None where the sizes are too few."""
    spans: Mapping[str, tuple[float, float]]
    """The least and the greatest value of each number when one size is left out at a time."""
    candidates: Sequence[Candidate]
    """The best AICc first."""
    axes: Sequence[Axes]
    published: Mapping[str, float] | None = None
    """A power sum that somebody else has fitted to the same points."""

    @property
    def power_sum(self) -> Candidate:
        """The power sum among the forms."""
        return next(one for one in self.candidates if one.form is POWER_SUM)

    @property
    def published_squares(self) -> float | None:
        """The residual sum of squares that the published power sum leaves."""
        if self.published is None:
            return None
        a, b, alpha, c, beta = (self.published[name] for name in ("a", "b", "α", "c", "β"))
        fitted = a + b * self.ladder.parameters**-alpha + c * self.ladder.steps**-beta
        residuals = self.ladder.rates - fitted
        return float(residuals @ residuals)

    @property
    def has_pattern(self) -> bool:
        """Whether the form misses something that chance does not explain."""
        return self.pattern is not None and self.pattern < PATTERN

    def rivals(self, name: str) -> list[Candidate]:
        """Return the forms without this number that the criteria do not speak against."""
        limit = self.power_sum.aicc + EQUAL
        return [c for c in self.candidates if c.form.name in WITHOUT[name] and c.aicc <= limit]

    def is_identified(self, name: str) -> bool:
        """Say whether the ladder determines a number of the power sum.

        There are several runs of a size, their interval is narrow and inside of the range searched,
        residuals show no pattern, and no form without the number is as good.
        """
        if self.bootstrap is None or self.has_pattern or self.rivals(name):
            return False
        low, high = self.bootstrap.interval(name)
        if name == "a":
            return low > NO_FLOOR
        return low > EXPONENTS[0] * 1.01 and high < EXPONENTS[1] * 0.99 and high <= FACTOR * low


def analyse(
    ladder: Ladder, resamples: int, seed: int = 0, published: Mapping[str, float] | None = None
) -> Analysis:
    """Fit the power sum and all other forms. Raises UsageError for a ladder of too few points."""
    plain = fit_plainly(ladder)
    bootstrap = bootstrap_runs(ladder, plain, resamples, seed)
    return Analysis(
        ladder,
        plain,
        fit_robustly(ladder),
        bootstrap,
        permute_sizes(ladder, plain) if bootstrap is None else bootstrap.misfit,
        _leave_sizes_out(ladder),
        compare_forms(ladder),
        _compare_axes(ladder),
        published,
    )


def predict_largest(ladder: Ladder, form: Form = POWER_SUM) -> Prediction | None:
    """Fit a form to all sizes but the largest, and predict that; None for too few points."""
    sizes = sorted({point.parameters for point in ladder.points})
    rest = ladder.without_size(sizes[-1])
    if len(sizes) < 3 or len(rest.points) <= form.parameters:
        return None
    largest = Ladder(ladder.corpus, [p for p in ladder.points if p.parameters == sizes[-1]])
    before: dict[int, list[float]] = {}
    for point in rest.points:
        if point.parameters == sizes[-2]:
            before.setdefault(point.steps, []).append(point.rate)
    away = [abs(p.rate - np.mean(before[p.steps])) for p in largest.points if p.steps in before]
    predicted = fit_plainly(rest, form).rates(largest.parameters, largest.steps)
    carried = float(np.mean(away)) if away else None
    return Prediction(sizes[-1], sizes[-2], predicted - largest.rates, carried)


def compare_forms(ladder: Ladder) -> list[Candidate]:
    """Fit every form that the ladder has points enough for; the best AICc comes first."""
    n = len(ladder.points)
    forms = [form for form in FORMS if form.parameters < n]
    return sorted((_candidate(ladder, form) for form in forms), key=lambda one: one.aicc)


def _candidate(ladder: Ladder, form: Form) -> Candidate:
    fit, n = fit_plainly(ladder, form), len(ladder.points)
    k = form.parameters + 1
    deviance = n * math.log(max(fit.squares / n, ROUNDING))
    left = n - k - 1
    aicc = deviance + 2 * k + 2 * k * (k + 1) / left if left > 0 else math.inf
    return Candidate(fit, aicc, deviance + k * math.log(n), predict_largest(ladder, form))


def permute_sizes(ladder: Ladder, fit: Fit) -> float | None:
    """Return how often chance makes residuals drift with size as they do.

    The slope of a size's residuals by the logarithm of steps is free of what its checkpoints share.
    Under a form that fits, the slopes of the sizes might as well come in any other order; their
    correlation with the logarithm of size is compared with that in all other orders. It is a test
    of whether size and steps depend on each other. None for fewer than five sizes, which have too
    few orders.
    """
    sizes = np.unique(ladder.parameters)[-MOST_PERMUTED:]
    slopes = []
    for size in sizes:
        own = ladder.parameters == size
        steps = np.log(ladder.steps[own])
        steps -= steps.mean()
        slopes.append(float(steps @ fit.residuals[own] / max(steps @ steps, ROUNDING)))
    if len(sizes) < FEWEST_SIZES:
        return None
    places = np.log(sizes) - np.log(sizes).mean()
    drifts = np.abs(np.array(list(permutations(slopes))) @ places)  # the first is as measured
    return float((drifts >= drifts[0] * (1 - 1e-9)).mean())


def _leave_sizes_out(ladder: Ladder) -> dict[str, tuple[float, float]]:
    sizes = sorted({point.parameters for point in ladder.points})
    sums = []
    for size in sizes:
        rest = ladder.without_size(size)
        if len(sizes) > 2 and len(rest.points) > POWER_SUM.parameters:
            sums.append(fit_plainly(rest).power_sum)
    if not sums:
        return {}
    return {name: (min(s[name] for s in sums), max(s[name] for s in sums)) for name in sums[0]}


def _compare_axes(ladder: Ladder) -> list[Axes]:
    """Fit by all measures of size and training that every point has."""
    sizes: dict[str, Callable[[Point], float | None]] = {
        "parameters": lambda p: p.parameters,
        "without embeddings": lambda p: (
            None if p.embeddings is None else p.parameters - p.embeddings
        ),
    }
    times: dict[str, Callable[[Point], float | None]] = {
        "steps": lambda p: p.steps,
        "tokens": lambda p: p.tokens,
        "FLOPs": lambda p: p.flops,
    }
    axes = []
    for (size, size_of), (time, time_of) in product(sizes.items(), times.items()):
        points = [(p, size_of(p), time_of(p)) for p in ladder.points]
        moved = [
            replace(p, parameters=round(at), steps=round(when))
            for p, at, when in points
            if at and when
        ]
        if len(moved) == len(ladder.points):
            other = Ladder(ladder.corpus, moved)
            axes.append(Axes(size, time, fit_plainly(other), predict_largest(other)))
    return axes
