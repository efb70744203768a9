"""The forms that a law of compression in parameters P and steps S may have.

A form is a sum of columns, each times a coefficient. The columns may depend on a few exponents in a
way that is not linear; given these, the coefficients are found by linear least squares (variable
projection: Golub & Pereyra 1973), so that the search has two dimensions at most.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXPONENTS = (0.005, 3.0)
"""Between these an exponent is looked for: a power below the first is a logarithm to the eye, one
above the last a step at the smallest model."""


@dataclass(frozen=True)
class Form:
    """`columns(P, S, *exponents)` gives the columns; `positive` are those whose coefficient may
    not be negative. P and S come divided by their geometric means over the ladder."""

    name: str
    formula: str
    exponents: Sequence[str]
    coefficients: Sequence[str]
    columns: Callable[..., Sequence[Array]]
    positive: Sequence[bool]
    monotone: bool = True
    """Whether more parameters and more steps can only help, or only hurt."""

    @property
    def parameters(self) -> int:
        """How many numbers are fitted."""
        return len(self.exponents) + len(self.coefficients)

    def design(self, size: Array, steps: Array, exponents: Iterable[float]) -> Array:
        """(n, coefficients)"""
        return np.stack(self.columns(size, steps, *exponents), axis=1)


def _ones(x: Array) -> Array:
    return np.ones_like(x)


POWER_SUM = Form(
    "power sum",
    "a + b·P^−α + c·S^−β",
    ("α", "β"),
    ("a", "b", "c"),
    lambda p, s, alpha, beta: (_ones(p), p**-alpha, s**-beta),
    (True, True, True),
)

FORMS: tuple[Form, ...] = (
    POWER_SUM,
    Form(
        "no floor",
        "b·P^−α + c·S^−β",
        ("α", "β"),
        ("b", "c"),
        lambda p, s, alpha, beta: (p**-alpha, s**-beta),
        (True, True),
    ),
    Form(
        "logarithms",
        "a − b·log P − c·log S",
        (),
        ("a", "b", "c"),
        lambda p, s: (_ones(p), -np.log(p), -np.log(s)),
        (False, False, False),
    ),
    Form(
        "log size, power of steps",
        "a − b·log P + c·S^−β",
        ("β",),
        ("a", "b", "c"),
        lambda p, s, beta: (_ones(p), -np.log(p), s**-beta),
        (False, False, True),
    ),
    Form(
        "product",
        "a + b·P^−α·S^−β",
        ("α", "β"),
        ("a", "b"),
        lambda p, s, alpha, beta: (_ones(p), p**-alpha * s**-beta),
        (True, True),
    ),
    Form(
        "size only",
        "a + b·P^−α",
        ("α",),
        ("a", "b"),
        lambda p, s, alpha: (_ones(p), p**-alpha),
        (True, True),
    ),
    Form(
        "steps only",
        "a + c·S^−β",
        ("β",),
        ("a", "c"),
        lambda p, s, beta: (_ones(p), s**-beta),
        (True, True),
    ),
    Form("constant", "a", (), ("a",), lambda p, s: (_ones(p),), (True,)),
    Form(
        "turning in steps",
        "a + b·P^−α + c·S^−β + d·log S",
        ("α", "β"),
        ("a", "b", "c", "d"),
        lambda p, s, alpha, beta: (_ones(p), p**-alpha, s**-beta, np.log(s)),
        (False, True, True, False),
        monotone=False,
    ),
    Form(
        "turning in steps, by size",
        "a + b·P^−α + c·S^−β + d·P^−α·log S",
        ("α", "β"),
        ("a", "b", "c", "d"),
        lambda p, s, alpha, beta: (_ones(p), p**-alpha, s**-beta, p**-alpha * np.log(s)),
        (False, False, True, False),
        monotone=False,
    ),
    Form(
        "interaction",
        "a + b·P^−α + c·S^−β + d·P^−α·S^−β",
        ("α", "β"),
        ("a", "b", "c", "d"),
        lambda p, s, alpha, beta: (_ones(p), p**-alpha, s**-beta, p**-alpha * s**-beta),
        (True, False, False, False),
        monotone=False,
    ),
    Form(
        "parabola",
        "quadratic in log P and log S",
        (),
        ("a", "b", "c", "d", "e", "f"),
        lambda p, s: (
            _ones(p),
            np.log(p),
            np.log(s),
            np.log(p) ** 2,
            np.log(s) ** 2,
            np.log(p) * np.log(s),
        ),
        (False,) * 6,
        monotone=False,
    ),
)
"""The published form first; then simpler ones; then those that can turn upward."""
