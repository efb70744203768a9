"""Compiled loops of every exact model: rows of tables, and logits that become frequencies.

Kernels take NamedTuples as plain tuples, `norm[:]`: Numba takes a microsecond to find the type of a
NamedTuple, and a step of a small model takes 20 µs.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codelength.coding.compiled import compiled
from codelength_exact.backend import Product, Rows
from codelength_exact.constants import FARTHEST, FINE_UNITS, LOG2E, UNITS
from codelength_exact.scalars import LOWEST, exp2, of_ordered, ordered

FloatArray: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int8] | NDArray[np.int16] | NDArray[np.int32]
CpuRows: TypeAlias = Rows[IntArray, FloatArray]
CpuProduct: TypeAlias = Product[IntArray, FloatArray]

HALF_BITS, SUMMED = 15, 1 << 14
"""Numbers of at most FINE_UNITS = 2^30 are summed in two halves of so many bits, SUMMED of them at
a time: each sum fits in int32. Sums in int64 take twice the time."""


@compiled
def look_up(table: CpuRows, rows: NDArray[np.int64], out: FloatArray) -> None:
    """Write the rows (rows,) of a table times their scales to out (rows, columns)."""
    values, scales = table
    for n in range(len(rows)):
        row = rows[n]
        for c in range(values.shape[1]):
            out[n, c] = np.float32(values[row, c]) * scales[row]


@compiled
def frequencies(
    logits: CpuProduct | Product[FloatArray, FloatArray],
    total: int,
    escape: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write the frequencies of each row's logits, positive and summing to little more than `total`.

    Args:
        logits: (rows, outputs)
        total: What a row's frequencies sum to before each of them gets one more; from 2^24 on they
            are fine.
        escape: (rows,), the frequency of each escape, less one.
        out: (rows, outputs + escapes)
    """
    values, row_scales, channel_scales, bias = logits
    outputs = values.shape[1]
    escapes = out.shape[1] - outputs
    units = UNITS if total < 1 << 24 else FINE_UNITS
    y = np.empty(outputs, np.float32)
    for n in range(len(values)):
        by, most = row_scales[n], LOWEST
        for c in range(outputs):
            y[c] = (np.float32(values[n, c]) * (by * channel_scales[c]) + bias[c]) * LOG2E
            most = max(most, ordered(y[c]))
        top, mass = of_ordered(most), np.int64(0)
        for first in range(0, outputs, SUMMED):
            low, high = np.int32(0), np.int32(0)
            for c in range(first, min(first + SUMMED, outputs)):
                e = np.int32(exp2(max(y[c] - top, -FARTHEST)) * units)
                out[n, c] = e
                low = np.int32(low + (e & ((1 << HALF_BITS) - 1)))
                high = np.int32(high + (e >> HALF_BITS))
            mass += (np.int64(high) << HALF_BITS) + low
        share = np.float32(total - escapes * escape[n]) / np.float32(mass)
        for c in range(outputs):
            out[n, c] = np.int32(1) + np.int32(np.float32(out[n, c]) * share)
        for c in range(outputs, out.shape[1]):
            out[n, c] = np.int32(1) + escape[n]
