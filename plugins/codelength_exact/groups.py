"""Exact products with matrices whose weights have a step of their own in groups of 32 inputs.

Each weight is an integer, step · value + LEAST · least, in units of the scale of its output. A
value has 4 or 8 bits; step and least are integers of its group. So a product is a sum of integers
that stays below 2^53: float64 holds it in any order, and it is rounded to float32 once.

A product takes wide rows as they are, or first rounds each group of them to 8 bits: to multiples of
ceil(max / 127).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled, inlined
from codelength_exact.constants import MAGIC, ONE
from codelength_exact.products import FEATURES, from_panels, to_panels
from codelength_exact.tiles import make_group_tile, pairs, quads

GROUP = 32
"""Inputs that share a step."""

LEAST = 8
"""What `least` is counted in."""

STEPS, MOST_LEAST = {4: 16383, 8: 2047}, 32767
"""The largest step of weights of so many bits, and the largest magnitude of `least`."""

TAKEN, VECTORS, ARITHMETIC, ROW_TYPE = (
    (4, 2, quads(16, unsigned=True), np.int8)
    if "avx512vnni" in FEATURES
    else (4, 2, quads(8, unsigned=True), np.int8)
    if "avxvnni" in FEATURES
    else (2, 2, pairs(FEATURES, unsigned=True), np.int16)
)
"""Inputs of one step, vectors of a panel, the arithmetic, and what it wants rows to be."""

COLUMNS, TAKES = VECTORS * ARITHMETIC.lanes, GROUP // TAKEN
"""Outputs of a panel, and steps of a group."""

HALF = GROUP * COLUMNS // 2
"""Bytes of a group of a panel with 4 bits."""

ROWS = 8
"""Rows that a tile takes at most, or parts of them."""

narrow1, narrow2, narrow4, narrow8, wide1, wide2, wide4 = (
    make_group_tile(ARITHMETIC, rows, VECTORS, parts, 4, TAKES)
    for parts, rows in ((1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (2, 2), (2, 4))
)
fine_narrow1, fine_narrow2, fine_narrow4, fine_narrow8, fine_wide1, fine_wide2, fine_wide4 = (
    make_group_tile(ARITHMETIC, rows, VECTORS, parts, 8, TAKES)
    for parts, rows in ((1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (2, 2), (2, 4))
)


class Groups(NamedTuple):
    """Integer weights in groups."""

    values: NDArray[np.uint8]
    """(outputs, inputs), each of `bits` bits."""
    steps: NDArray[np.int16]
    """(outputs, groups)"""
    least: NDArray[np.int16]
    """(outputs, groups)"""
    bits: int
    """4 or 8"""

    def first(self, outputs: int) -> "Groups":
        """Return the part that gives the first so many outputs."""
        return Groups(self.values[:outputs], self.steps[:outputs], self.least[:outputs], self.bits)

    def arrays(self) -> Iterator[NDArray[np.uint8] | NDArray[np.int16]]:
        """Yield what has to be sent: values, two of 4 bits in a byte, and what groups have."""
        if self.bits == 4:
            pairs_ = np.pad(self.values, ((0, 0), (0, self.values.shape[1] % 2)))
            yield pairs_[:, ::2] | pairs_[:, 1::2] << 4
            yield from (self.steps, self.least)
        else:  # what is least follows from the step
            yield from (self.values, self.steps)

    def integers(self) -> NDArray[np.int32]:
        """Return the weights (outputs, inputs)."""
        inputs = self.values.shape[1]
        steps, least = (
            np.repeat(part.astype(np.int32), GROUP, 1)[:, :inputs]
            for part in (self.steps, self.least)
        )
        whole: NDArray[np.int32] = steps * self.values + LEAST * least
        return whole


class PackedGroups:
    """Weights in groups as tiles read them."""

    def __init__(self, groups: Groups) -> None:
        self.outputs, self._inputs = groups.values.shape
        filled = np.pad(groups.values, ((0, 0), (0, -self._inputs % GROUP)))
        panels = to_panels(filled.view(np.int8), COLUMNS, TAKEN).view(np.uint8)
        halves = panels.reshape(len(panels), -1, 2, HALF)
        self.panels: NDArray[np.uint8] = halves.reshape(len(panels), -1, 2 * HALF)
        if groups.bits == 4:
            self.panels = np.ascontiguousarray(halves[:, :, 0] | halves[:, :, 1] << 4)
        scales = np.stack([_by_panel(groups.steps), _by_panel(groups.least)], 1)
        self.scales: NDArray[np.int16] = np.ascontiguousarray(scales)

    def unpacked(self) -> Groups:
        """Return the weights."""
        panels, bits = self.panels, 8
        if panels.shape[2] == HALF:
            panels, bits = np.concatenate([panels & 15, panels >> 4], 2), 4
        apart = panels.view(np.int8).reshape(len(panels), -1, COLUMNS, TAKEN)
        values = from_panels(apart, self.outputs, self._inputs).view(np.uint8)
        steps, least = (
            np.ascontiguousarray(part.swapaxes(1, 2)).reshape(-1, part.shape[1])[: self.outputs]
            for part in (self.scales[:, 0], self.scales[:, 1])
        )
        return Groups(values, steps, least, bits)


def _by_panel(of_groups: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return (outputs, groups) as (panels, groups, COLUMNS)."""
    outputs, groups = of_groups.shape
    filled = np.pad(of_groups, ((0, -outputs % COLUMNS), (0, 0)))
    return filled.reshape(-1, COLUMNS, groups).swapaxes(1, 2)


def multiply_grouped(
    rows: NDArray[np.signedinteger], matrix: PackedGroups, parts: int
) -> NDArray[np.float32]:
    """Return the products of rows (rows, inputs) with a matrix, rounded once: (rows, outputs).

    Args:
        rows: int8 or int16.
        matrix: The matrix.
        parts: 2 takes rows as they are, 1 rounds each group of them to 8 bits.
    """
    out = np.empty((len(rows), matrix.outputs), np.float32)
    multiply_groups(rows, matrix.panels, matrix.scales, parts, out)
    return out


@inlined
def _tile(  # noqa: C901 - a table of tiles
    here: int,
    parts: int,
    is_fine: bool,
    a: int,
    step_row: int,
    b: int,
    groups: int,
    f: int,
    t: int,
    c: int,
    scales: int,
) -> None:
    """Run the tile of `here` rows, or of the next number of them that has one."""
    if is_fine:
        if parts == 2:
            if here > 2:
                fine_wide4(a, step_row, b, groups, f, t, c, scales)
            elif here == 2:
                fine_wide2(a, step_row, b, groups, f, t, c, scales)
            else:
                fine_wide1(a, step_row, b, groups, f, t, c, scales)
        elif here > 4:
            fine_narrow8(a, step_row, b, groups, f, t, c, scales)
        elif here > 2:
            fine_narrow4(a, step_row, b, groups, f, t, c, scales)
        elif here == 2:
            fine_narrow2(a, step_row, b, groups, f, t, c, scales)
        else:
            fine_narrow1(a, step_row, b, groups, f, t, c, scales)
    elif parts == 2:
        if here > 2:
            wide4(a, step_row, b, groups, f, t, c, scales)
        elif here == 2:
            wide2(a, step_row, b, groups, f, t, c, scales)
        else:
            wide1(a, step_row, b, groups, f, t, c, scales)
    elif here > 4:
        narrow8(a, step_row, b, groups, f, t, c, scales)
    elif here > 2:
        narrow4(a, step_row, b, groups, f, t, c, scales)
    elif here == 2:
        narrow2(a, step_row, b, groups, f, t, c, scales)
    else:
        narrow1(a, step_row, b, groups, f, t, c, scales)


@compiled
def multiply_groups(  # noqa: C901 - one loop, for speed
    rows: NDArray[np.signedinteger],
    panels: NDArray[np.uint8],
    scales: NDArray[np.int16],
    parts: int,
    out: NDArray[np.float32],
) -> None:
    """Write the products of rows (rows, inputs) with a packed matrix to out (rows, outputs)."""
    count, inputs = rows.shape
    outputs, groups = out.shape[1], scales.shape[2]
    each = ROWS // parts
    filled = (count + each - 1) // each * each  # what a tile may read
    read = np.zeros((parts * filled, groups * GROUP), ROW_TYPE)
    factors = np.zeros((filled, groups), np.int32)
    totals = np.zeros((filled, groups), np.float64)
    whole = np.zeros(groups * GROUP, np.int32)
    for n in range(count):
        for c in range(inputs):
            whole[c] = rows[n, c]
        if parts == 2:
            for c in range(groups * GROUP):
                high = (whole[c] + 128) >> 8
                read[2 * n, c] = high
                read[2 * n + 1, c] = whole[c] - (high << 8)
        else:
            for g in range(groups):
                own, most = whole[g * GROUP : g * GROUP + GROUP], np.int32(0)
                for c in range(GROUP):
                    most = max(most, abs(own[c]))
                factor = max(np.int32(1), np.int32((most + 126) // 127))
                inverse = ONE / np.float32(factor)
                for c in range(GROUP):
                    value = np.int32(np.float32(own[c]) * inverse + MAGIC - MAGIC)
                    read[n, g * GROUP + c] = value
                    own[c] = np.int32(value * factor)
                factors[n, g] = factor
        for g in range(groups):
            total = np.int32(0)
            for c in range(g * GROUP, g * GROUP + GROUP):
                total = np.int32(total + whole[c])
            totals[n, g] = np.float64(total * LEAST)
    sums = np.empty((ROWS, COLUMNS), np.float64)
    step_row, size = read.strides[0], panels.shape[2]
    for panel in range(len(panels)):
        first = panel * COLUMNS
        columns = min(COLUMNS, outputs - first)
        b = panels.ctypes.data + panel * groups * size
        of_panel = scales.ctypes.data + panel * groups * COLUMNS * 4
        for row in range(0, count, each):
            here = min(each, count - row)
            sums[:] = 0
            a = read.ctypes.data + row * parts * step_row
            f, t = factors.ctypes.data + 4 * row * groups, totals.ctypes.data + 8 * row * groups
            c = sums.ctypes.data
            _tile(here, parts, size != HALF, a, step_row, b, groups, f, t, c, of_panel)
            for n in range(here):
                for column in range(columns):
                    out[row + n, first + column] = np.float32(sums[n, column])
