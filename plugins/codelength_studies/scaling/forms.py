"""The forms that the rate may have as a function of parameters P and steps S.

A form is a sum of columns, each times a coefficient. The columns may depend on a few exponents in a
way that is not linear; given these, the coefficients are found by linear least squares (variable
projection: Golub & Pereyra 1973), so that the search has two dimensions at most.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from codelength_studies.scaling.ladder import Array

EXPONENTS = (0.005, 3.0)
"""The range in which an exponent is looked for: a power below the first is a logarithm to the eye,
one above the last a step at the smallest model."""


@dataclass(frozen=True)
class Form:
    """A form, with P and S divided by their geometric means over the ladder."""

    name: str
    formula: str
    exponents: int
    """How many there are."""
    positive: Sequence[bool]
    """For each coefficient, whether it may not be negative."""
    columns: Callable[..., Sequence[Array]]
    """(P, S, *exponents) → the columns, (n,) each."""
    monotone: bool = True
    """Whether more parameters and more steps can only help, or only hurt."""

    @property
    def parameters(self) -> int:
        """How many numbers are fitted."""
        return self.exponents + len(self.positive)

    def design(self, size: Array, steps: Array, exponents: Iterable[float]) -> Array:
        """Return the columns side by side: (n, coefficients)."""
        return np.stack(self.columns(size, steps, *exponents), axis=1)


_one, _log = np.ones_like, np.log

POWER_SUM = Form(
    "power sum",
    "a + b·P^−α + c·S^−β",
    2,
    (True, True, True),
    lambda p, s, alpha, beta: (_one(p), p**-alpha, s**-beta),
)

FORMS: tuple[Form, ...] = (
    POWER_SUM,
    Form(
        "no floor",
        "b·P^−α + c·S^−β",
        2,
        (True, True),
        lambda p, s, alpha, beta: (p**-alpha, s**-beta),
    ),
    Form(
        "logarithms",
        "a − b·log P − c·log S",
        0,
        (False, False, False),
        lambda p, s: (_one(p), -_log(p), -_log(s)),
    ),
    Form(
        "log size, power of steps",
        "a − b·log P + c·S^−β",
        1,
        (False, False, True),
        lambda p, s, beta: (_one(p), -_log(p), s**-beta),
    ),
    Form(
        "product",
        "a + b·P^−α·S^−β",
        2,
        (True, True),
        lambda p, s, alpha, beta: (_one(p), p**-alpha * s**-beta),
    ),
    Form("size only", "a + b·P^−α", 1, (True, True), lambda p, _, alpha: (_one(p), p**-alpha)),
    Form("steps only", "a + c·S^−β", 1, (True, True), lambda _, s, beta: (_one(s), s**-beta)),
    Form("constant", "a", 0, (True,), lambda p, _: (_one(p),)),
    Form(
        "turning in steps",
        "a + b·P^−α + c·S^−β + d·log S",
        2,
        (False, True, True, False),
        lambda p, s, alpha, beta: (_one(p), p**-alpha, s**-beta, _log(s)),
        monotone=False,
    ),
    Form(
        "turning in steps, by size",
        "a + b·P^−α + c·S^−β + d·P^−α·log S",
        2,
        (False, False, True, False),
        lambda p, s, alpha, beta: (_one(p), p**-alpha, s**-beta, p**-alpha * _log(s)),
        monotone=False,
    ),
    Form(
        "interaction",
        "a + b·P^−α + c·S^−β + d·P^−α·S^−β",
        2,
        (True, False, False, False),
        lambda p, s, alpha, beta: (_one(p), p**-alpha, s**-beta, p**-alpha * s**-beta),
        monotone=False,
    ),
    Form(
        "parabola",
        "quadratic in log P and log S",
        0,
        (False,) * 6,
        lambda p, s: (_one(p), _log(p), _log(s), _log(p) ** 2, _log(s) ** 2, _log(p) * _log(s)),
        monotone=False,
    ),
)
"""The published form first; then simpler ones; then those that can turn upward."""
