"""Float products whose every sum runs in one order, so that they are the same on every machine.

Element (row, column) is a sum over k in order. Vectors go across columns and tiles across rows,
which does not change that order.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_exact.tiles import floats, make_tile

Floats: TypeAlias = NDArray[np.float32]

ROWS, COLUMNS = 4, 16
"""What a tile computes at once, in registers."""


def to_panels(matrix: Floats) -> Floats:
    """Return a matrix (k, columns) as tiles read it: (panels of COLUMNS columns, k, COLUMNS)."""
    apart = matrix.reshape(len(matrix), -1, COLUMNS)
    return np.ascontiguousarray(apart.transpose(1, 0, 2))


one_row, four_rows = make_tile(floats(), 1, 2), make_tile(floats(), ROWS, 2)


@compiled
def multiply(a: Floats, matrix: Floats, out: Floats) -> None:
    """Write a · matrix to out.

    Args:
        a: (rows, k), in any strides.
        matrix: In panels (columns / COLUMNS, k, COLUMNS).
        out: (rows, columns)
    """
    rows, count = a.shape
    step_row, step_k = a.strides
    start, b, c = a.ctypes.data, matrix.ctypes.data, out.ctypes.data
    step = out.strides[0]
    for panel in range(len(matrix)):
        weights = b + panel * count * 4 * COLUMNS
        for row in range(0, rows, ROWS):
            inputs, target = start + row * step_row, c + row * step + panel * 4 * COLUMNS
            if row + ROWS <= rows:
                four_rows(inputs, step_row, step_k, weights, count, 0, target, step)
            else:
                for n in range(rows - row):
                    own, to = inputs + n * step_row, target + n * step
                    one_row(own, 0, step_k, weights, count, 0, to, 0)
