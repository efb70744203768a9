"""Least squares in a window that moves over a plane: which weights of the neighbours predict best.

Sums of products are integers. The equations are solved in float64 by additions, multiplications and
divisions alone, each rounded by itself and in a fixed order, so that the weights are the same on
every machine. A matrix is stored as the rows of its upper half, one behind the other.
"""

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_mix.memory import int64

RIDGE, RELATIVE_RIDGE = 64.0, 0.0005
"""What is added to the diagonal, so that weights stay small where nothing tells them."""

HEAVIEST = 16.0
"""A weight of a larger magnitude is taken as 0."""

LARGEST = 1e9
"""The largest sum of squares that `solve` returns."""


def terms_of(neighbours: int) -> int:
    """Return the products of so many neighbours and of the number that they predict."""
    return (neighbours + 1) * (neighbours + 2) // 2


@compiled
def products(values: NDArray[np.int32], weight: int, out: NDArray[np.int32]) -> None:
    """Write the products of `values` (n + 1,), times `weight`, to `out` (terms,)."""
    at = 0
    for i in range(len(values)):
        factor = values[i] * np.int32(weight)
        for j in range(i, len(values)):
            out[at] = factor * values[j]
            at += 1


@compiled
def add(window: NDArray[np.int32], column: NDArray[np.int32]) -> None:
    """Add the sums of a column, (terms,), to those of a window."""
    for i in range(len(window)):
        window[i] += column[i]


@compiled
def leave(
    window: NDArray[np.int32],
    row: NDArray[np.int32],
    column: NDArray[np.int32],
    last: NDArray[np.int32],
    fade: int,
) -> None:
    """Let a column leave the window, and take in its last pixel.

    Args:
        window: (terms,), sums over the rows above.
        row: (terms,), sums over the current row.
        column: (terms,), sums over a column. All that it has loses 2^-fade of its weight.
        last: (terms,), the products of the column's pixel in the current row.
        fade: How fast rows are forgotten.
    """
    for i in range(len(window)):
        sums = column[i]
        window[i] -= sums
        row[i] -= last[i]
        column[i] = sums - (sums >> fade) + last[i]


@compiled
def solve(  # noqa: C901 - one loop, for speed
    window: NDArray[np.int32],
    row: NDArray[np.int32],
    matrix: NDArray[np.float64],
    weights: NDArray[np.int64],
) -> int:
    """Find the weights that predict best what the window and the row hold.

    Args:
        window: (terms,)
        row: (terms,)
        matrix: (n + 1, n + 1), scratch.
        weights: (n,), filled with the weights in units of 2^-16.

    Returns:
        The squares of the errors that are left, summed and rounded.
    """
    n = len(weights)
    at = 0
    for i in range(n + 1):
        for j in range(i, n + 1):
            matrix[i, j] = np.float64(int64(window[at]) + int64(row[at]))
            at += 1
    for i in range(n):
        matrix[i, i] += RIDGE + matrix[i, i] * RELATIVE_RIDGE
    for k in range(n):
        if not matrix[k, k] > 1.0:
            matrix[k, k] = 1.0
        inverse = 1.0 / matrix[k, k]
        for i in range(k + 1, n):
            factor = matrix[k, i] * inverse
            for j in range(i, n + 1):
                matrix[i, j] -= factor * matrix[k, j]
        matrix[n, n] -= matrix[k, n] * matrix[k, n] * inverse
    for k in range(n - 1, -1, -1):
        weight = matrix[k, n] / matrix[k, k]
        if not abs(weight) < HEAVIEST:
            weight = 0.0
        for i in range(k):
            matrix[i, n] -= matrix[i, k] * weight
        weights[k] = int64(np.floor(weight * 65536.0 + 0.5))
    rest = matrix[n, n]
    if not rest > 0.0:
        rest = 0.0
    if not rest < LARGEST:
        rest = LARGEST
    return int64(rest)
