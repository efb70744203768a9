"""Exact products of quantised rows with int8 matrices, in tiles of the fastest arithmetic here.

`tiles` says what arithmetics there are. The processor's features choose between them when this
module is imported. All give the same integers.
"""

from typing import Any

import numpy as np
from llvmlite import binding
from numba import config
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.tiles import OFFSET, make_tile, pairs, quads

ROWS = 6
"""Rows that a tile takes at most."""


def _features() -> set[str]:
    """Return the features of the processor that Numba compiles for."""
    if config.CPU_FEATURES is not None:  # type: ignore[attr-defined]
        given = config.CPU_FEATURES.split(",")  # type: ignore[attr-defined]
        return {feature[1:] for feature in given if feature.startswith("+")}
    if config.CPU_NAME:  # type: ignore[attr-defined]
        return set()
    return {name for name, present in binding.get_host_cpu_features().items() if present}


FEATURES = _features()
GROUP, VECTORS, ARITHMETIC, ROW_TYPE = (
    (4, 4, quads(16), np.uint8)
    if "avx512vnni" in FEATURES
    else (4, 2, quads(8), np.uint8)
    if "avxvnni" in FEATURES
    else (2, 2, pairs(FEATURES), np.int16)
)
"""Inputs of one step, vectors of a panel, the arithmetic, and what it wants rows to be."""

COLUMNS = VECTORS * ARITHMETIC.lanes
"""Outputs of a panel."""

ADDED = OFFSET if ARITHMETIC.has_start else 0
"""What the arithmetic wants added to rows."""

tile1, tile2, tile3, tile4, tile5, tile6 = (
    make_tile(ARITHMETIC, rows, VECTORS) for rows in range(1, ROWS + 1)
)


class PackedMatrix:
    """An int8 matrix (outputs, inputs) as tiles read it."""

    def __init__(self, values: NDArray[np.int8]) -> None:
        self.outputs = len(values)
        self.panels = to_panels(values, COLUMNS, GROUP)
        sums = values.sum(1, dtype=np.int32)
        self.start = np.pad(-ADDED * sums, (0, -self.outputs % COLUMNS))


def to_panels(values: NDArray[np.int8], columns: int, group: int) -> NDArray[np.int8]:
    """Return values (outputs, inputs) as a tile reads them, filled up with zeros.

    The shape is (panels of `columns` outputs, groups of inputs, columns, group).
    """
    outputs, inputs = values.shape
    filled = np.pad(values, ((0, -outputs % columns), (0, -inputs % group)))
    apart = filled.reshape(-1, columns, filled.shape[1] // group, group)
    return np.ascontiguousarray(apart.transpose(0, 2, 1, 3))


def from_panels(panels: NDArray[np.int8], outputs: int, inputs: int) -> NDArray[np.int8]:
    """Return the values (outputs, inputs) that `to_panels` packed."""
    apart = panels.transpose(0, 2, 1, 3).reshape(-1, panels.shape[1] * panels.shape[3])
    return np.ascontiguousarray(apart[:outputs, :inputs])


def multiply(rows: NDArray[np.signedinteger], matrix: PackedMatrix) -> NDArray[Any]:
    """Return the integers rows · matrix: (rows, inputs) → (rows, outputs).

    Those of wide rows (int16) come in float32, rounded.
    """
    if rows.itemsize == 1:
        out = np.empty((len(rows), matrix.outputs), np.int32)
        multiply_panels(rows, matrix.panels, matrix.start, out)
        return out
    rounded = np.empty((len(rows), matrix.outputs), np.float32)
    multiply_wide(rows, matrix.panels, matrix.start, rounded)
    return rounded


@inlined
def _tile(
    left: int,
    a: int,
    step_row: int,
    step: int,
    b: int,
    groups: int,
    s: int,
    c: int,
    step_c: int,
) -> None:
    """Run the tile of `left` rows."""
    if left == 6:
        tile6(a, step_row, step, b, groups, s, c, step_c)
    elif left == 5:
        tile5(a, step_row, step, b, groups, s, c, step_c)
    elif left == 4:
        tile4(a, step_row, step, b, groups, s, c, step_c)
    elif left == 3:
        tile3(a, step_row, step, b, groups, s, c, step_c)
    elif left == 2:
        tile2(a, step_row, step, b, groups, s, c, step_c)
    else:
        tile1(a, step_row, step, b, groups, s, c, step_c)


@compiled
def multiply_wide(
    rows: NDArray[np.int16],
    panels: NDArray[np.int8],
    start: NDArray[np.int32],
    out: NDArray[np.float32],
) -> None:
    """Write the products of wide rows (rows, inputs) with a packed matrix to out (rows, outputs).

    A tile takes the high and the low part of a row as two rows.
    """
    count, inputs = rows.shape
    outputs, groups = out.shape[1], panels.shape[1]
    read = np.empty((2 * count, groups * GROUP), ROW_TYPE)
    for n in range(count):
        for c in range(inputs):
            value = np.int32(rows[n, c])
            high = (value + 128) >> 8
            read[2 * n, c] = high + ADDED
            read[2 * n + 1, c] = value - (high << 8) + ADDED
        for c in range(inputs, groups * GROUP):
            read[2 * n, c] = read[2 * n + 1, c] = 0
    sums = np.empty((ROWS, COLUMNS), np.int32)
    step_row, step = read.strides
    step *= GROUP
    for panel in range(len(panels)):
        first = panel * COLUMNS
        columns = min(COLUMNS, outputs - first)
        b, s = panels.ctypes.data + panel * groups * COLUMNS * GROUP, start.ctypes.data + 4 * first
        for row in range(0, 2 * count, ROWS):
            a, left = read.ctypes.data + row * step_row, min(2 * count - row, ROWS)
            _tile(left, a, step_row, step, b, groups, s, sums.ctypes.data, 4 * COLUMNS)
            for n in range(left // 2):
                for c in range(columns):
                    upper = np.float32(sums[2 * n, c]) * np.float32(256)
                    out[row // 2 + n, first + c] = upper + np.float32(sums[2 * n + 1, c])


@compiled
def multiply_panels(
    rows: NDArray[np.signedinteger],
    panels: NDArray[np.int8],
    start: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write the products of rows (rows, inputs) with a packed matrix to out (rows, outputs)."""
    count, inputs = rows.shape
    outputs, groups = out.shape[1], panels.shape[1]
    read = np.empty((count, groups * GROUP), ROW_TYPE)
    for n in range(count):
        for c in range(inputs):
            read[n, c] = rows[n, c] + ADDED
        for c in range(inputs, groups * GROUP):
            read[n, c] = 0
    edge = np.empty((ROWS, COLUMNS), np.int32)
    step_row, step = read.strides
    step *= GROUP
    for panel in range(len(panels)):
        first = panel * COLUMNS
        is_whole = first + COLUMNS <= outputs
        b, s = panels.ctypes.data + panel * groups * COLUMNS * GROUP, start.ctypes.data + 4 * first
        step_c = 4 * (outputs if is_whole else COLUMNS)
        for row in range(0, count, ROWS):
            a = read.ctypes.data + row * step_row
            c = out.ctypes.data + 4 * (row * outputs + first) if is_whole else edge.ctypes.data
            left = min(count - row, ROWS)
            _tile(left, a, step_row, step, b, groups, s, c, step_c)
            if not is_whole:
                for n in range(left):
                    for column in range(first, outputs):
                        out[row + n, column] = edge[n, column - first]
