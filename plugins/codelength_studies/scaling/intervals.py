"""How sure the numbers of a power sum are: a bootstrap of training runs.

Checkpoints of one run share most of their errors: the seed that made the first one good made the
others good. So what is drawn are runs. Several runs of each size (seeds) say how much runs differ,
whatever the form may be: the differences of a run from the mean of its size, at each number of
steps, enlarged for the mean that was taken off. All sizes give to one pool. A resample is the
fitted ladder with such differences, drawn with replacement, and the form is fitted anew (Efron &
Tibshirani 1993, chapter 9, with runs as units). With one run of a size there is no interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from codelength.metrics.inference import CONFIDENCE
from codelength_studies.scaling.fit import Fit, to_power_sum
from codelength_studies.scaling.forms import EXPONENTS
from codelength_studies.scaling.ladder import Array, Ladder

ITERATIONS = 20
"""Of each search, which begins at the fit of the ladder itself, at most."""
SETTLED = 1e-9
"""A search is over when squares change by less than this share."""


@dataclass(frozen=True)
class Bootstrap:
    """The power sums of all resamples."""

    samples: Mapping[str, Array]
    """Name → (resamples,)."""
    freedom: int
    """Runs less sizes: how many differences between runs there are."""
    misfit: float
    """The share of resamples in which the means of sizes and steps lie as far from their fit as
    those of the ladder: below 0.05, the form misses more than runs differ."""

    def interval(self, name: str) -> tuple[float, float]:
        """Return the expanded percentile interval of 95 % (Hesterberg 2015, 5.3).

        It is as much wider as Student's t is than the normal distribution for so few runs.
        """
        tail = 100 * float(norm.cdf(t.ppf((1 - CONFIDENCE) / 2, self.freedom)))
        low, high = np.percentile(self.samples[name], [tail, 100 - tail])
        return float(low), float(high)


def bootstrap_runs(ladder: Ladder, fit: Fit, resamples: int, seed: int = 0) -> Bootstrap | None:
    """Fit `resamples` other ladders that other runs might have given.

    Returns:
        None where some size has fewer than two runs with the same steps.
    """
    runs = ladder.by_run()
    if any(len({tuple(run) for run in own.values()}) > 1 or len(own) < 2 for own in runs.values()):
        return None
    pool: list[dict[int, float]] = []
    for own in runs.values():
        places = np.array([list(run.values()) for run in own.values()])  # (runs, steps)
        rates = ladder.rates[places]
        away = (rates - rates.mean(axis=0)) * np.sqrt(len(own) / (len(own) - 1))
        pool += [dict(zip(next(iter(own.values())), row, strict=True)) for row in away.tolist()]
    random = np.random.default_rng(seed)
    drawn = np.repeat((ladder.rates - fit.residuals)[None], resamples, axis=0)
    for own in runs.values():
        for run in own.values():
            fitting = [one for one in pool if run.keys() <= one.keys()]
            errors = np.array([[one[step] for step in run] for one in fitting])
            drawn[:, list(run.values())] += errors[random.integers(len(fitting), size=resamples)]
    thetas = _refit(ladder, fit, drawn)
    cells = _cell_means(ladder)
    own_misfit = ((cells @ fit.residuals) ** 2).sum()
    misfits = (((drawn - _power_sums(ladder, fit, thetas)[0]) @ cells.T) ** 2).sum(axis=1)
    sums = [to_power_sum(theta, fit.middle) for theta in thetas]
    return Bootstrap(
        {name: np.array([one[name] for one in sums]) for name in sums[0]},
        sum(len(own) - 1 for own in runs.values()),
        float((misfits >= own_misfit).mean()),
    )


def _cell_means(ladder: Ladder) -> Array:
    """(sizes · steps, points): what takes the mean of the points of each size and steps."""
    cells = [(point.parameters, point.steps) for point in ladder.points]
    names = list(dict.fromkeys(cells))
    belongs = np.array([[cell == name for cell in cells] for name in names], np.float64)
    means: Array = belongs / belongs.sum(axis=1, keepdims=True)
    return means


def _power_sums(ladder: Ladder, fit: Fit, thetas: Array) -> tuple[Array, Array]:
    """The rates of each theta, (resamples, points), and their slopes, (resamples, points, 5)."""
    size = np.log(ladder.parameters / fit.middle[0])
    steps = np.log(ladder.steps / fit.middle[1])
    a, b, c, alpha, beta = (column[:, None] for column in thetas.T)
    by_size, by_steps = np.exp(-alpha * size), np.exp(-beta * steps)
    slopes = (np.ones_like(by_size), by_size, by_steps, -b * by_size * size, -c * by_steps * steps)
    return a + b * by_size + c * by_steps, np.stack(slopes, axis=-1)


def _refit(ladder: Ladder, fit: Fit, rates: Array) -> Array:
    """Fit the power sum to each row of rates, by Levenberg and Marquardt: (resamples, 5)."""
    low, high = np.zeros(5), np.full(5, np.inf)
    low[3:], high[3:] = EXPONENTS
    thetas = np.repeat(np.clip(fit.theta, low + 1e-9, high - 1e-9)[None], len(rates), axis=0)
    fitted, slopes = _power_sums(ladder, fit, thetas)
    squares = ((rates - fitted) ** 2).sum(axis=1)
    damping = np.full(len(rates), 1e-3)
    for _ in range(ITERATIONS):
        normal = np.einsum("rni,rnj->rij", slopes, slopes)
        pull = np.einsum("rni,rn->ri", slopes, rates - fitted)
        weight = damping[:, None] * np.einsum("rii->ri", normal) + 1e-12
        moves = np.linalg.solve(normal + weight[:, :, None] * np.eye(5), pull[..., None])[..., 0]
        tried = np.clip(thetas + moves, low, high)
        new, new_slopes = _power_sums(ladder, fit, tried)
        new_squares = ((rates - new) ** 2).sum(axis=1)
        has_settled = np.abs(squares - new_squares) <= SETTLED * squares
        better = new_squares < squares
        thetas[better], fitted[better], slopes[better] = (
            tried[better],
            new[better],
            new_slopes[better],
        )
        squares = np.where(better, new_squares, squares)
        damping = np.where(better, damping / 5, damping * 4)
        if has_settled.all():
            break
    return thetas
